import { badRequest } from '../base/errors.ts'
import type { GraphDocument } from '../model/graph-document.ts'
import type { NodeGraph } from '../model/node-graph-rows.ts'
import { findNodes } from '../node-graph/find-node.ts'
import { foldGroups, foldNodes, groupOf } from '../node-graph/fold-rows.ts'

/** Which part of a graph to show. */
export interface ShownPart {
  /** Id, title or title/subTitle of the nodes to show with their neighbours. */
  focus?: string | undefined
  /** Largest distance from the focus, in edges of either direction. @default 1 */
  hops?: number | undefined
  /** Whether the nodes of each group become one node, before the focus. */
  fold?: 'group' | undefined
  /** Most nodes; the least called nodes beyond it are folded. @default all */
  maxNodes?: number | undefined
}

/** Most nodes that a picture or Grafana's Node graph panel shows legibly; Mermaid refuses larger graphs. */
export const maxReadableNodes = 200

const defaultHops = 1

/**
 * Returns the document with only the requested nodes and edges, and counts what was left out. Returns the document
 * itself if no part was requested. Folding comes after the focus and spares the nodes in focus.
 *
 * @throws {TtaError} 404 if no node matches `focus`; 400 for `hops` without `focus`, or to fold a graph without groups
 */
export function selectShownPart(document: GraphDocument, part: ShownPart): GraphDocument {
  checkShownPart(part)
  const { focus, hops, maxNodes, fold } = part
  if (focus === undefined && maxNodes === undefined && fold === undefined) return document
  const windowSec = document.summary.window.seconds
  const whole = fold === undefined ? document : { ...document, ...foldedGroups(document) }
  const ids = focus === undefined ? [] : findNodes(whole, 'focus', focus).map(({ id }) => id)
  const near = focus === undefined ? whole : selectNeighbourhood(whole, ids, hops ?? defaultHops)
  const most = maxNodes ?? Number.POSITIVE_INFINITY
  const { nodes, edges, folded, into } = foldNodes(near, { maxNodes: most, windowSec, keep: ids })
  const shown = {
    nodesInGraph: document.nodes.length,
    edgesInGraph: document.edges.length,
    focus: ids,
    outsideFocus: whole.nodes.length - near.nodes.length,
    folded,
    into,
  }
  return { ...document, nodes, edges, shown }
}

function foldedGroups(document: GraphDocument): NodeGraph {
  if (document.nodes.some((row) => groupOf(row) !== '')) {
    return foldGroups(document, document.summary.window.seconds)
  }
  const message = 'must be combined with groupBy, because no node of the graph has a group'
  throw badRequest([{ field: 'fold', value: 'group', message }])
}

/**
 * Checks the request before an expensive build starts.
 *
 * @throws {TtaError} 400 for `hops` without `focus`
 */
export function checkShownPart({ focus, hops }: ShownPart): void {
  if (hops === undefined || focus !== undefined) return
  throw badRequest([
    { field: 'hops', value: hops, message: 'must be combined with focus: it is the distance from the focus' },
  ])
}

/**
 * Returns the nodes within `hops` edges of the given nodes, in either direction, and every edge between them. Keeps
 * the order of the rows.
 *
 * @param hops from 0, which selects only the given nodes
 */
export function selectNeighbourhood(
  { nodes, edges }: NodeGraph,
  ids: readonly string[],
  hops: number,
): NodeGraph {
  const neighbours = new Map<string, string[]>(nodes.map(({ id }) => [id, []]))
  for (const { source, target } of edges) {
    neighbours.get(source)?.push(target)
    neighbours.get(target)?.push(source)
  }
  const near = new Set(ids)
  let border = [...near]
  for (let hop = 0; hop < hops && border.length > 0; hop++) {
    border = border.flatMap((id) => neighbours.get(id) ?? []).filter((id) => !near.has(id) && near.add(id))
  }
  return {
    nodes: nodes.filter(({ id }) => near.has(id)),
    edges: edges.filter(({ source, target }) => near.has(source) && near.has(target)),
  }
}
