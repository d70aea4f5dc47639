import { createHash } from 'node:crypto'
import type { EdgeRow, NodeGraph, NodeRow } from '../model/node-graph-rows.ts'
import { mergeEdges, mergeNodes } from './merge-rows.ts'

export interface FoldOptions {
  /** Most nodes; at least 1. */
  maxNodes: number
  /** Length of the window, s; for rates. */
  windowSec: number
  /** Ids of nodes to keep unfolded if there is room. */
  keep?: readonly string[]
}

export interface FoldedGraph extends NodeGraph {
  /** Number of nodes that were folded. */
  folded: number
  /** Number of nodes that they were folded into. */
  into: number
}

/** Nodes to fold into one, by the key of their group. */
type Groups = Map<string, NodeRow[]>

/**
 * Limits a graph to `maxNodes` nodes. The most called nodes stay. The others are folded: one node for each set of
 * callers and callees among the nodes that stay.
 *
 * At least half of the remaining nodes are nodes of the graph (one of two). If the folded nodes have too many different
 * neighbours, their least called groups are folded into one more node.
 *
 * Sums stay exact: calls between nodes that are folded into one become self calls. Equal graphs give equal rows.
 */
export function foldNodes(graph: NodeGraph, options: FoldOptions): FoldedGraph {
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

/**
 * Makes one node of each group. Sums stay exact: calls within a group become self calls of its node, and calls between
 * two groups one edge. Nodes without a group stay.
 */
export function foldGroups({ nodes, edges }: NodeGraph, windowSec: number): NodeGraph {
  const groups: Groups = new Map()
  const idOf = new Map<string, string>()
  for (const row of nodes) {
    const group = groupOf(row)
    if (group === '') continue
    idOf.set(row.id, idOfNodeGroup(group))
    const rows = groups.get(group)
    if (rows) rows.push(row)
    else groups.set(group, [row])
  }
  const folded = foldEdges(edges, (id) => idOf.get(id) ?? id)
  const merged = [...groups].map(([title, rows]) => {
    const id = idOfNodeGroup(title)
    return { ...mergeNodes(rows, id, folded.within.get(id) ?? 0, windowSec), title, group: '' }
  })
  return {
    nodes: [
      ...merged.sort((a, b) => (a.title < b.title ? -1 : 1)),
      ...nodes.filter((row) => groupOf(row) === ''),
    ],
    edges: folded.between.map(({ rows, source, target }) => mergeEdges(rows, source, target, windowSec)),
  }
}

/** A graph that was stored before there were groups has none. */
export const groupOf = ({ group = '' }: Partial<NodeRow>) => group
const idOfNodeGroup = (group: string) => md5(['group', group])

/** Sorts the nodes to keep first, then by calls; equal nodes keep their order. */
function byCalls(nodes: NodeRow[], keep: readonly string[] = []): NodeRow[] {
  const kept = new Set(keep)
  const rank = ({ id }: NodeRow) => (kept.has(id) ? 1 : 0)
  return [...nodes].sort((a, b) => rank(b) - rank(a) || b.count - a.count)
}

/** Chooses how many nodes stay, so that they and the groups of the others are at most `maxNodes`. */
function groupsWithin(edges: EdgeRow[], ranked: NodeRow[], maxNodes: number): Groups {
  const least = Math.floor(maxNodes / 2)
  const over = (stay: number, groups: Groups) => stay + groups.size - maxNodes
  let tooMany = maxNodes
  for (let stay = maxNodes - 1; ; ) {
    const groups = groupsOf(edges, ranked, stay)
    const excess = over(stay, groups)
    if (excess <= 0) return keepMore(groups, stay + 1)
    if (stay <= least) return joinLeastCalled(groups, maxNodes - stay)
    tooMany = stay
    stay = Math.max(least, stay - Math.ceil(excess / 2))
  }

  /** Lets more nodes stay, one by one, after a step that was too long. */
  function keepMore(groups: Groups, stay: number): Groups {
    if (stay >= tooMany) return groups
    const more = groupsOf(edges, ranked, stay)
    return over(stay, more) > 0 ? groups : keepMore(more, stay + 1)
  }
}

/** Groups all but the first `stay` nodes by the callers and callees that stay. Tag nodes form their own groups. */
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

/** Keeps the most called groups and joins all others into one, `most` groups in total. */
function joinLeastCalled(groups: Groups, most: number): Groups {
  const callsOf = (rows: NodeRow[]) => rows.reduce((sum, { count }) => sum + count, 0)
  const ranked = [...groups].sort(([, a], [, b]) => callsOf(b) - callsOf(a))
  const rest = ranked.slice(most - 1).flatMap(([, rows]) => rows)
  return new Map([...ranked.slice(0, most - 1), ['rest', rest]])
}

/** Returns an id that depends only on the neighbours of the group, not on its members. */
const idOfGroup = (key: string) => md5(['folded', key])
const md5 = (names: string[]) => createHash('md5').update(JSON.stringify(names)).digest('hex')

interface FoldedEdge {
  source: string
  target: string
  rows: EdgeRow[]
}

/** Groups edges by their new ends, in the order of their first edge, and counts calls within each folded node. */
function foldEdges(edges: EdgeRow[], idOf: (id: string) => string) {
  const between = new Map<string, FoldedEdge>()
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
