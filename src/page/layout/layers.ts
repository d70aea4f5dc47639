import type { AcyclicGraph } from './acyclic.ts'

/**
 * The layer of each node, from 0: one behind the last of its callers. A node that nobody calls stands right before
 * the first that it calls, so that no edge is longer than it must be.
 */
export function layersOf({ nodeCount, edges, order }: AcyclicGraph): number[] {
  const layers = new Array<number>(nodeCount).fill(0)
  const incoming: number[][] = Array.from({ length: nodeCount }, () => [])
  const outgoing: number[][] = Array.from({ length: nodeCount }, () => [])
  for (const [from, to] of edges) {
    incoming[to]?.push(from)
    outgoing[from]?.push(to)
  }
  for (const node of order) {
    for (const from of incoming[node] ?? []) {
      layers[node] = Math.max(layers[node] ?? 0, (layers[from] ?? 0) + 1)
    }
  }
  for (const node of order) {
    const below = outgoing[node] ?? []
    if (incoming[node]?.length !== 0 || below.length === 0) continue
    layers[node] = below.reduce((least, to) => Math.min(least, layers[to] ?? 0), nodeCount) - 1
  }
  return layers
}
