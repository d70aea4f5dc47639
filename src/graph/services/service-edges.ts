import type { LinkedCalls } from '../messages/linked-calls.ts'
import { SpanKind, type SpanTable } from '../spans/span-table.ts'
import type { CallTotals } from '../totals/call-totals.ts'
import type { CriticalPath } from '../totals/critical-path.ts'
import { SiblingCalls } from '../totals/sibling-calls.ts'
import { ServiceTimes } from './service-times.ts'
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
