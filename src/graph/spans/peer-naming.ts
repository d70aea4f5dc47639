import { PairIndex } from '../columns/hash-index.ts'
import type { StringTable } from '../columns/string-table.ts'
import { PeerRole } from './peer-columns.ts'
import { SpanKind } from './span-table.ts'

/** Attributes of a span that say who its peer is, old names and current ones side by side. */
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

/** Code of `peer.service`, by which instrumentation names the other service itself. */
export const peerService = code('peer.service')
const peerAddress = code('network.peer.address')
const peerPort = code('network.peer.port')

const addresses = codes('network.peer.address', 'net.peer.ip', 'net.sock.peer.addr')
const database = codes('db.namespace', 'db.name', 'db.system.name', 'db.system')
const destination = codes('messaging.destination.name', 'messaging.destination')
const system = codes('messaging.system')

/**
 * Which attribute names a peer, the first that is there. The order for databases is that of the service graphs of
 * Tempo (grafana/tempo modules/generator/processor/servicegraphs); of a host, a name goes before an address; of a
 * broker, the destination is what connects a producer with its consumers.
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
 * Finds out who the peer of a span is: `start`, `offer` each attribute in any order, `resolve`. Values are indexes
 * into a string table; 0 is absent.
 */
export class PeerNaming {
  /** The peer's name, 0 where there is none. */
  name = 0
  /** A `PeerRole`. */
  role: number = PeerRole.none
  /** The attribute that named it, an index into `peerAttributes`. */
  attribute = 0

  private readonly values = new Int32Array(peerAttributes.length)
  /** Bit n: attribute n is there. */
  private present = 0
  private readonly strings: StringTable
  /** Addresses with a port seen so far, and the index of the text of each. */
  private readonly endpoints = new PairIndex()
  private readonly endpointTexts: number[] = []

  constructor(strings: StringTable) {
    this.strings = strings
  }

  start(): void {
    this.present = 0
  }

  /** @param attribute index into `peerAttributes` */
  addAttribute(attribute: number, value: number): void {
    if (value === 0) return
    this.values[attribute] = value
    this.present |= 1 << attribute
  }

  /** Sets `name`, `role` and `source` of a span of this kind. */
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
 * What the peer of a span with these attributes is. A span that calls nobody by its kind has a peer only where it
 * says so outright: a server's own address is not its caller's, and work inside a service may carry the attributes
 * of the call it prepares.
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
 * At the service level a node is a pair (name, what it is): 0 for a service, else the role of a peer with the
 * attribute that named it. That way it is known, and can be taken back, which attributes named a peer.
 */
export const serviceCode = 0

/** Code of the node for peers there was no room for. */
export const otherPeerCode = 1

const attributeBits = 5

/** @param source index into `peerAttributes` */
export const peerCode = (role: number, source: number) => (role << attributeBits) | source
/** Whoever began a trace without being named: no attribute has this number. */
export const userCode = peerCode(PeerRole.user, (1 << attributeBits) - 1)
export const roleOfCode = (code: number) => code >>> attributeBits
export const attributeOfCode = (code: number) => code & ((1 << attributeBits) - 1)

/**
 * Whether a peer is the service of the same name, should there be one: `peer.service` says so outright, and a host
 * of that name is most likely where it runs. A database or a topic may be called as a service is, and is not it.
 */
export function mayBeService(code: number): boolean {
  return roleOfCode(code) === PeerRole.external || attributeOfCode(code) === peerService
}

/** Bit n stands for attribute n: there are 17. */
export const maskOfCode = (code: number) => (code === serviceCode ? 0 : 1 << attributeOfCode(code))
export const attributesOf = (mask: number) => peerAttributes.filter((_, bit) => ((mask >> bit) & 1) === 1)
