import type { AcyclicGraph } from './remove-cycles.ts'

/**
 * Assigns each node a layer, from 0: the one after its last caller. A node without callers is placed directly before its
 * first callee, to keep edges short.
 */
export function assignLayers({ nodeCount, edges, order }: AcyclicGraph): number[] {
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

/** Most bends in a graph. Beyond it the longest edges are drawn without bends. */
const maxBends = 6_000

/** A layered graph whose edges connect adjacent layers. Longer edges pass through bends, which count as nodes. */
export interface ProperGraph {
  /** Number of nodes and bends; nodes come first. */
  size: number
  nodeCount: number
  layer: number[]
  /** Neighbours in the next layer. */
  below: number[][]
  /** Neighbours in the previous layer. */
  above: number[][]
  /** Bends of each edge, from the lower layer to the higher. */
  bends: number[][]
}

/** Splits edges that span several layers. */
export function addBends({ nodeCount, edges }: AcyclicGraph, nodeLayers: readonly number[]): ProperGraph {
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

/** Returns the longest span for which all edges up to it need at most `maxBends` bends. */
function longestSpan(spans: number[]): number {
  let bends = 0
  for (const span of spans.toSorted((a, b) => a - b)) {
    bends += span - 1
    if (bends > maxBends) return span - 1
  }
  return Number.POSITIVE_INFINITY
}
