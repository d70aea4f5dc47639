import type { ProperGraph } from './assign-layers.ts'

const sweeps = 8

/**
 * Orders each layer so that few edges cross. Sweeps down and up with the barycenter method and keeps the best order.
 *
 * @returns the nodes and bends of each layer, from top to bottom
 */
export function orderLayers(graph: ProperGraph): number[][] {
  let layers = firstOrder(graph)
  let best = layers
  let fewest = countCrossings(graph, layers)
  for (let sweep = 0; sweep < sweeps && fewest > 0; sweep++) {
    layers =
      sweep % 2 === 0
        ? sweepLayers(layers, graph.above)
        : sweepLayers(layers.toReversed(), graph.below).reverse()
    const found = countCrossings(graph, layers)
    if (found >= fewest) continue
    fewest = found
    best = layers
  }
  return best
}

/** Orders depth first, so that connected nodes are close together. */
function firstOrder({ size, layer, below, above }: ProperGraph): number[][] {
  const layers: number[][] = Array.from({ length: layer.reduce((a, b) => Math.max(a, b), 0) + 1 }, () => [])
  const seen = new Uint8Array(size)
  const starts = Array.from({ length: size }, (_, node) => node).sort(
    (a, b) => (layer[a] ?? 0) - (layer[b] ?? 0) || a - b,
  )
  for (const start of starts) {
    const stack = [start]
    for (let node = stack.pop(); node !== undefined; node = stack.pop()) {
      if (seen[node]) continue
      seen[node] = 1
      layers[layer[node] ?? 0]?.push(node)
      stack.push(...(above[node] ?? []).toReversed(), ...(below[node] ?? []).toReversed())
    }
  }
  return layers
}

function sweepLayers(layers: number[][], neighbours: number[][]): number[][] {
  const place: number[] = []
  return layers.map((nodes, at) => {
    const keys = new Map(
      nodes.map((node, own) => {
        const around = at === 0 ? [] : (neighbours[node] ?? [])
        const sum = around.reduce((total, other) => total + (place[other] ?? 0), 0)
        return [node, around.length === 0 ? own : sum / around.length]
      }),
    )
    const ordered = nodes.toSorted((a, b) => (keys.get(a) ?? 0) - (keys.get(b) ?? 0))
    for (const [index, node] of ordered.entries()) place[node] = index
    return ordered
  })
}

/** Counts crossings in O(E log V) (Barth, Jünger, Mutzel 2002). */
function countCrossings({ below, size }: ProperGraph, layers: number[][]): number {
  const place = new Int32Array(size)
  for (const nodes of layers) for (const [index, node] of nodes.entries()) place[node] = index
  let total = 0
  for (const [at, nodes] of layers.entries()) {
    const targetsOf = (node: number) => (below[node] ?? []).map((other) => place[other] ?? 0)
    total += countInversions(nodes.map(targetsOf), layers[at + 1]?.length ?? 0)
  }
  return total
}

/** Counts pairs of values from different rows in descending order. Values are from 0 to below `limit`. */
function countInversions(rows: number[][], limit: number): number {
  // A binary indexed tree (Fenwick tree) that counts each value.
  const tree = new Int32Array(limit + 1)
  let seen = 0
  let total = 0
  for (const row of rows) {
    for (const value of row) {
      let upTo = 0
      for (let index = value + 1; index > 0; index -= index & -index) upTo += tree[index] ?? 0
      total += seen - upTo
    }
    for (const value of row) {
      for (let index = value + 1; index <= limit; index += index & -index)
        tree[index] = (tree[index] ?? 0) + 1
    }
    seen += row.length
  }
  return total
}
