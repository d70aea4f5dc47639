import type { Layout } from '../layout/layout.ts'
import { nodeHeight, nodeWidth } from '../layout/node-size.ts'
import type { DrawnEdge, DrawnNode } from '../session/drawn-graph.ts'
import type { VisibleGraph } from '../session/filter-graph.ts'
import { distanceTo, type EdgeShape, edgeShape } from './edge-shape.ts'
import type { Shade, Shades } from './shades.ts'
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

/** Positions, shapes and colours of a drawn graph; px at zoom 1. Plain data, because it is sent to a worker. */
export interface Scene {
  nodes: PlacedNode[]
  edges: PlacedEdge[]
  byId: Map<string, PlacedNode>
  bounds: Bounds
}

/** Replaces ids by numbers for the layout. */
export function toLayoutInput({ nodes, edges }: VisibleGraph) {
  const numbers = new Map(nodes.map(({ id }, at) => [id, at]))
  const pairs = edges.map(({ source, target }): [number, number] => [
    numbers.get(source) ?? 0,
    numbers.get(target) ?? 0,
  ])
  return { nodeCount: nodes.length, edges: pairs }
}

/** Combines a graph, its layout and its colours. */
export function buildScene({ nodes, edges }: VisibleGraph, layout: Layout, shades: Shades): Scene {
  const placed = nodes.map(({ row, ...node }, at): PlacedNode => {
    return { node, shade: shades.shadeOf(node), x: layout.x[at] ?? 0, y: layout.y[at] ?? 0 }
  })
  const byId = new Map(placed.map((one) => [one.node.id, one]))
  return {
    nodes: placed,
    byId,
    edges: edges.map(({ row, ...edge }, at) => ({
      edge,
      shade: shades.shadeOf(edge),
      width: shades.widthOf(edge),
      shape: edgeShape(cornerOf(byId, edge.source), cornerOf(byId, edge.target), layout.routes[at] ?? []),
    })),
    bounds: {
      x: 0,
      y: 0,
      width: Math.max(layout.width, nodeWidth),
      height: Math.max(layout.height, nodeHeight),
    },
  }
}

/** Returns the same scene in other colours. */
export function recolourScene(scene: Scene, shades: Shades): Scene {
  const nodes = scene.nodes.map((one) => ({ ...one, shade: shades.shadeOf(one.node) }))
  const edges = scene.edges.map((one) => ({ ...one, shade: shades.shadeOf(one.edge) }))
  return { ...scene, nodes, edges, byId: new Map(nodes.map((one) => [one.node.id, one])) }
}

/** Returns a frame of the animation between two scenes. Nodes of both scenes move; at progress 0 they are where they were. */
export function interpolateScenes(earlier: Scene, scene: Scene, progress: number): Scene {
  const eased = 1 - (1 - progress) ** 3
  const nodes = scene.nodes.map((one) => {
    const start = earlier.byId.get(one.node.id) ?? one
    return { ...one, x: start.x + (one.x - start.x) * eased, y: start.y + (one.y - start.y) * eased }
  })
  const byId = new Map(nodes.map((one) => [one.node.id, one]))
  const edges = scene.edges.map((one) => ({
    ...one,
    shape: edgeShape(cornerOf(byId, one.edge.source), cornerOf(byId, one.edge.target), []),
  }))
  return { ...scene, nodes, byId, edges }
}

const cornerOf = (byId: Map<string, PlacedNode>, id: string) => byId.get(id) ?? { x: 0, y: 0 }

export type Target = { kind: 'node'; id: string } | { kind: 'edge'; id: string }

/** Finds the node, else the nearest edge, at a point. @param reach largest distance of an edge */
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

/** Finds the nearest node in a direction, preferably straight ahead; without a start the first node. */
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
