/**
 * What became of the spans. Two sums always hold:
 * `received = counted + duplicates + withoutService` and
 * `counted = edgeCalls + selfCalls + roots + orphans + cycles`.
 *
 * A node is what the level has nodes for. At the service level work inside a service counts among its self calls
 * here, though not on its node, and all members of a cycle count as such.
 */
export interface SpanCounts {
  traces: number
  /** Spans handed to the builder. */
  received: number
  /** Spans that are on a node. */
  counted: number
  /** Repetitions of a span that counts already. */
  duplicates: number
  /** Spans without `service.name`: no node, but their children hang on the nearest named ancestor. */
  withoutService: number
  /** Counted spans without a parent. */
  roots: number
  /** Counted spans whose parent never arrived. */
  orphans: number
  /** Counted spans whose ancestors lead back to themselves. */
  cycles: number
  /** Counted spans called from the same node. */
  selfCalls: number
  /** Counted spans called from another node. */
  edgeCalls: number
  /** Counted spans that end before they start: their duration is taken as 0. */
  skewed: number
  /** Counted spans that say of their sampling or pruning what cannot be: they stand for themselves. */
  badWeights: number
}

export function emptyCounts(): SpanCounts {
  return {
    traces: 0,
    received: 0,
    counted: 0,
    duplicates: 0,
    withoutService: 0,
    roots: 0,
    orphans: 0,
    cycles: 0,
    selfCalls: 0,
    edgeCalls: 0,
    skewed: 0,
    badWeights: 0,
  }
}
