import type { AcyclicGraph } from './acyclic.ts'

/** Most points that edges are led through; above it edges that are long are drawn in one go. */
const maxBends = 6_000

/** A layered graph whose edges lead from one layer to the next: long ones go through bends, nodes of their own. */
export interface ProperGraph {
  /** Nodes first, then bends. */
  size: number
  nodeCount: number
  layer: number[]
  /** To the next layer. */
  below: number[][]
  /** To the layer before. */
  above: number[][]
  /** Of each edge its bends, from the lower layer to the higher. */
  bends: number[][]
}

export function properGraph({ nodeCount, edges }: AcyclicGraph, nodeLayers: readonly number[]): ProperGraph {
  const layer = [...nodeLayers]
  const below: number[][] = Array.from({ length: nodeCount }, () => [])
  const above: number[][] = Array.from({ length: nodeCount }, () => [])
  const spanOf = ([from, to]: [number, number]) => (layer[to] ?? 0) - (layer[from] ?? 0)
  const longest = longestSpan(edges.map(spanOf))
  const connect = (from: number, to: number) => {
    below[from]?.push(to)
    above[to]?.push(from)
  }
  const bends = edges.map((edge) => {
    const [from, to] = edge
    const span = spanOf(edge)
    if (span > longest) return []
    const path: number[] = []
    let last = from
    for (let at = 1; at < span; at++) {
      const bend = layer.push((layer[from] ?? 0) + at) - 1
      below.push([])
      above.push([])
      connect(last, bend)
      path.push(bend)
      last = bend
    }
    connect(last, to)
    return path
  })
  return { size: layer.length, nodeCount, layer, below, above, bends }
}

/** The longest span so that all edges up to it have together no more bends than allowed. */
function longestSpan(spans: number[]): number {
  let bends = 0
  for (const span of spans.toSorted((a, b) => a - b)) {
    bends += span - 1
    if (bends > maxBends) return span - 1
  }
  return Number.POSITIVE_INFINITY
}
