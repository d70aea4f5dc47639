import type { GraphDocument } from '../../src/model/graph-document.ts'
import type { EdgeRow, NodeRow } from '../../src/model/node-graph-rows.ts'
import { defaultParameters } from '../../src/model/parameters.ts'

/** Calls by caller and callee: `{ 'shop -> cart': 3 }`. Nodes that no call names are given in `nodes`. */
export interface Sketch {
  calls?: Record<string, number>
  nodes?: string[]
  /** Title by node id, where it is not the id. */
  titles?: Record<string, string>
}

/** A document whose nodes count incoming and outgoing calls. One call in ten fails, two are slow. */
export function graphDocument(name: string, { calls = {}, nodes = [], titles = {} }: Sketch): GraphDocument {
  const edges = Object.entries(calls).map(([pair, count]) => edgeRow(pair.split(' -> '), count))
  const ids = [...new Set([...nodes, ...edges.flatMap(({ source, target }) => [source, target])])]
  const rows = ids.map((id) => nodeRow(id, titles[id] ?? id, callsAt(id, edges)))
  return { name, builtAt, summary: summaryOf(name, rows.length, edges.length), nodes: rows, edges }
}

/** A chain with cross links: each of `nodes` nodes but the first is called. */
export function largeDocument(name: string, nodes: number, titleOf = (index: number) => `service ${index}`) {
  const calls: Record<string, number> = {}
  const titles: Record<string, string> = {}
  for (let index = 0; index < nodes; index++) {
    titles[`n${index}`] = titleOf(index)
    if (index > 0) calls[`n${index - 1} -> n${index}`] = index
    if (index > 1) calls[`n0 -> n${index}`] = 2 * index
  }
  return graphDocument(name, { calls, titles })
}

const builtAt = '2026-05-01T12:00:00.000Z'

const callsAt = (id: string, edges: EdgeRow[]) =>
  edges.reduce((sum, edge) => (edge.source === id || edge.target === id ? sum + edge.count : sum), 0)

function nodeRow(id: string, title: string, calls: number): NodeRow {
  const count = calls || 1
  return {
    id,
    title,
    subTitle: `GET /${title}`,
    mainStat: count,
    secondaryStat: 12.345678,
    arc__failed: 0.1,
    arc__slow: 0.2,
    arc__passed: 0.7,
    detail__role: 'operation',
    detail__traffic: `${count} calls`,
    detail__latency: 'p50 12 ms, p95 20 ms, p99 30 ms',
    detail__critical_path: '25 %',
    detail__self_calls: '0',
    detail__named_by: '',
    ...figures(count),
    selfCalls: 0,
    group: '',
    operation: `GET /${title}`,
    identity: { 'service.name': title },
  }
}

function edgeRow([source = '', target = '']: string[], count: number): EdgeRow {
  const words = {
    mainStat: count,
    secondaryStat: 0.5,
    detail__traffic: `${count} calls`,
    detail__latency: 'p95 20 ms',
    detail__critical_path: '25 %',
    detail__sides: 'client 12 ms, server 10 ms, gap 2 ms',
    detail__via: '',
    detail__pattern: '',
  }
  const sides = {
    clientMeanMs: 12,
    serverMeanMs: 10,
    gapMeanMs: 2,
    callsPerParent: 1,
    retries: 0,
    messages: 0,
  }
  return { id: `${source}_${target}`, source, target, ...words, ...figures(count), ...sides }
}

const figures = (count: number) => {
  const percentiles = { p50Ms: 12, p95Ms: 20, p99Ms: 30 }
  return {
    count,
    adjustedCount: count,
    adjustedCountLow: count,
    adjustedCountHigh: count,
    failed: 0,
    adjustedFailed: 0,
    adjustedFailedLow: 0,
    adjustedFailedHigh: 0,
    slow: 0,
    meanMs: 12.345678,
    ...percentiles,
    perSec: count / 60,
    criticalPathShare: 0.25,
    ...exemplars,
  }
}

function summaryOf(graph: string, nodes: number, edges: number): GraphDocument['summary'] {
  return {
    graph,
    status: nodes === 0 ? 'empty' : 'complete',
    builtAt,
    parameters: defaultParameters,
    window: { from: '2026-05-01T11:00:00.000Z', to: builtAt, seconds: 3600 },
    source: 'embedded',
    traceql: null,
    read: {
      traces: 0,
      spans: 0,
      slices: 1,
      requests: 0,
      retries: 0,
      bytes: 0,
      outsideWindow: 0,
      suspects: 0,
      repaired: 0,
      incomplete: 0,
      unavailable: [],
      truncated: false,
    },
    spans: {
      counted: 0,
      duplicates: 0,
      withoutService: 0,
      roots: 0,
      orphans: 0,
      cycles: 0,
      selfCalls: 0,
      edgeCalls: 0,
      skewed: 0,
      badWeights: 0,
      doubled: 0,
      unnamedPeers: 0,
    },
    built: { nodes, edges },
    sinks: [],
    phasesMs: { read: 0, build: 0, publish: 0, total: 0 },
    warnings: [],
  }
}

const exemplars = {
  detail__trace_slowest: '000000000000000000000000000000a1',
  detail__trace_failed: '',
  detail__trace_typical: '000000000000000000000000000000a2',
  exemplars: {
    slowest: '000000000000000000000000000000a1',
    failed: null,
    typical: '000000000000000000000000000000a2',
  },
  traceql: '{ name = "GET /" }',
  traceqlFailed: '',
}
