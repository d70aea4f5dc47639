import { badRequest } from '../base/errors.ts'
import type { GraphDocument } from '../model/graph-document.ts'
import { findNodes } from '../node-graph/find-node.ts'
import { foldRows } from '../node-graph/fold-rows.ts'
import { neighbourhood } from '../node-graph/neighbourhood.ts'

/** How much of a graph is wanted. */
export interface Size {
  /** Id, title or title/subTitle of the nodes around which the rest is left out. */
  focus?: string | undefined
  /** How far from them, in edges of either direction; 1 if left out. */
  hops?: number | undefined
  /** Most nodes: the least called of more are folded. */
  maxNodes?: number | undefined
}

export const defaultHops = 1

/**
 * The part of a graph that is wanted, with an account of it; the document itself where all of it is. Folding comes
 * after the focus, and spares the nodes in focus.
 *
 * @throws {TtaError} 404 no node is called as `focus` says; 400 `hops` without it
 */
export function sizeDocument(document: GraphDocument, size: Size): GraphDocument {
  checkSize(size)
  const { focus, hops, maxNodes } = size
  if (focus === undefined && maxNodes === undefined) return document
  const ids = focus === undefined ? [] : findNodes(document, 'focus', focus).map(({ id }) => id)
  const part = focus === undefined ? document : neighbourhood(document, ids, hops ?? defaultHops)
  const windowSec = document.summary.window.seconds
  const most = maxNodes ?? Number.POSITIVE_INFINITY
  const { nodes, edges, folded, into } = foldRows(part, { maxNodes: most, windowSec, keep: ids })
  const shown = {
    nodesInGraph: document.nodes.length,
    edgesInGraph: document.edges.length,
    focus: ids,
    outsideFocus: document.nodes.length - part.nodes.length,
    folded,
    into,
  }
  return { ...document, nodes, edges, shown }
}

/** For whom the graph costs something to get. @throws {TtaError} 400 `hops` without `focus` */
export function checkSize({ focus, hops }: Size): void {
  if (hops === undefined || focus !== undefined) return
  throw badRequest([
    { field: 'hops', value: hops, message: 'must stand beside focus: it says how far from it' },
  ])
}
