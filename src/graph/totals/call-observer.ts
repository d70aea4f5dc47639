import type { PairIndex } from '../columns/hash-index.ts'

/**
 * Sees what becomes of the spans of a trace while they are added up, or taken back: whoever explains a graph learns
 * it from what builds the graph. Rows are those of the trace at hand.
 */
export interface CallObserver {
  /** Before anything else: the pairs that nodes are numbers of. */
  observe(nodes: PairIndex): void
  /** The span of `row` tells of a call; of a node by itself, where `caller` is `callee`. */
  call(caller: number, callee: number, row: number): void
  /** A client makes no call by itself: the spans of its callee told of it, or nobody answered. */
  noCall(row: number, answered: boolean): void
  /** A received message waits for its sender, which may be in another trace. */
  awaitSender(row: number, message: number): void
  /** When the graph is read: the nodes that sent a message and that it went through, each -1 where it is not known. */
  sentBy(message: number, sender: number, broker: number): void
}
