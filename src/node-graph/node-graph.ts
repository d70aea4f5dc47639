import { createHash } from 'node:crypto'
import { runToEnd, type Steps } from '../graph/columns/steps.ts'
import type { Graph, GraphEdge, GraphNode } from '../graph/graph.ts'
import type { Red } from '../graph/totals/red.ts'
import type { FailureRule } from '../model/failure-rules.ts'
import type { EdgeRow, NodeGraph, NodeRow } from '../model/node-graph-rows.ts'
import { criticalPathText, latencyText, patternText, sidesText, trafficText } from './detail-texts.ts'
import { failedTerm } from './failed-term.ts'
import { viaSeparator } from './merge-rows.ts'
import { NodeNaming, type NodeNamingOptions } from './node-naming.ts'
import { arcs, criticalPathShare, edgeNumbers, type GraphTotals, meanMs, rowNumbers } from './row-numbers.ts'
import { edgeTraceql, nodeTraceql, type TagAttribute } from './row-traceql.ts'

export interface NodeGraphOptions extends NodeNamingOptions {
  /** Length of the window, s; for rates. */
  windowSec: number
  /** The attribute whose values are tag nodes. @default resource.service.name */
  tag?: TagAttribute
  /** Rules that decide by HTTP and gRPC codes which calls failed. @default none */
  failures?: readonly FailureRule[] | undefined
}

const serviceName: TagAttribute = { scope: 'resource', key: 'service.name' }

/** Writes a graph as rows for Grafana and programs. Ids equal those of the Python demo, for dashboards made for it. */
export function toNodeGraph(graph: Graph, options: NodeGraphOptions): NodeGraph {
  return runToEnd(toNodeGraphInSteps(graph, options))
}

/** Does the same in small steps, so that the event loop is not blocked. */
export function* toNodeGraphInSteps(graph: Graph, options: NodeGraphOptions): Steps<NodeGraph> {
  const ids = yield* nodeIds(graph.nodes)
  const { tag = serviceName, failures = [] } = options
  const failed = failedTerm(failures)
  const naming = new NodeNaming(graph.nodes, options)
  const totals = { windowSec: options.windowSec, endToEndNs: graph.endToEndNs }
  const nodes: NodeRow[] = []
  for (const [index, node] of graph.nodes.entries()) {
    const traceql = {
      traceql: nodeTraceql(node, tag, naming),
      traceqlFailed: node.failed > 0 ? nodeTraceql(node, tag, naming, failed) : '',
    }
    nodes.push(nodeRow(node, ids[index] as string, naming, totals, traceql))
    yield
  }
  const edges: EdgeRow[] = []
  for (const edge of graph.edges) {
    const [caller, callee] = [graph.nodes[edge.source] as GraphNode, graph.nodes[edge.target] as GraphNode]
    const traceql = {
      traceql: edgeTraceql(edge, caller, callee, tag, naming),
      traceqlFailed: edge.failed > 0 ? edgeTraceql(edge, caller, callee, tag, naming, failed) : '',
    }
    edges.push(edgeRow(edge, ids[edge.source] as string, ids[edge.target] as string, totals, traceql))
    yield
  }
  return { nodes, edges }
}

/** Assigns ids. The demo's key is ambiguous (an operation may be called "service"): the second node gets another id. */
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
  const { role, folds, title, parts = [], operation } = node
  if (role === 'other') return md5(JSON.stringify([role, folds, title, ...parts]))
  const demoId = md5([title, ...parts, idSuffix(node)].join('##'))
  return taken.has(demoId) ? md5(JSON.stringify([role, title, operation, ...parts])) : demoId
}

function idSuffix({ role, operation }: GraphNode): string {
  if (role === 'operation') return operation
  // In the demo the tag was always service.name, and the node of a value was the node of the service.
  return role === 'tag' ? 'service' : role
}

const md5 = (text: string) => createHash('md5').update(text).digest('hex')

type Queries = Pick<NodeRow, 'traceql' | 'traceqlFailed'>

function nodeRow(
  node: GraphNode,
  id: string,
  naming: NodeNaming,
  totals: GraphTotals,
  traceql: Queries,
): NodeRow {
  return {
    id,
    title: node.title,
    subTitle: naming.subTitleOf(node),
    mainStat: node.count,
    secondaryStat: meanMs(node),
    ...arcs(node),
    detail__role: node.role,
    detail__named_by: node.namedBy?.[0]?.attribute ?? '',
    detail__traffic: trafficText(node, totals.windowSec),
    detail__latency: latencyText(node),
    detail__critical_path: criticalPathText(criticalPathShare(node, totals)),
    detail__self_calls: String(node.selfCalls),
    ...traceLinks(node),
    ...rowNumbers(node, totals),
    selfCalls: node.selfCalls,
    group: node.group ?? '',
    operation: node.role === 'operation' ? node.operation : '',
    identity: naming.identityOf(node),
    exemplars: { ...node.exemplars },
    ...traceql,
  }
}

function edgeRow(
  edge: GraphEdge,
  source: string,
  target: string,
  totals: GraphTotals,
  traceql: Queries,
): EdgeRow {
  return {
    id: `${source}_${target}`,
    source,
    target,
    mainStat: edge.count,
    secondaryStat: meanMs(edge),
    detail__traffic: trafficText(edge, totals.windowSec),
    detail__latency: latencyText(edge),
    detail__critical_path: criticalPathText(criticalPathShare(edge, totals)),
    detail__sides: sidesText(edge.sides),
    detail__via: (edge.via ?? []).join(viaSeparator),
    detail__pattern: patternText(edge.pattern),
    ...traceLinks(edge),
    ...rowNumbers(edge, totals),
    ...edgeNumbers(edge),
    exemplars: { ...edge.exemplars },
    ...traceql,
  }
}

/** Returns trace ids for the links of a dashboard. */
function traceLinks({ exemplars }: Red) {
  return {
    detail__trace_slowest: exemplars.slowest ?? '',
    detail__trace_failed: exemplars.failed ?? '',
    detail__trace_typical: exemplars.typical ?? '',
  }
}
