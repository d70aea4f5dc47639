import { assignCoordinates } from './assign-coordinates.ts'
import { addBends, assignLayers } from './assign-layers.ts'
import { nodeHeight, nodeWidth } from './node-size.ts'
import { orderLayers } from './order-layers.ts'
import type { AcyclicGraph } from './remove-cycles.ts'

const nodeGap = 18
const bendHeight = 14
/** Distance between two layers, px; it grows with the number of edges between them. */
const minLayerGap = 56
const maxLayerGap = 200

/** Layout of a component whose upper left corner is at 0, 0. */
export interface PlacedComponent {
  x: number[]
  y: number[]
  routes: number[][]
  width: number
  height: number
}

/** Lays out one connected component. */
export function placeComponent(graph: AcyclicGraph): PlacedComponent {
  const proper = addBends(graph, assignLayers(graph))
  const layers = orderLayers(proper)
  const isBend = (node: number) => node >= graph.nodeCount
  const middle = assignCoordinates(proper, layers, (node) =>
    isBend(node) ? bendHeight : nodeHeight + nodeGap,
  )

  const left: number[] = []
  let width = 0
  for (const [at, nodes] of layers.entries()) {
    left[at] = width
    const edges = nodes.reduce((sum, node) => sum + (proper.below[node]?.length ?? 0), 0)
    width += nodeWidth + Math.min(maxLayerGap, minLayerGap + 4 * Math.sqrt(edges))
  }
  const tops = Array.from({ length: proper.size }, (_, node) =>
    isBend(node) ? (middle[node] ?? 0) : (middle[node] ?? 0) - nodeHeight / 2,
  )
  const top = tops.reduce((least, y) => Math.min(least, y), Number.POSITIVE_INFINITY)
  const bottom = tops.reduce((most, y, node) => Math.max(most, y + (isBend(node) ? 0 : nodeHeight)), top)
  const nodes = Array.from({ length: graph.nodeCount }, (_, node) => node)
  return {
    x: nodes.map((node) => left[proper.layer[node] ?? 0] ?? 0),
    y: nodes.map((node) => (tops[node] ?? 0) - top),
    routes: proper.bends.map((bends, edge) => {
      const ordered = graph.reversed[edge] ? bends.toReversed() : bends
      return ordered.flatMap((bend) => {
        const x = (left[proper.layer[bend] ?? 0] ?? 0) + nodeWidth / 2
        return [x, (middle[bend] ?? 0) - top]
      })
    }),
    width: (left.at(-1) ?? 0) + nodeWidth,
    height: bottom - top,
  }
}
