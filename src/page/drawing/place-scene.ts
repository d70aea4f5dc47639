import type { Layout } from '../layout/layout.ts'
import { nodeHeight, nodeWidth } from '../layout/node-size.ts'
import type { VisibleGraph } from '../session/visible-graph.ts'
import { edgeShape } from './edge-shape.ts'
import type { PlacedNode, Scene } from './scene.ts'
import type { Shades } from './shades.ts'

/** Numbers in place of ids, as a layout takes them. */
export function layoutInputOf({ nodes, edges }: VisibleGraph) {
  const numbers = new Map(nodes.map(({ id }, at) => [id, at]))
  const pairs = edges.map(({ source, target }): [number, number] => [
    numbers.get(source) ?? 0,
    numbers.get(target) ?? 0,
  ])
  return { nodeCount: nodes.length, edges: pairs }
}

export function sceneOf({ nodes, edges }: VisibleGraph, layout: Layout, shades: Shades): Scene {
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

/** The same scene in other colours. */
export function recoloured(scene: Scene, shades: Shades): Scene {
  const nodes = scene.nodes.map((one) => ({ ...one, shade: shades.shadeOf(one.node) }))
  const edges = scene.edges.map((one) => ({ ...one, shade: shades.shadeOf(one.edge) }))
  return { ...scene, nodes, edges, byId: new Map(nodes.map((one) => [one.node.id, one])) }
}

/** The scene on its way from another one: what is in both moves, at 0 it is where it was. */
export function between(earlier: Scene, scene: Scene, progress: number): Scene {
  const eased = 1 - (1 - progress) ** 3
  const nodes = scene.nodes.map((one) => {
    const was = earlier.byId.get(one.node.id) ?? one
    return { ...one, x: was.x + (one.x - was.x) * eased, y: was.y + (one.y - was.y) * eased }
  })
  const byId = new Map(nodes.map((one) => [one.node.id, one]))
  const edges = scene.edges.map((one) => ({
    ...one,
    shape: edgeShape(cornerOf(byId, one.edge.source), cornerOf(byId, one.edge.target), []),
  }))
  return { ...scene, nodes, byId, edges }
}

const cornerOf = (byId: Map<string, PlacedNode>, id: string) => byId.get(id) ?? { x: 0, y: 0 }
