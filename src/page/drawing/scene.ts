import { nodeHeight, nodeWidth } from '../layout/node-size.ts'
import type { DrawnEdge, DrawnNode } from '../session/drawn-graph.ts'
import { distanceTo, type EdgeShape } from './edge-shape.ts'
import type { Shade } from './shades.ts'
import type { Bounds } from './viewport.ts'

export interface PlacedNode {
  node: Omit<DrawnNode, 'row'>
  shade: Shade
  /** Upper left corner. */
  x: number
  y: number
}

export interface PlacedEdge {
  edge: Omit<DrawnEdge, 'row'>
  shade: Shade
  /** px at zoom 1. */
  width: number
  shape: EdgeShape
}

/** Everything that is drawn, in its place and colour; px at zoom 1. Plain data: it goes to the worker that draws. */
export interface Scene {
  nodes: PlacedNode[]
  edges: PlacedEdge[]
  byId: Map<string, PlacedNode>
  bounds: Bounds
}

export type Target = { kind: 'node'; id: string } | { kind: 'edge'; id: string }

/** What is at a point, nodes before edges. @param reach how near an edge is near enough */
export function targetAt({ nodes, edges }: Scene, x: number, y: number, reach: number): Target | undefined {
  for (const { node, x: left, y: top } of nodes) {
    if (x >= left && x <= left + nodeWidth && y >= top && y <= top + nodeHeight) {
      return { kind: 'node', id: node.id }
    }
  }
  let nearest: Target | undefined
  let least = reach
  for (const { edge, shape } of edges) {
    const distance = distanceTo(shape, x, y, reach)
    if (distance >= least) continue
    least = distance
    nearest = { kind: 'edge', id: edge.id }
  }
  return nearest
}

/** The nearest node in a direction, those straight ahead preferred; without a start the one furthest back. */
export function nextNode({ nodes, byId }: Scene, from: string | undefined, dx: number, dy: number) {
  const start = from === undefined ? undefined : byId.get(from)
  let best: PlacedNode | undefined
  let least = Number.POSITIVE_INFINITY
  for (const one of nodes) {
    if (one === start) continue
    const [x, y] = start ? [one.x - start.x, one.y - start.y] : [one.x, one.y]
    const ahead = dx * x + dy * y
    const aside = Math.abs(dy * x) + Math.abs(dx * y)
    if (start && ahead <= 0) continue
    const cost = start ? ahead + 2 * aside : x + y
    if (cost >= least) continue
    least = cost
    best = one
  }
  return best?.node.id
}
