import { createHash } from 'node:crypto'
import type { EdgeRow, NodeGraph, NodeRow } from '../model/node-graph-rows.ts'
import { mergeEdges, mergeNodes } from './merge-rows.ts'

export interface FoldOptions {
  /** Most nodes, from 1 on. */
  maxNodes: number
  /** Length of the time that was read, s; for rates. */
  windowSec: number
  /** Ids of nodes that stay in any case, as long as there is room. */
  keep?: readonly string[]
}

export interface FoldedGraph extends NodeGraph {
  /** Nodes of which only sums are left. */
  folded: number
  /** Nodes that hold these sums. */
  into: number
}

/** Nodes that are drawn as one, by what tells them from others. */
type Groups = Map<string, NodeRow[]>

/**
 * Draws a graph with at most so many nodes: the most called stay, the rest is folded, one node for all that have the
 * same callers and callees among those that stay. At least half of the nodes that are left (all but one where there
 * are two) are nodes of the graph: where the rest has too many different neighbours, the least called of its groups
 * become one more.
 *
 * Sums stay exact: calls between nodes that are folded into one are calls to itself. Equal graphs give equal rows.
 */
export function foldRows(graph: NodeGraph, options: FoldOptions): FoldedGraph {
  if (graph.nodes.length <= options.maxNodes) return { ...graph, folded: 0, into: 0 }
  const ranked = byCalls(graph.nodes, options.keep)
  const groups = groupsWithin(graph.edges, ranked, options.maxNodes)
  const idOf = new Map<string, string>(graph.nodes.map(({ id }) => [id, id]))
  const merged = [...groups].filter(([, { length }]) => length > 1)
  for (const [key, rows] of merged) for (const { id } of rows) idOf.set(id, idOfGroup(key))
  const edges = foldEdges(graph.edges, (id) => idOf.get(id) ?? id)
  const { windowSec } = options
  const folded = merged.map(([key, rows]) => {
    const id = idOfGroup(key)
    return mergeNodes(rows, id, edges.within.get(id) ?? 0, windowSec)
  })
  return {
    nodes: [...graph.nodes.filter(({ id }) => idOf.get(id) === id), ...folded],
    edges: edges.between.map(({ rows, source, target }) => mergeEdges(rows, source, target, windowSec)),
    folded: merged.reduce((sum, [, { length }]) => sum + length, 0),
    into: merged.length,
  }
}

/** What is to stay first, then the most called; of equals the first in the graph. */
function byCalls(nodes: NodeRow[], keep: readonly string[] = []): NodeRow[] {
  const kept = new Set(keep)
  const rank = ({ id }: NodeRow) => (kept.has(id) ? 1 : 0)
  return [...nodes].sort((a, b) => rank(b) - rank(a) || b.count - a.count)
}

/** The groups of what is folded, so many that they and what stays are at most `maxNodes`. */
function groupsWithin(edges: EdgeRow[], ranked: NodeRow[], maxNodes: number): Groups {
  const least = Math.floor(maxNodes / 2)
  const over = (stay: number, groups: Groups) => stay + groups.size - maxNodes
  let tooMany = maxNodes
  for (let stay = maxNodes - 1; ; ) {
    const groups = groupsOf(edges, ranked, stay)
    const excess = over(stay, groups)
    if (excess <= 0) return roomiest(groups, stay + 1)
    if (stay <= least) return joined(groups, maxNodes - stay)
    tooMany = stay
    stay = Math.max(least, stay - Math.ceil(excess / 2))
  }

  /** Takes back steps that were too long. */
  function roomiest(groups: Groups, stay: number): Groups {
    if (stay >= tooMany) return groups
    const more = groupsOf(edges, ranked, stay)
    return over(stay, more) > 0 ? groups : roomiest(more, stay + 1)
  }
}

/** All but the first `stay`, by the callers and callees that stay; nodes of tag values, which call nobody, apart. */
function groupsOf(edges: EdgeRow[], ranked: NodeRow[], stay: number): Groups {
  const staying = new Set(ranked.slice(0, stay).map(({ id }) => id))
  const neighbours = new Map<string, string[]>(ranked.slice(stay).map(({ id }) => [id, []]))
  for (const { source, target } of edges) {
    if (staying.has(source)) neighbours.get(target)?.push(`${source}>`)
    if (staying.has(target)) neighbours.get(source)?.push(`>${target}`)
  }
  const groups: Groups = new Map()
  for (const row of ranked.slice(stay)) {
    const kind = row.detail__role === 'tag' ? 'tag' : ''
    const key = [kind, ...(neighbours.get(row.id) ?? []).sort()].join(' ')
    const group = groups.get(key)
    if (group) group.push(row)
    else groups.set(key, [row])
  }
  return groups
}

/** The most called groups, and all others as one: `most` of them. */
function joined(groups: Groups, most: number): Groups {
  const callsOf = (rows: NodeRow[]) => rows.reduce((sum, { count }) => sum + count, 0)
  const ranked = [...groups].sort(([, a], [, b]) => callsOf(b) - callsOf(a))
  const rest = ranked.slice(most - 1).flatMap(([, rows]) => rows)
  return new Map([...ranked.slice(0, most - 1), ['rest', rest]])
}

/** The same as long as it has the same neighbours, whatever becomes of its members. */
const idOfGroup = (key: string) =>
  createHash('md5')
    .update(JSON.stringify(['folded', key]))
    .digest('hex')

interface JoinedEdge {
  source: string
  target: string
  rows: EdgeRow[]
}

/** Edges between what is drawn, in the order of the first that each stands for, and calls inside of it by id. */
function foldEdges(edges: EdgeRow[], idOf: (id: string) => string) {
  const between = new Map<string, JoinedEdge>()
  const within = new Map<string, number>()
  for (const edge of edges) {
    const [source, target] = [idOf(edge.source), idOf(edge.target)]
    if (source === target) {
      within.set(source, (within.get(source) ?? 0) + edge.count)
      continue
    }
    const key = `${source}_${target}`
    const joined = between.get(key)
    if (joined) joined.rows.push(edge)
    else between.set(key, { source, target, rows: [edge] })
  }
  return { between: [...between.values()], within }
}
