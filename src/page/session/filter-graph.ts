import type { DrawnEdge, DrawnGraph, DrawnNode } from './drawn-graph.ts'
import type { View } from './view.ts'

export interface VisibleGraph {
  nodes: DrawnNode[]
  edges: DrawnEdge[]
}

type Filters = Pick<View, 'focus' | 'hops' | 'min' | 'trouble'>

/**
 * Applies the filters of a view. First it keeps edges with enough calls and, if requested, with trouble. Then it keeps
 * the nodes that these edges connect, and of these only the neighbourhood of the focus. The focus itself always stays.
 */
export function filterGraph(graph: DrawnGraph, { focus, hops, min, trouble }: Filters): VisibleGraph {
  const passes = (one: DrawnNode | DrawnEdge) => one.count >= min && (!trouble || isTrouble(one))
  const edges = graph.edges.filter(passes)
  const near =
    focus !== undefined && graph.nodeById.has(focus) ? neighbourhood(focus, edges, hops) : undefined
  if (near) {
    return {
      nodes: graph.nodes.filter(({ id }) => near.has(id)),
      edges: edges.filter(({ source, target }) => near.has(source) && near.has(target)),
    }
  }
  const connected = ends(edges)
  const everConnected = edges.length === graph.edges.length ? connected : ends(graph.edges)
  const stays = (node: DrawnNode) => connected.has(node.id) || (!everConnected.has(node.id) && passes(node))
  return { nodes: graph.nodes.filter(stays), edges }
}

/** Returns whether calls fail or, in a comparison, whether anything changed. */
function isTrouble({ change, failed }: Pick<DrawnEdge, 'change' | 'failed'>): boolean {
  return change === undefined ? failed > 0 : change !== 'unchanged'
}

function neighbourhood(focus: string, edges: readonly DrawnEdge[], hops: number): Set<string> {
  const around = new Map<string, string[]>()
  const connect = (id: string, other: string) => {
    const others = around.get(id)
    if (others) others.push(other)
    else around.set(id, [other])
  }
  for (const { source, target } of edges) {
    connect(source, target)
    connect(target, source)
  }
  const near = new Set([focus])
  let border = [focus]
  for (let hop = 0; border.length > 0 && (hops === 0 || hop < hops); hop++) {
    border = border.flatMap((id) => around.get(id) ?? []).filter((id) => !near.has(id) && near.add(id))
  }
  return near
}

const ends = (edges: readonly DrawnEdge[]) => new Set(edges.flatMap(({ source, target }) => [source, target]))
