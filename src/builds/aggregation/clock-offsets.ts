import type { Graph, GraphNode } from '../../graph/graph.ts'
import type { ClockOffset } from '../../model/clock-offset.ts'
import { rounded } from '../../node-graph/row-numbers.ts'

/** Most pairs of services with a clock offset that a report lists. */
const maxOffsets = 20

/** Returns the pairs of services whose clocks differ, those with the most early calls first. */
export function clockOffsetsOf({ nodes, edges }: Graph): ClockOffset[] {
  const found = edges.flatMap(({ source, target, clockOffset }): ClockOffset[] => {
    if (!clockOffset) return []
    const { calls, early, medianNs, traceId } = clockOffset
    return [
      {
        client: nameOf(nodes[source]),
        server: nameOf(nodes[target]),
        medianMs: rounded(medianNs / 1e6, 6),
        share: rounded(early / calls, 6),
        early,
        traceId,
      },
    ]
  })
  // Edges have an order, and sorting keeps it among equals.
  return found.sort((a, b) => b.early - a.early).slice(0, maxOffsets)
}

/** Returns the name of a service with the further parts of its identity first: `shop/api`. */
const nameOf = (node?: GraphNode) =>
  [...(node?.parts ?? []).filter((part) => part !== ''), node?.title ?? ''].join('/')
