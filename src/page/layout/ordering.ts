import type { ProperGraph } from './proper-graph.ts'

const sweeps = 8

/**
 * Orders each layer so that few edges cross: barycenters, down and up in turn; the best of all rounds counts.
 *
 * @returns the nodes and bends of each layer, from top to bottom
 */
export function orderLayers(graph: ProperGraph): number[][] {
  let layers = firstOrder(graph)
  let best = layers
  let fewest = crossings(graph, layers)
  for (let sweep = 0; sweep < sweeps && fewest > 0; sweep++) {
    layers = sweep % 2 === 0 ? swept(layers, graph.above) : swept(layers.toReversed(), graph.below).reverse()
    const found = crossings(graph, layers)
    if (found >= fewest) continue
    fewest = found
    best = layers
  }
  return best
}

/** Depth first: what hangs together stands together. */
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

function swept(layers: number[][], neighbours: number[][]): number[][] {
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

/** Counted in O(E log V) (Barth, Jünger, Mutzel 2002). */
function crossings({ below, size }: ProperGraph, layers: number[][]): number {
  const place = new Int32Array(size)
  for (const nodes of layers) for (const [index, node] of nodes.entries()) place[node] = index
  let total = 0
  for (const [at, nodes] of layers.entries()) {
    const targetsOf = (node: number) => (below[node] ?? []).map((other) => place[other] ?? 0)
    total += inversions(nodes.map(targetsOf), layers[at + 1]?.length ?? 0)
  }
  return total
}

/** How many pairs, of different rows, stand the wrong way round; values from 0 to below `limit`. */
function inversions(rows: number[][], limit: number): number {
  // A binary indexed tree of how often each value was seen.
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
