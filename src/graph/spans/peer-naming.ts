import { PairIndex } from '../columns/hash-index.ts'
import type { StringTable } from '../columns/string-table.ts'
import { PeerRole } from './peer-columns.ts'
import { SpanKind } from './span-table.ts'

/** Attributes that can name the peer of a span, in the OpenTelemetry semantic conventions of today and before. */
export const peerAttributes = [
  'peer.service',
  'server.address',
  'net.peer.name',
  'http.host',
  'url.full',
  'http.url',
  'network.peer.address',
  'net.peer.ip',
  'net.sock.peer.addr',
  'db.namespace',
  'db.name',
  'db.system.name',
  'db.system',
  'messaging.destination.name',
  'messaging.destination',
  'messaging.system',
  'network.peer.port',
] as const
export type PeerAttribute = (typeof peerAttributes)[number]

const code = (attribute: PeerAttribute) => peerAttributes.indexOf(attribute)
const codes = (...attributes: PeerAttribute[]) => attributes.map(code)

/** Index of `peer.service`, with which instrumentation names the other service itself. */
const peerService = code('peer.service')
const peerAddress = code('network.peer.address')
const peerPort = code('network.peer.port')

const addresses = codes('network.peer.address', 'net.peer.ip', 'net.sock.peer.addr')
const database = codes('db.namespace', 'db.name', 'db.system.name', 'db.system')
const destination = codes('messaging.destination.name', 'messaging.destination')
const system = codes('messaging.system')

/**
 * The attributes that name a peer of each role, in order: the first one present does.
 *
 * The order for databases is that of Tempo's service graphs (grafana/tempo modules/generator/processor/servicegraphs).
 * The name of a host comes before its address. The destination of a broker comes first, because it connects a producer
 * with its consumers.
 */
const order = {
  [PeerRole.none]: [],
  [PeerRole.database]: [
    ...codes('peer.service', 'server.address', 'net.peer.name'),
    ...addresses,
    ...database,
  ],
  [PeerRole.messaging]: [
    ...destination,
    ...codes('peer.service', 'server.address', 'net.peer.name'),
    ...addresses,
    ...system,
  ],
  [PeerRole.external]: [
    ...codes('peer.service', 'server.address', 'net.peer.name', 'http.host', 'url.full', 'http.url'),
    ...addresses,
  ],
}

const maskOf = (attributes: number[]) => attributes.reduce((mask, attribute) => mask | (1 << attribute), 0)
const databaseMask = maskOf(database)
const destinationMask = maskOf(destination)
const systemMask = maskOf(system)

/**
 * Names the peer of one span after another: call `start`, then `addAttribute` in any order, then `resolve`. Values are
 * indexes into a string table; 0 is absent.
 */
export class PeerNaming {
  /** The peer's name, 0 if the span has no peer. */
  name = 0
  /** A `PeerRole`. */
  role: number = PeerRole.none
  /** The attribute that named it, an index into `peerAttributes`. */
  attribute = 0

  private readonly values = new Int32Array(peerAttributes.length)
  /** Bit n: attribute n is present. */
  private present = 0
  private readonly strings: StringTable
  /** Pairs (address, port), and the string index of `address:port` for each. */
  private readonly endpoints = new PairIndex()
  private readonly endpointTexts: number[] = []

  constructor(strings: StringTable) {
    this.strings = strings
  }

  /** Starts the next span. */
  start(): void {
    this.present = 0
  }

  /** @param attribute index into `peerAttributes` @param value string index, 0 = absent */
  addAttribute(attribute: number, value: number): void {
    if (value === 0) return
    this.values[attribute] = value
    this.present |= 1 << attribute
  }

  /** Sets `name`, `role` and `attribute` for a span of this `SpanKind`. */
  resolve(kind: number): void {
    this.name = 0
    this.attribute = 0
    this.role = this.present === 0 ? PeerRole.none : roleOf(kind, this.present)
    for (const attribute of order[this.role as 0 | 1 | 2 | 3]) {
      if ((this.present & (1 << attribute)) === 0) continue
      this.name = this.values[attribute]!
      this.attribute = attribute
      const hasPort = attribute === peerAddress && (this.present & (1 << peerPort)) !== 0
      if (hasPort) this.name = this.endpoint(this.name, this.values[peerPort]!)
      return
    }
    this.role = PeerRole.none
  }

  private endpoint(address: number, port: number): number {
    const { strings, endpoints, endpointTexts } = this
    const endpoint = endpoints.indexOf(address, port)
    endpointTexts[endpoint] ??= strings.internText(`${strings.text(address)}:${strings.text(port)}`)
    return endpointTexts[endpoint]!
  }
}

/**
 * Returns the role of the peer of a span with these attributes. A server has a peer only if `peer.service` names it:
 * a server's address is its own and not its caller's. An internal span has one if it names a database or `peer.service`.
 * Its other attributes may belong to a call that it only prepares.
 */
function roleOf(kind: number, present: number): number {
  const saysPeer = (present & (1 << peerService)) !== 0
  switch (kind) {
    case SpanKind.producer:
    case SpanKind.consumer:
      return PeerRole.messaging
    case SpanKind.client:
      if ((present & destinationMask) !== 0) return PeerRole.messaging
      if ((present & databaseMask) !== 0) return PeerRole.database
      return (present & systemMask) !== 0 ? PeerRole.messaging : PeerRole.external
    case SpanKind.server:
      return saysPeer ? PeerRole.external : PeerRole.none
    default:
      if ((present & databaseMask) !== 0) return PeerRole.database
      return saysPeer ? PeerRole.external : PeerRole.none
  }
}

/**
 * At the service level a node is a pair of a name and a code. The code of a service is 0; that of a peer holds its role
 * and the attribute that named it. So a trace can be removed, and the attributes that still name the peer are known.
 */
export const serviceCode = 0

/** Code of the node for peers beyond the limit. */
export const otherPeerCode = 1

const attributeBits = 5

/** @param role a `PeerRole` @param attribute index into `peerAttributes` */
export const peerCode = (role: number, attribute: number) => (role << attributeBits) | attribute
/** Code of the user node; no attribute has this index. */
export const userCode = peerCode(PeerRole.user, (1 << attributeBits) - 1)
export const roleOfCode = (code: number) => code >>> attributeBits
const attributeOfCode = (code: number) => code & ((1 << attributeBits) - 1)

/**
 * Returns whether a peer is the service of the same name, if the graph has one. `peer.service` names a service, and a
 * host with a service's name most likely runs it. A database or a topic may share its name with a service.
 */
export function mayBeService(code: number): boolean {
  return roleOfCode(code) === PeerRole.external || attributeOfCode(code) === peerService
}

/** Returns bit n for a peer that attribute n named, 0 for a service. There are 17 attributes. */
export const maskOfCode = (code: number) => (code === serviceCode ? 0 : 1 << attributeOfCode(code))
/** Returns the attributes of a mask, in order of `peerAttributes`. */
export const attributesOf = (mask: number) => peerAttributes.filter((_, bit) => ((mask >> bit) & 1) === 1)
