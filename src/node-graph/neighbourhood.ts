import type { NodeGraph } from '../model/node-graph-rows.ts'

/**
 * The nodes that lead to one of these, or are led to, by at most so many edges, whichever way they point, and every
 * edge between them. Rows stay in their order.
 *
 * @param hops from 0 on; 0 is the nodes themselves
 */
export function neighbourhood({ nodes, edges }: NodeGraph, ids: readonly string[], hops: number): NodeGraph {
  const neighbours = new Map<string, string[]>(nodes.map(({ id }) => [id, []]))
  for (const { source, target } of edges) {
    neighbours.get(source)?.push(target)
    neighbours.get(target)?.push(source)
  }
  const near = new Set(ids)
  let border = [...near]
  for (let hop = 0; hop < hops && border.length > 0; hop++) {
    border = border.flatMap((id) => neighbours.get(id) ?? []).filter((id) => !near.has(id) && near.add(id))
  }
  return {
    nodes: nodes.filter(({ id }) => near.has(id)),
    edges: edges.filter(({ source, target }) => near.has(source) && near.has(target)),
  }
}
