import { scratchCapacity } from '../columns/grow.ts'
import type { LinkedCalls } from '../messages/linked-calls.ts'
import type { SpanTable } from '../spans/span-table.ts'
import type { CallTotals } from '../totals/call-totals.ts'
import type { CriticalPath } from '../totals/critical-path.ts'
import type { ServiceTree } from './service-tree.ts'

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
