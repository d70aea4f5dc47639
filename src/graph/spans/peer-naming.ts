import type { StringTable } from '../columns/string-table.ts'
import { HostFacts } from './host-facts.ts'
import { actionNamed, actionOf, MessageAction } from './message-action.ts'
import { NodeNames } from './node-name.ts'
import { indexesOf, indexOf, maskOf, namingAttributes, peerAttributes } from './peer-attributes.ts'
import { PeerRole } from './peer-columns.ts'
import { SpanKind } from './span-table.ts'

const explicit = indexesOf('service.peer.name', 'peer.service')
const models = indexesOf('gen_ai.provider.name', 'gen_ai.system')
const hostNames = indexesOf('server.address', 'net.peer.name')
const urlHosts = indexesOf('http.host', 'url.full', 'http.url')
const addresses = indexesOf('network.peer.address', 'net.peer.ip', 'net.sock.peer.addr')
const database = indexesOf('db.namespace', 'db.name', 'db.system.name', 'db.system')
const client = indexOf('client.address')
const databaseSystem = indexesOf('db.system.name', 'db.system')
const destination = indexesOf('messaging.destination.name', 'messaging.destination')
const system = indexOf('messaging.system')
const rpcService = indexOf('rpc.service')

const ports = indexesOf('server.port', 'net.peer.port')
const peerPort = indexOf('network.peer.port')
const rpcSystem = indexOf('rpc.system')
const temporary = indexesOf('messaging.destination.anonymous', 'messaging.destination.temporary')
const operations = indexesOf('messaging.operation.type', 'messaging.operation', 'messaging.operation.name')
const batchSize = indexOf('messaging.batch.message_count')
const namespace = indexOf('service.peer.namespace')

/**
 * The attributes that name a peer of each role, in order: the first one present does.
 *
 * The order for databases is that of Tempo's service graphs (grafana/tempo modules/generator/processor/servicegraphs).
 * The name of a host comes before its address. The destination of a broker comes first, because it connects a producer
 * with its consumers.
 */
const order = {
  [PeerRole.none]: [],
  [PeerRole.database]: [...explicit, ...hostNames, ...addresses, ...database],
  [PeerRole.messaging]: [...destination, ...explicit, ...hostNames, ...addresses, system],
  [PeerRole.external]: [
    ...explicit,
    ...indexesOf('faas.invoked_name'),
    ...models,
    ...hostNames,
    ...urlHosts,
    rpcService,
    ...addresses,
  ],
}

const explicitMask = maskOf(explicit)
const databaseMask = maskOf(database)
const destinationMask = maskOf(destination)
const systemMask = maskOf([system])
const hostMask = maskOf([...hostNames, ...urlHosts])
const addressMask = maskOf(addresses)
const clientMask = maskOf([client])
const locatedMask = hostMask | addressMask

/**
 * How much a naming attribute says about who the peer is. Of nested client spans the nearest that says more names the peer.
 * Of the two sides of a message the one that says more names the broker.
 */
export const PeerRank = {
  none: 0,
  /** A system, such as `kafka`. */
  system: 1,
  address: 2,
  /** A service of a cloud, such as `S3`. */
  api: 3,
  host: 4,
  /** A function or a provider of models. */
  product: 5,
  /** A database. */
  store: 6,
  /** A queue or topic. */
  destination: 7,
  /** A service by its name. */
  service: 8,
} as const

/** Title of the node for all destinations of a system that exist for one client only, such as reply queues. */
export const temporaryTitle = '(temporary)'

/**
 * Position of the parts in the name of a peer; see `joinParts`. The title is the name of the peer or, if it has a port,
 * name and port.
 */
export const PeerPart = { system: 1, caller: 2, namespace: 3, port: 4 } as const
/** Returns the name of a peer without its port, and an IPv6 address without brackets. @param parts of its name */
export function withoutPort(parts: readonly string[]): string {
  const [title = ''] = parts
  const port = parts[PeerPart.port] ?? ''
  return port === '' ? title : title.slice(0, -port.length - 1).replace(/^\[(.*)\]$/, '$1')
}

/** Names of these parts, in order of their positions. */
export const peerPartNames = ['system', 'caller', 'namespace', 'port'] as const

/**
 * Names the peer of one span after another: call `start`, then `addAttribute` in any order, then `resolve`. Values are
 * indexes into a string table; 0 is absent.
 */
export class PeerNaming {
  /** The peer's title and further parts, 0 if the span has no peer. */
  name = 0
  /** A `PeerRole`. */
  role: number = PeerRole.none
  /** The attribute that named it, an index into `peerAttributes`. */
  attribute = 0
  /** A `PeerRank`. */
  rank: number = PeerRank.none
  /** Whether the peer runs on the host of its caller. */
  isLocal = false
  /** A `MessageAction`. */
  action: number = MessageAction.none
  /** How many messages the span says it moves, -1 if it does not say. */
  messages = -1

  private readonly values = new Int32Array(namingAttributes.length)
  /** Bit n: attribute n of `peerAttributes` is present. */
  private present = 0
  private hasDetails = false
  private readonly strings: StringTable
  private readonly names: NodeNames
  private readonly facts: HostFacts

  constructor(strings: StringTable) {
    this.strings = strings
    this.names = new NodeNames(strings)
    this.facts = new HostFacts(strings)
  }

  /** Starts the next span. */
  start(): void {
    this.present = 0
    if (this.hasDetails) this.values.fill(0, peerAttributes.length)
    this.hasDetails = false
  }

  /** @param attribute index into `namingAttributes` @param value string index, 0 = absent */
  addAttribute(attribute: number, value: number): void {
    if (value === 0) return
    this.values[attribute] = value
    if (attribute < peerAttributes.length) this.present |= 1 << attribute
    else this.hasDetails = true
  }

  /** Sets all public fields for a span of this `SpanKind`. */
  resolve(kind: number): void {
    const { present } = this
    this.name = this.attribute = this.rank = 0
    this.role = PeerRole.none
    this.action = MessageAction.none
    this.messages = -1
    this.isLocal = false
    const isMessaging = kind === SpanKind.producer || kind === SpanKind.consumer
    if (present === 0 && !isMessaging) return
    if (isMessaging || (present & (destinationMask | systemMask)) !== 0) this.resolveMessage(kind)
    this.role = roleOf(kind, present, this.action)
    // A server's own attributes name no caller but by its address, for which only an alias knows a name.
    if (this.role === PeerRole.none && kind === SpanKind.server && present & (1 << client)) {
      this.role = PeerRole.external
      this.nameBy(client)
      return
    }
    if (this.role === PeerRole.none) return
    const attribute = this.namingAttribute(order[this.role as 0 | 1 | 2 | 3])
    if (attribute < 0) this.role = PeerRole.none
    else this.nameBy(attribute)
  }

  private resolveMessage(kind: number): void {
    const { values, strings } = this
    const named = operations.find((operation) => values[operation] !== 0)
    const isMessaging = (this.present & (destinationMask | systemMask)) !== 0
    this.action = actionOf(
      kind,
      named === undefined ? MessageAction.none : actionNamed(strings.text(values[named]!)),
      isMessaging,
    )
    const size = values[batchSize] === 0 ? Number.NaN : Number(strings.text(values[batchSize]!))
    this.messages = Number.isSafeInteger(size) && size >= 0 ? size : -1
  }

  /** Returns the attribute that names the peer, -1 if none does. Of an external peer a name goes before an address. */
  private namingAttribute(candidates: readonly number[]): number {
    let first = -1
    for (const attribute of candidates) {
      if ((this.present & (1 << attribute)) === 0) continue
      if (this.role !== PeerRole.external || this.isName(attribute)) return attribute
      if (first < 0 && attribute !== rpcService) first = attribute
    }
    return first
  }

  /** Returns whether an attribute of an external peer says more than an address does. */
  private isName(attribute: number): boolean {
    const bit = 1 << attribute
    if (attribute === rpcService) return (this.present & locatedMask) !== 0 || this.isCloudCall()
    if (bit & addressMask) return false
    return (bit & hostMask) === 0 || !this.facts.isIp(this.values[attribute]!)
  }

  /** Returns whether `rpc.service` is a service of a cloud, as the AWS SDK writes it. */
  private isCloudCall(): boolean {
    const { values, strings } = this
    return values[rpcSystem] !== 0 && strings.text(values[rpcSystem]!) === 'aws-api'
  }

  private nameBy(attribute: number): void {
    const { values, names, facts } = this
    const bit = 1 << attribute
    this.attribute = attribute
    // A host attribute may hold an address, which says less than a host's name does.
    const isAddress = (bit & hostMask) !== 0 && facts.isIp(values[attribute]!)
    this.rank = rankOf(this.role, isAddress ? addressMask : bit)
    const systemName = this.systemName()
    if (this.role === PeerRole.messaging && bit & destinationMask && this.isTemporary(values[attribute]!)) {
      this.name = names.withPart(this.strings.internText(temporaryTitle), systemName, PeerPart.system)
      return
    }
    let name = bit & hostMask ? facts.lowerCase(values[attribute]!) : values[attribute]!
    let port = 0
    if (bit & locatedMask) {
      this.isLocal = facts.isLoopback(name)
      port = this.portOf(attribute, systemName)
      if (port !== 0) name = facts.withPort(name, port)
    }
    if (this.role === PeerRole.database)
      name = names.withPart(name, facts.system(systemName), PeerPart.system)
    if (bit & explicitMask) name = names.withPart(name, values[namespace]!, PeerPart.namespace)
    this.name = names.withPart(name, port, PeerPart.port)
  }

  private systemName(): number {
    const { present, values } = this
    if (this.role === PeerRole.messaging) return present & systemMask ? values[system]! : 0
    if (this.role !== PeerRole.database) return 0
    for (const attribute of databaseSystem) if (present & (1 << attribute)) return values[attribute]!
    return 0
  }

  private isTemporary(name: number): boolean {
    const { values, strings } = this
    return (
      temporary.some((attribute) => values[attribute] !== 0 && strings.text(values[attribute]!) === 'true') ||
      this.facts.isGenerated(name)
    )
  }

  /** Returns the port of the host that `attribute` names, 0 if it is absent or the default of the system. */
  private portOf(attribute: number, systemName: number): number {
    const { values } = this
    const port = addresses.includes(attribute)
      ? values[peerPort]! || values[ports[0]!]! || values[ports[1]!]!
      : values[ports[0]!]! || values[ports[1]!]!
    return port === 0 || this.facts.isDefaultPort(systemName, port) ? 0 : port
  }
}

function rankOf(role: number, bit: number): number {
  if (bit & explicitMask) return PeerRank.service
  if (bit & destinationMask) return PeerRank.destination
  if (role === PeerRole.database) return PeerRank.store
  if (bit & systemMask) return PeerRank.system
  if (bit & (addressMask | clientMask)) return PeerRank.address
  if (bit & hostMask) return PeerRank.host
  return bit & (1 << rpcService) ? PeerRank.api : PeerRank.product
}

/**
 * Returns the role of the peer of a span with these attributes. A server has a peer only if it is named as a service: a
 * server's address is its own and not its caller's. An internal span has one if it names a database or a service. Its
 * other attributes may belong to a call that it only prepares.
 */
function roleOf(kind: number, present: number, action: number): number {
  const namesService = (present & explicitMask) !== 0
  switch (kind) {
    case SpanKind.producer:
    case SpanKind.consumer:
      return action === MessageAction.settle ? PeerRole.none : PeerRole.messaging
    case SpanKind.client:
      if (action === MessageAction.settle) return PeerRole.none
      if ((present & destinationMask) !== 0) return PeerRole.messaging
      if ((present & databaseMask) !== 0) return PeerRole.database
      return (present & systemMask) !== 0 ? PeerRole.messaging : PeerRole.external
    case SpanKind.server:
      return namesService ? PeerRole.external : PeerRole.none
    default:
      if ((present & databaseMask) !== 0) return PeerRole.database
      return namesService ? PeerRole.external : PeerRole.none
  }
}
