import { scratchCapacity } from '../columns/grow.ts'
import type { Messages } from '../messages/messages.ts'
import { SpanKind, type SpanTable } from '../spans/span-table.ts'
import { SiblingCalls } from '../totals/call-patterns.ts'
import type { CallTotals } from '../totals/call-totals.ts'
import type { CriticalPath } from '../trace/critical-path.ts'
import type { ServiceTree } from './service-tree.ts'

/**
 * Adds up the calls that were found in one trace: the callee's time and the durations of both sides. The calls that one
 * request of the calling service caused are siblings, whose pattern it adds as well.
 */
export class ServiceEdges {
  private readonly totals: CallTotals
  private readonly messages: Messages
  private readonly tree: ServiceTree
  private readonly times = new ServiceTimes()
  private readonly siblings = new SiblingCalls()
  private spans!: SpanTable
  private sign: 1 | -1 = 1

  /** @param tree the tree of the current trace */
  constructor(totals: CallTotals, messages: Messages, tree: ServiceTree) {
    this.totals = totals
    this.messages = messages
    this.tree = tree
  }

  start(spans: SpanTable, sign: 1 | -1): void {
    this.spans = spans
    this.sign = sign
    this.times.start(spans.length)
    this.siblings.start(spans)
  }

  /** Adds a call by the span `caller` of the node `from`; with the span `callee` it reached the service `node`. */
  addCall(from: number, node: number, caller: number, callee: number, failed: boolean): void {
    if (this.isContext(callee)) return
    const onEdge = this.spans.weights?.unrecordedOnEdge[callee]
    const edge = this.totals.addCall(from, node, this.spans, callee, failed, this.sign, onEdge)
    this.times.setEntry(callee, edge)
    this.totals.sides.addCall(edge, this.spans, caller, callee, this.sign)
    const { kind } = this.spans
    if (kind[caller] === SpanKind.client && kind[callee] === SpanKind.server)
      this.totals.offsets?.addCall(edge, this.spans, caller, callee, this.sign)
    this.addSibling(edge, caller, callee, failed)
  }

  /** Adds a call by a peer, which sends no spans; with the span `callee` it reached the service `node`. */
  addCallFromPeer(peer: number, node: number, callee: number, failed: boolean): void {
    if (this.isContext(callee)) return
    const edge = this.add(peer, node, callee, failed)
    this.times.setEntry(callee, edge)
    this.totals.sides.addServer(edge, this.spans, callee, this.sign)
  }

  /** Adds a message that `callee` received from a broker and whose sender is unknown. */
  addDelivery(broker: number, node: number, callee: number, failed: boolean): void {
    if (this.isContext(callee)) return
    const edge = this.add(broker, node, callee, failed)
    this.times.setEntry(callee, edge)
    this.totals.sides.addServer(edge, this.spans, callee, this.sign)
    this.totals.addMessages(edge, Math.max(1, this.spans.peers?.messages[callee] ?? 1), this.sign)
  }

  /** Adds a call of a peer by `caller`, whose time on the critical path becomes the peer's. */
  addPeerCall(from: number, peer: number, caller: number, failed: boolean): void {
    if (this.spans.context?.[caller] === 1) return
    const edge = this.add(from, peer, caller, failed)
    this.totals.sides.addClient(edge, this.spans, caller, this.sign)
    this.addSibling(edge, caller, caller, failed)
    this.times.setPeerCall(caller, edge)
  }

  /**
   * Adds a message that `sender` sent to a broker. The time of `measured`, the span that sent it together with others or
   * `sender` itself, becomes the broker's.
   */
  addPublication(
    from: number,
    broker: number,
    sender: number,
    measured: number,
    failed: boolean,
    messages: number,
  ): void {
    if (this.spans.context?.[sender] === 1) return
    const edge = this.add(from, broker, measured, failed)
    this.totals.sides.addClient(edge, this.spans, measured, this.sign)
    this.totals.addMessages(edge, messages, this.sign)
    this.addSibling(edge, sender, sender, failed)
    this.times.setPeerCall(measured, edge)
  }

  /** Records that `row` received a message whose way is found later. */
  setReceived(row: number, message: number): void {
    this.times.setReceived(row, message)
  }

  /** Records that `row` sent a message to a broker that it names, and whose way is found later. */
  setSent(row: number, message: number): void {
    if (this.spans.context?.[row] === 1) return
    this.times.setSent(row, message)
  }

  /** Adds patterns and critical path, once all calls of the trace are known. `nodeOf` has the node of each row. */
  finish(criticalPath: CriticalPath, nodeOf: Int32Array): void {
    const { spans, sign, totals } = this
    this.siblings.addTo(totals.patterns, sign)
    this.times.add(spans, this.tree, criticalPath, nodeOf, totals, this.messages, sign)
  }

  /** Whether a call is not counted, because its span is not. The span still begins the work of its service. */
  private isContext(callee: number): boolean {
    if (this.spans.context?.[callee] !== 1) return false
    this.times.setEntry(callee, uncounted)
    return true
  }

  private add(from: number, to: number, row: number, failed: boolean): number {
    return this.totals.addCall(from, to, this.spans, row, failed, this.sign)
  }

  /** Adds a call to its siblings. The time of a request is its client's, so that one clock orders all siblings. */
  private addSibling(edge: number, caller: number, callee: number, failed: boolean): void {
    const { kind } = this.spans
    const isRequest = kind[caller] === SpanKind.client && kind[callee] !== SpanKind.consumer
    const time = isRequest ? caller : callee
    this.siblings.add(this.tree.requestOf(caller), edge, callee, time, failed)
  }
}

const none = -1
/** The edge of a call that is not counted. */
const uncounted = -2
/** Unlike `none`, which is the number of each message beyond the limit. */
const noMessage = -2

/**
 * Divides the critical path of one trace among services, peers, and the calls between them. The work of a service after
 * a call reached it is the time of that call and of the service. A call to a peer has the time of the span that made it.
 * That time is the peer's and not the caller's, which only waited.
 */
class ServiceTimes {
  /** The edge of the call that reached a service with this row, or -1. */
  private entryOf = new Int32Array(64)
  /** The edge by which a row calls a peer, or -1. */
  private peerCallOf = new Int32Array(64)
  /** The message that a row received and whose way is found later, `noMessage` without one. */
  private receivedBy = new Int32Array(64)
  /** The message that a row sent and whose way is found later, `noMessage` without one. */
  private sentBy = new Int32Array(64)
  /** Time of a row and of the rows below it in the same service, ns. */
  private timeNs = new Float64Array(64)

  start(rows: number): void {
    if (rows > this.timeNs.length) {
      const capacity = scratchCapacity(rows)
      this.entryOf = new Int32Array(capacity)
      this.peerCallOf = new Int32Array(capacity)
      this.receivedBy = new Int32Array(capacity)
      this.sentBy = new Int32Array(capacity)
      this.timeNs = new Float64Array(capacity)
    }
    this.entryOf.fill(none, 0, rows)
    this.peerCallOf.fill(none, 0, rows)
    this.receivedBy.fill(noMessage, 0, rows)
    this.sentBy.fill(noMessage, 0, rows)
  }

  setEntry(row: number, edge: number): void {
    this.entryOf[row] = edge
  }

  setPeerCall(row: number, edge: number): void {
    this.peerCallOf[row] = edge
  }

  setReceived(row: number, message: number): void {
    this.receivedBy[row] = message
  }

  setSent(row: number, message: number): void {
    this.sentBy[row] = message
  }

  /**
   * Adds the times, or removes them if `sign` is -1, once all calls of the trace are known.
   *
   * @param nodeOf node of each row that has a service
   */
  add(
    spans: SpanTable,
    tree: ServiceTree,
    { path, length, exclusiveNs }: CriticalPath,
    nodeOf: Int32Array,
    totals: CallTotals,
    messages: Messages,
    sign: 1 | -1,
  ): void {
    const { timeNs } = this
    for (let at = 0; at < length; at++) timeNs[path[at]!] = exclusiveNs[path[at]!]!
    // From the leaves up: the parent of a row on the path is on the path too, and comes before it.
    for (let at = length - 1; at >= 0; at--) {
      const row = path[at]!
      const peerCall = this.peerCallOf[row]!
      if (peerCall !== none) {
        totals.edgeRed.addCriticalPath(peerCall, exclusiveNs[row]!, sign)
        timeNs[row]! -= exclusiveNs[row]!
      }
      const sent = this.sentBy[row]!
      if (sent >= 0) {
        messages.addSenderTime(sent, exclusiveNs[row]!)
        timeNs[row]! -= exclusiveNs[row]!
      }
      if (this.isWithin(tree, row)) {
        timeNs[tree.parent[row]!]! += timeNs[row]!
        continue
      }
      const entry = this.entryOf[row]!
      const received = this.receivedBy[row]!
      if (entry >= 0) totals.edgeRed.addCriticalPath(entry, timeNs[row]!, sign)
      if (received >= 0) messages.addReceiverTime(received, timeNs[row]!)
      const isCounted = spans.service[row] !== 0 && spans.context?.[row] !== 1
      if (isCounted) totals.nodeRed.addCriticalPath(nodeOf[row]!, timeNs[row]!, sign)
    }
  }

  /** Returns whether a row is part of its parent's work: same service, and no call or message reached it. */
  private isWithin(tree: ServiceTree, row: number): boolean {
    if (tree.parent[row]! < 0 || this.entryOf[row] !== none || this.receivedBy[row] !== noMessage)
      return false
    return tree.serviceOf(row) === tree.serviceOf(tree.parent[row]!)
  }
}
