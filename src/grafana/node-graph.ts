import { createHash } from 'node:crypto'
import { type Static, Type } from 'typebox'
import type { Graph, GraphEdge, GraphNode } from '../graph/graph.ts'

const share = (description: string) => Type.Number({ minimum: 0, maximum: 1, description })
const figures = {
  count: Type.Integer({ minimum: 1, description: 'Calls' }),
  failed: Type.Integer({ minimum: 0, description: 'Calls with status ERROR' }),
  slow: Type.Integer({ minimum: 0, description: 'Calls over the threshold that did not fail' }),
  meanMs: Type.Number({ minimum: 0, description: 'Mean duration of a call, ms' }),
  p50Ms: Type.Number({ minimum: 0, description: 'Median duration of a call, ms; within 1 %' }),
  p95Ms: Type.Number({
    minimum: 0,
    description: 'Duration that 95 % of the calls do not exceed, ms; within 1 %',
  }),
  p99Ms: Type.Number({
    minimum: 0,
    description: 'Duration that 99 % of the calls do not exceed, ms; within 1 %',
  }),
  perSec: Type.Number({ minimum: 0, description: 'Calls per second of the window' }),
  criticalPathShare: share('Share of end-to-end time spent here while the whole trace waited for it'),
}

/** A row of the nodes frame of Grafana's Node graph panel, and the same figures for programs. */
export const NodeRow = Type.Object(
  {
    id: Type.String(),
    title: Type.String({ description: 'service.name, the value of the tag, or the name of a peer' }),
    subTitle: Type.String({ description: 'Span name; of a node that has none, what it is' }),
    mainStat: Type.Number({ description: 'Calls' }),
    secondaryStat: Type.Number({ description: 'Mean duration, ms' }),
    arc__failed: share('Share of calls that failed'),
    arc__slow: share('Share of calls that were slow'),
    arc__passed: share('The rest; the three add up to 1'),
    detail__role: Type.Union(
      [
        Type.Literal('operation'),
        Type.Literal('tag'),
        Type.Literal('service'),
        Type.Literal('database'),
        Type.Literal('messaging'),
        Type.Literal('external'),
      ],
      { description: 'The last three send no spans: their callers name them' },
    ),
    detail__source: Type.String({
      description: "The attribute that named a node which sends no spans, else ''",
    }),
    detail__traffic: Type.String({ description: 'Calls and rate, in words' }),
    detail__latency: Type.String({ description: 'Percentiles of the duration, in words' }),
    detail__critical_path: Type.String({ description: 'Share of end-to-end time, in words' }),
    detail__self_calls: Type.String({ description: 'Calls from the node to itself; no edge shows them' }),
    ...figures,
    selfCalls: Type.Integer({ minimum: 0 }),
  },
  { $id: 'NodeRow', additionalProperties: false },
)
export type NodeRow = Static<typeof NodeRow>

/** A row of the edges frame: calls from `source` to `target`. */
export const EdgeRow = Type.Object(
  {
    id: Type.String(),
    source: Type.String({ description: 'id of the caller' }),
    target: Type.String({ description: 'id of the callee' }),
    mainStat: Type.Number({ description: 'Calls' }),
    secondaryStat: Type.Number({ description: 'Mean duration of the callee, ms' }),
    detail__traffic: Type.String({ description: 'Calls and rate, in words' }),
    detail__latency: Type.String({ description: 'Percentiles of the duration, in words' }),
    detail__critical_path: Type.String({ description: 'Share of end-to-end time, in words' }),
    ...figures,
  },
  { $id: 'EdgeRow', additionalProperties: false },
)
export type EdgeRow = Static<typeof EdgeRow>

/** What Grafana draws: every edge's ends are nodes, ids are unique, rows are in a fixed order. */
export interface NodeGraph {
  nodes: NodeRow[]
  edges: EdgeRow[]
}

export interface NodeGraphOptions {
  /** Length of the time that was read, s; for rates. */
  windowSec: number
  /** subTitle of tag nodes and services. */
  tagNodeSubTitle: string
}

/** Ids are the Python demo's, so that dashboards made for it keep working. */
export function toNodeGraph(graph: Graph, options: NodeGraphOptions): NodeGraph {
  const ids = nodeIds(graph.nodes)
  const whole = { ...options, endToEndNs: graph.endToEndNs }
  return {
    nodes: graph.nodes.map((node, index) => nodeRow(node, ids[index] as string, whole)),
    edges: graph.edges.map((edge) =>
      edgeRow(edge, ids[edge.source] as string, ids[edge.target] as string, whole),
    ),
  }
}

/** The demo's key is ambiguous (an operation may be called "service"): who comes second gets another. */
function nodeIds(nodes: GraphNode[]): string[] {
  const taken = new Set<string>()
  return nodes.map((node) => {
    const demoId = md5(`${node.title}##${idSuffix(node)}`)
    const id = taken.has(demoId) ? md5(JSON.stringify([node.role, node.title, node.operation])) : demoId
    taken.add(id)
    return id
  })
}

function idSuffix({ role, operation }: GraphNode): string {
  if (role === 'operation') return operation
  // The demo's node for a value of the tag, which was always the service name, is the node of the service.
  return role === 'tag' ? 'service' : role
}

function subTitleOf({ role, operation }: GraphNode, { tagNodeSubTitle }: NodeGraphOptions): string {
  if (role === 'operation') return operation
  return role === 'tag' || role === 'service' ? tagNodeSubTitle : role
}

const md5 = (text: string) => createHash('md5').update(text).digest('hex')

/** What figures are relative to. */
interface Whole extends NodeGraphOptions {
  endToEndNs: number
}

function nodeRow(node: GraphNode, id: string, whole: Whole): NodeRow {
  const arcFailed = rounded(node.failed / node.count, 6)
  // Where both round up, as 0.0000005 and 0.9999995 do, they would exceed 1.
  const arcSlow = Math.min(rounded(node.slow / node.count, 6), rounded(1 - arcFailed, 6))
  return {
    id,
    title: node.title,
    subTitle: subTitleOf(node, whole),
    mainStat: node.count,
    secondaryStat: meanMs(node),
    arc__failed: arcFailed,
    arc__slow: arcSlow,
    arc__passed: rounded(1 - arcFailed - arcSlow, 6),
    detail__role: node.role,
    detail__source: node.source ?? '',
    detail__traffic: traffic(node, whole),
    detail__latency: latency(node),
    detail__critical_path: percent(criticalPathShare(node, whole)),
    detail__self_calls: String(node.selfCalls),
    ...figuresOf(node, whole),
    selfCalls: node.selfCalls,
  }
}

function edgeRow(edge: GraphEdge, source: string, target: string, whole: Whole): EdgeRow {
  return {
    id: `${source}_${target}`,
    source,
    target,
    mainStat: edge.count,
    secondaryStat: meanMs(edge),
    detail__traffic: traffic(edge, whole),
    detail__latency: latency(edge),
    detail__critical_path: percent(criticalPathShare(edge, whole)),
    ...figuresOf(edge, whole),
  }
}

function figuresOf(red: GraphNode | GraphEdge, whole: Whole) {
  const { count, failed, slow } = red
  return {
    count,
    failed,
    slow,
    meanMs: meanMs(red),
    p50Ms: inMs(red.p50Ns),
    p95Ms: inMs(red.p95Ns),
    p99Ms: inMs(red.p99Ns),
    perSec: rounded(count / whole.windowSec, 6),
    criticalPathShare: rounded(criticalPathShare(red, whole), 6),
  }
}

/** 0 where no trace has a root: nobody knows what was waited for. */
const criticalPathShare = ({ criticalPathNs }: GraphNode | GraphEdge, { endToEndNs }: Whole) =>
  endToEndNs === 0 ? 0 : criticalPathNs / endToEndNs

/** A share in words; "0 %" is none at all. */
function percent(share: number): string {
  return share > 0 && share < 0.0005 ? '<0.1 %' : `${rounded(share * 100, 1)} %`
}

const inMs = (durationNs: number) => rounded(durationNs / 1e6, 6)
const meanMs = (red: GraphNode | GraphEdge) => inMs(red.meanNs)

/** More than three digits would promise more than a percentile within 1 % can keep. */
function latency({ p50Ns, p95Ns, p99Ns }: GraphNode | GraphEdge): string {
  const [p50, p95, p99] = [p50Ns, p95Ns, p99Ns].map((ns) => `${Number((ns / 1e6).toPrecision(3))} ms`)
  return `p50 ${p50}, p95 ${p95}, p99 ${p99}`
}

function traffic(red: GraphNode | GraphEdge, { windowSec }: NodeGraphOptions): string {
  const words = `${red.count} ${red.count === 1 ? 'call' : 'calls'}, ${rounded(red.count / windowSec, 3)}/s`
  return red.failed === 0 ? words : `${words}, ${red.failed} failed`
}

/** Rounded to `digits` decimals, and never -0. */
function rounded(value: number, digits: number): number {
  const scale = 10 ** digits
  return Math.round(value * scale) / scale + 0
}
