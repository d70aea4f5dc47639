import { packBoxes, splitComponents } from './components.ts'
import { placeComponent } from './place-component.ts'
import { removeCycles } from './remove-cycles.ts'

/** A directed graph whose nodes are the numbers 0 to nodeCount - 1. */
export interface LayoutInput {
  nodeCount: number
  edges: readonly (readonly [source: number, target: number])[]
}

/** Positions; px at zoom 1, y downwards. */
export interface Layout {
  /** Left edge of each node. */
  x: number[]
  /** Top of each node. */
  y: number[]
  /** Points x, y, x, y, ... of each edge between its ends, from source to target. */
  routes: number[][]
  width: number
  height: number
}

/**
 * Calculates a layered layout (Sugiyama) with callers to the left of their callees, except in cycles. The same graph
 * always gets the same layout. 1,000 nodes and 3,000 edges take well under a second.
 */
export function layOut({ nodeCount, edges }: LayoutInput): Layout {
  const layout: Layout = {
    x: new Array(nodeCount).fill(0),
    y: new Array(nodeCount).fill(0),
    routes: edges.map(() => []),
    width: 0,
    height: 0,
  }
  const parts = splitComponents(nodeCount, edges).map((part) => ({
    part,
    placed: placeComponent(removeCycles(part.nodes.length, part.edges)),
  }))
  const { offsets, width, height } = packBoxes(parts.map(({ placed }) => placed))
  for (const [at, { part, placed }] of parts.entries()) {
    const [left = 0, top = 0] = offsets[at] ?? []
    for (const [node, id] of part.nodes.entries()) {
      layout.x[id] = left + (placed.x[node] ?? 0)
      layout.y[id] = top + (placed.y[node] ?? 0)
    }
    for (const [edge, id] of part.edgeIds.entries()) {
      layout.routes[id] = (placed.routes[edge] ?? []).map(
        (value, index) => value + (index % 2 === 0 ? left : top),
      )
    }
  }
  return { ...layout, width, height }
}
