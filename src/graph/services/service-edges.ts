import { scratchCapacity } from '../columns/grow.ts'
import type { LinkedCalls } from '../messages/linked-messages.ts'
import { SpanKind, type SpanTable } from '../spans/span-table.ts'
import { SiblingCalls } from '../totals/call-patterns.ts'
import type { CallTotals } from '../totals/call-totals.ts'
import type { CriticalPath } from '../trace/critical-path.ts'
import type { ServiceTree } from './service-tree.ts'

/**
 * Adds up the calls that were found in one trace: the callee's time, what each side saw of it, and how those that one
 * request of the calling service brought about follow each other.
 */
export class ServiceEdges {
  private readonly totals: CallTotals
  private readonly links: LinkedCalls
  private readonly tree: ServiceTree
  private readonly times = new ServiceTimes()
  private readonly siblings = new SiblingCalls()
  private spans!: SpanTable
  private sign: 1 | -1 = 1

  /** @param tree that of the trace at hand */
  constructor(totals: CallTotals, links: LinkedCalls, tree: ServiceTree) {
    this.totals = totals
    this.links = links
    this.tree = tree
  }

  start(spans: SpanTable, sign: 1 | -1): void {
    this.spans = spans
    this.sign = sign
    this.times.start(spans.length)
    this.siblings.start(spans)
  }

  /** The span `caller` of the service `from` called `callee`, by which that reached its service `node`. */
  enter(from: number, node: number, caller: number, callee: number, failed: boolean): void {
    const edge = this.add(from, node, callee, failed)
    this.times.enter(callee, edge)
    this.totals.sides.addCall(edge, this.spans, caller, callee, this.sign)
    this.follow(edge, caller, callee, failed)
  }

  /** `callee` reached its service `node` from a peer, which sends no spans. */
  enterFromPeer(peer: number, node: number, callee: number, failed: boolean): void {
    const edge = this.add(peer, node, callee, failed)
    this.times.enter(callee, edge)
    this.totals.sides.addServer(edge, this.spans, callee, this.sign)
  }

  /** `callee` received from a broker what the span `sender`, -1 where unknown, had sent there. */
  deliver(broker: number, node: number, sender: number, callee: number, failed: boolean): void {
    const edge = this.add(broker, node, callee, failed)
    this.times.enter(callee, edge)
    this.totals.sides.addServer(edge, this.spans, callee, this.sign)
    if (sender >= 0) this.totals.sides.addGap(edge, this.spans, sender, callee, this.sign)
  }

  /** `caller` called a peer, and its time was that of the peer. */
  callPeer(from: number, peer: number, caller: number, failed: boolean): void {
    this.times.callPeer(caller, this.publish(from, peer, caller, failed))
  }

  /** `sender` handed a message to a broker that others name, and went on with its own work. */
  publish(from: number, broker: number, sender: number, failed: boolean): number {
    const edge = this.add(from, broker, sender, failed)
    this.totals.sides.addClient(edge, this.spans, sender, this.sign)
    this.follow(edge, sender, sender, failed)
    return edge
  }

  /** A link tells who sent what `row` received. */
  receive(row: number, message: number): void {
    this.times.receive(row, message)
  }

  /** Adds what only all calls of the trace together tell. `nodeOf` is the node of each row that has a service. */
  finish(criticalPath: CriticalPath, nodeOf: Int32Array): void {
    const { spans, sign, totals } = this
    this.siblings.addTo(totals.patterns, sign)
    this.times.add(spans, this.tree, criticalPath, nodeOf, totals, this.links, sign)
  }

  private add(from: number, to: number, row: number, failed: boolean): number {
    return this.totals.addCall(from, to, this.spans, row, failed, this.sign)
  }

  /** A request's time is the client's where there is one: siblings then are told apart by one and the same clock. */
  private follow(edge: number, caller: number, callee: number, failed: boolean): void {
    const { kind } = this.spans
    const isRequest = kind[caller] === SpanKind.client && kind[callee] !== SpanKind.consumer
    const time = isRequest ? caller : callee
    this.siblings.add(this.tree.requestOf(caller), edge, callee, time, failed)
  }
}

const none = -1

/**
 * Shares the critical path of one trace out among services, peers, and the calls between them. What a service did
 * from the moment it was entered is the time of that call, and of the service. A call to a peer that sends no spans
 * has the time of the span that made it, which is the peer's then and not the caller's: it only waited.
 */
export class ServiceTimes {
  /** The edge by which a row enters its service, or -1. */
  private entryOf = new Int32Array(64)
  /** The edge by which a row calls a peer, or -1. */
  private peerCallOf = new Int32Array(64)
  /** The message that a row received and whose sender a link tells of, or -1. */
  private messageOf = new Int32Array(64)
  /** Time of a row with that of the rows below it in the same service, ns. */
  private timeNs = new Float64Array(64)

  start(rows: number): void {
    if (rows > this.timeNs.length) {
      const capacity = scratchCapacity(rows)
      this.entryOf = new Int32Array(capacity)
      this.peerCallOf = new Int32Array(capacity)
      this.messageOf = new Int32Array(capacity)
      this.timeNs = new Float64Array(capacity)
    }
    this.entryOf.fill(none, 0, rows)
    this.peerCallOf.fill(none, 0, rows)
    this.messageOf.fill(none, 0, rows)
  }

  enter(row: number, edge: number): void {
    this.entryOf[row] = edge
  }

  callPeer(row: number, edge: number): void {
    this.peerCallOf[row] = edge
  }

  receive(row: number, message: number): void {
    this.messageOf[row] = message
  }

  /**
   * Adds the times, or takes them back when `sign` is -1, when all calls of the trace are known.
   *
   * @param nodeOf node of each row that has a service
   */
  add(
    spans: SpanTable,
    tree: ServiceTree,
    { path, length, exclusiveNs }: CriticalPath,
    nodeOf: Int32Array,
    totals: CallTotals,
    links: LinkedCalls,
    sign: 1 | -1,
  ): void {
    const { timeNs } = this
    for (let at = 0; at < length; at++) timeNs[path[at]!] = exclusiveNs[path[at]!]!
    // From the leaves up: the parent of a row on the path is on it, and stands before it.
    for (let at = length - 1; at >= 0; at--) {
      const row = path[at]!
      const peerCall = this.peerCallOf[row]!
      if (peerCall !== none) {
        totals.edgeRed.addCriticalPath(peerCall, exclusiveNs[row]!, sign)
        timeNs[row]! -= exclusiveNs[row]!
      }
      if (this.isWithin(tree, row)) {
        timeNs[tree.parent[row]!]! += timeNs[row]!
        continue
      }
      const entry = this.entryOf[row]!
      const message = this.messageOf[row]!
      if (entry !== none) totals.edgeRed.addCriticalPath(entry, timeNs[row]!, sign)
      if (message !== none) links.addCriticalPath(message, timeNs[row]!)
      if (spans.service[row] !== 0) totals.nodeRed.addCriticalPath(nodeOf[row]!, timeNs[row]!, sign)
    }
  }

  /** Whether a row is work of the service of its parent, and nobody's call. */
  private isWithin(tree: ServiceTree, row: number): boolean {
    if (tree.parent[row]! < 0 || this.entryOf[row] !== none || this.messageOf[row] !== none) return false
    return tree.serviceOf(row) === tree.serviceOf(tree.parent[row]!)
  }
}
