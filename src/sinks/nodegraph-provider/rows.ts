import type { GraphDocument } from '../../model/graph-document.ts'
import type { EdgeRow, NodeRow } from '../../model/node-graph-rows.ts'

export type ProviderRow = Record<string, unknown>

/** A graph as the provider receives and returns it. */
export interface ProviderGraph {
  nodes: ProviderRow[]
  edges: ProviderRow[]
}

/** Fields that the provider's configuration declares; null: it does not declare the graph. */
export type DeclaredFields = { nodes: Set<string>; edges: Set<string> } | null

const traceKeys = [
  'detail__trace_slowest',
  'detail__trace_failed',
  'detail__trace_typical',
  'traceql',
] as const

/** Keys go into Cypher unescaped, so only the keys of these lists are sent. */
const nodeKeys = [
  'id',
  'title',
  'subTitle',
  'mainStat',
  'secondaryStat',
  'arc__failed',
  'arc__slow',
  'arc__passed',
  'detail__role',
  'detail__named_by',
  'detail__traffic',
  'detail__latency',
  'detail__critical_path',
  'detail__self_calls',
  ...traceKeys,
] as const satisfies (keyof NodeRow)[]

const edgeKeys = [
  'id',
  'source',
  'target',
  'mainStat',
  'secondaryStat',
  'detail__traffic',
  'detail__latency',
  'detail__critical_path',
  'detail__sides',
  'detail__via',
  'detail__pattern',
  ...traceKeys,
] as const satisfies (keyof EdgeRow)[]

/** Returns rows that the provider can store: only the fields of the panel, with clean text. */
export function toProviderGraph(document: GraphDocument): ProviderGraph {
  return {
    nodes: document.nodes.map((row) => pick(row, nodeKeys)),
    edges: document.edges.map((row) => pick(row, edgeKeys)),
  }
}

function pick<K extends string>(row: Record<K, string | number>, keys: readonly K[]): ProviderRow {
  return Object.fromEntries(
    keys.map((key) => {
      const value = row[key]
      return [key, typeof value === 'string' ? printable(value) : value]
    }),
  )
}

/**
 * Replaces characters that the provider does not return unchanged. It writes text with Go's strconv.Quote, whose escapes
 * Cypher does not read: U+00A0 returns as the six characters \u00a0. Newline and tab survive.
 *
 * strconv.Quote escapes what unicode.IsPrint refuses: controls, formats, spaces except U+0020, private use, unassigned
 * characters, lone surrogates.
 */
export function printable(text: string): string {
  return text.replace(/[^\p{L}\p{M}\p{N}\p{P}\p{S} \n\t]/gu, ' ')
}

const idPattern = /^[A-Za-z0-9._-]+$/

/**
 * Returns the first fault of a graph that would make the provider lose it or store another one; null if the graph is
 * valid.
 */
export function faultOf({ nodes, edges }: ProviderGraph): string | null {
  const ids = new Set<unknown>()
  for (const { id } of nodes) {
    if (typeof id !== 'string' || !idPattern.test(id))
      return `node id ${JSON.stringify(id)} must consist of letters, digits, dot, dash and underscore`
    if (ids.has(id)) return `node id ${id} occurs twice`
    ids.add(id)
  }
  const pairs = new Set<string>()
  for (const { source, target } of edges) {
    const pair = `${source} -> ${target}`
    if (!ids.has(source) || !ids.has(target)) return `edge ${pair} names a node that does not exist`
    if (pairs.has(pair)) return `edge ${pair} occurs twice`
    pairs.add(pair)
  }
  for (const row of [...nodes, ...edges]) {
    const key = Object.keys(row).find((key) => !storable(row[key]))
    if (key) return `${key} of ${row.id} must be text or a finite number, and is ${row[key]}`
  }
  return null
}

/** The provider writes numbers without an exponent, and stores nothing if an integer exceeds 64 bits. */
function storable(value: unknown): boolean {
  return (
    typeof value === 'string' ||
    (Number.isFinite(value) && Math.abs(value as number) <= Number.MAX_SAFE_INTEGER)
  )
}

export interface FittedGraph {
  graph: ProviderGraph
  /** Warnings about fields that Grafana will not show. */
  warnings: string[]
}

/**
 * Fits rows to the fields that the provider's configuration declares, because the plugin drops all others. Without
 * `arc__slow`, as in the demo's schema, slow calls count as failed.
 */
export function fitToSchema(name: string, graph: ProviderGraph, declared: DeclaredFields): FittedGraph {
  if (!declared) {
    const warning = `Grafana will show nothing: graph_schemas of nodegraph-provider has no graph ${name}`
    return { graph, warnings: [warning] }
  }
  const fold = !declared.nodes.has('arc__slow')
  const fitted = fold ? { nodes: graph.nodes.map(slowAsFailed), edges: graph.edges } : graph
  const unknown = [
    ...undeclared('nodes', nodeKeys, declared.nodes).filter((key) => !fold || key !== 'arc__slow of nodes'),
    ...undeclared('edges', edgeKeys, declared.edges),
  ]
  if (unknown.length === 0) return { graph: fitted, warnings: [] }
  const warning = `Grafana will not show ${unknown.join(', ')}: missing in graph_schemas of nodegraph-provider for graph ${name}`
  return { graph: fitted, warnings: [warning] }
}

function undeclared(rows: string, keys: readonly string[], declared: Set<string>): string[] {
  return keys.filter((key) => !declared.has(key)).map((key) => `${key} of ${rows}`)
}

function slowAsFailed({ arc__slow, ...row }: ProviderRow): ProviderRow {
  return { ...row, arc__failed: Math.round((Number(row.arc__failed) + Number(arc__slow)) * 1e6) / 1e6 }
}

/** Returns nodes without an edge: the provider stores them and never returns them. */
export function isolatedNodes({ nodes, edges }: ProviderGraph): ProviderRow[] {
  const touched = new Set(edges.flatMap(({ source, target }) => [source, target]))
  return nodes.filter(({ id }) => !touched.has(id))
}
