import { createHash } from 'node:crypto'
import { runToEnd, type Steps } from '../graph/columns/steps.ts'
import type { Graph, GraphEdge, GraphNode } from '../graph/graph.ts'
import type { Red } from '../graph/totals/red.ts'
import type { EdgeRow, NodeGraph, NodeRow } from '../model/node-graph-rows.ts'
import { edgeFiguresOf, patternInWords, sidesInWords } from './edge-figures.ts'
import {
  arcs,
  criticalPath,
  criticalPathShare,
  figuresOf,
  latency,
  meanMs,
  traffic,
  type Whole,
} from './figures.ts'
import { findCallsAlong, findCallsOf, type TagAttribute } from './find-calls.ts'

export interface NodeGraphOptions {
  /** Length of the time that was read, s; for rates. */
  windowSec: number
  /** subTitle of tag nodes and services. */
  tagNodeSubTitle: string
  /** The tag whose values tag nodes are; `resource.service.name` if left out. */
  tag?: TagAttribute
}

const serviceName: TagAttribute = { scope: 'resource', key: 'service.name' }

/** Ids are the Python demo's, so that dashboards made for it keep working. */
export function toNodeGraph(graph: Graph, options: NodeGraphOptions): NodeGraph {
  return runToEnd(toNodeGraphInSteps(graph, options))
}

/** The same in small pieces. */
export function* toNodeGraphInSteps(graph: Graph, options: NodeGraphOptions): Steps<NodeGraph> {
  const ids = yield* nodeIds(graph.nodes)
  const { tag = serviceName } = options
  const whole = { windowSec: options.windowSec, endToEndNs: graph.endToEndNs }
  const nodes: NodeRow[] = []
  for (const [index, node] of graph.nodes.entries()) {
    const traceql = findCallsOf(node, tag)
    nodes.push(nodeRow(node, ids[index] as string, subTitleOf(node, options), whole, traceql))
    yield
  }
  const edges: EdgeRow[] = []
  for (const edge of graph.edges) {
    const [caller, callee] = [graph.nodes[edge.source] as GraphNode, graph.nodes[edge.target] as GraphNode]
    const traceql = findCallsAlong(edge, caller, callee, tag)
    edges.push(edgeRow(edge, ids[edge.source] as string, ids[edge.target] as string, whole, traceql))
    yield
  }
  return { nodes, edges }
}

/** The demo's key is ambiguous (an operation may be called "service"): who comes second gets another. */
function* nodeIds(nodes: GraphNode[]): Steps<string[]> {
  const taken = new Set<string>()
  const ids: string[] = []
  for (const node of nodes) {
    const id = nodeId(node, taken)
    taken.add(id)
    ids.push(id)
    yield
  }
  return ids
}

function nodeId(node: GraphNode, taken: Set<string>): string {
  if (node.role === 'other') return md5(JSON.stringify([node.role, node.folds, node.title]))
  const demoId = md5(`${node.title}##${idSuffix(node)}`)
  return taken.has(demoId) ? md5(JSON.stringify([node.role, node.title, node.operation])) : demoId
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

function nodeRow(node: GraphNode, id: string, subTitle: string, whole: Whole, traceql: string): NodeRow {
  return {
    id,
    title: node.title,
    subTitle,
    mainStat: node.count,
    secondaryStat: meanMs(node),
    ...arcs(node),
    detail__role: node.role,
    detail__source: node.source ?? '',
    detail__traffic: traffic(node, whole.windowSec),
    detail__latency: latency(node),
    detail__critical_path: criticalPath(criticalPathShare(node, whole)),
    detail__self_calls: String(node.selfCalls),
    ...traceLinks(node),
    ...figuresOf(node, whole),
    selfCalls: node.selfCalls,
    exemplars: { ...node.exemplars },
    traceql,
  }
}

function edgeRow(edge: GraphEdge, source: string, target: string, whole: Whole, traceql: string): EdgeRow {
  return {
    id: `${source}_${target}`,
    source,
    target,
    mainStat: edge.count,
    secondaryStat: meanMs(edge),
    detail__traffic: traffic(edge, whole.windowSec),
    detail__latency: latency(edge),
    detail__critical_path: criticalPath(criticalPathShare(edge, whole)),
    detail__sides: sidesInWords(edge.sides),
    detail__pattern: patternInWords(edge.pattern),
    ...traceLinks(edge),
    ...figuresOf(edge, whole),
    ...edgeFiguresOf(edge.sides, edge.pattern),
    exemplars: { ...edge.exemplars },
    traceql,
  }
}

/** For a dashboard to make links of. */
function traceLinks({ exemplars }: Red) {
  return {
    detail__trace_slowest: exemplars.slowest ?? '',
    detail__trace_failed: exemplars.failed ?? '',
    detail__trace_typical: exemplars.typical ?? '',
  }
}
