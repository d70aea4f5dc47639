import type { Test } from 'tap'
import { TtaError } from '../../src/base/errors.ts'
import type { Aggregator } from '../../src/builds/aggregation/aggregator.ts'
import { createJobs } from '../../src/builds/jobs/jobs.ts'
import type { AcceptedTokens } from '../../src/http/access/token-check.ts'
import type { Dependency } from '../../src/http/routes/health.ts'
import { createServer } from '../../src/http/server/server.ts'
import type { GraphDocument } from '../../src/model/graph-document.ts'
import { type AggregationParameters, defaultParameters } from '../../src/model/parameters.ts'
import type { AggregationSummary } from '../../src/model/summary.ts'
import { createLogger } from '../../src/operations/logger.ts'
import { createGraphStore } from '../../src/sinks/graph-store.ts'

export const builtAt = '2025-06-01T10:00:00.000Z'

export function summaryOf(graph: string): AggregationSummary {
  return {
    graph,
    status: 'complete',
    builtAt,
    parameters: { graph, searchMode: 'all', from: 1748770000, useTagAsNode: false },
    window: { from: '2025-06-01T09:00:00.000Z', to: builtAt, seconds: 3600 },
    source: 'embedded',
    traceql: null,
    read: {
      traces: 2,
      spans: 3,
      slices: 1,
      requests: 1,
      retries: 0,
      bytes: 100,
      outsideWindow: 0,
      suspects: 0,
      repaired: 0,
      incomplete: 0,
      unavailable: [],
      truncated: false,
    },
    spans: {
      counted: 3,
      duplicates: 0,
      withoutService: 0,
      roots: 2,
      orphans: 0,
      cycles: 0,
      selfCalls: 0,
      edgeCalls: 1,
      skewed: 0,
      badWeights: 0,
      doubled: 0,
      unnamedPeers: 0,
    },
    built: { nodes: 2, edges: 1 },
    sinks: [
      { sink: 'embedded', state: 'stored', verified: true, attempts: 1, isolatedNodes: 0, warnings: [] },
    ],
    phasesMs: { read: 1.5, build: 0.5, publish: 0.25, total: 2.25 },
    warnings: ['a "quoted" warning'],
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

/** Two nodes and an edge; `title` tells one document from another. */
export function documentOf(name: string, title = 'cart'): GraphDocument {
  const percentiles = { p50Ms: 10, p95Ms: 11, p99Ms: 11 }
  const figures = {
    count: 2,
    adjustedCount: 2,
    adjustedCountLow: 2,
    adjustedCountHigh: 2,
    failed: 1,
    adjustedFailed: 1,
    adjustedFailedLow: 1,
    adjustedFailedHigh: 1,
    slow: 0,
    meanMs: 10.5,
    ...percentiles,
    perSec: 0.000556,
    criticalPathShare: 0.25,
    ...exemplars,
  }
  const node = {
    mainStat: 2,
    secondaryStat: 10.5,
    arc__failed: 0.5,
    arc__slow: 0,
    arc__passed: 0.5,
    detail__role: 'operation' as const,
    detail__traffic: '2 calls, 0.001/s, 1 failed',
    detail__latency: 'p50 10 ms, p95 11 ms, p99 11 ms',
    detail__critical_path: '25 %',
    detail__self_calls: '0',
    detail__named_by: '',
    ...figures,
    selfCalls: 0,
    group: '',
    operation: 'GET /cart',
    identity: { 'service.name': title },
  }
  return {
    name,
    builtAt,
    summary: summaryOf(name),
    nodes: [
      { id: 'a', title, subTitle: 'GET /cart 🛒', ...node },
      { id: 'b', title: 'db', subTitle: 'SELECT', ...node },
    ],
    edges: [
      {
        id: 'a_b',
        source: 'a',
        target: 'b',
        mainStat: 1,
        secondaryStat: 3,
        detail__traffic: '1 call, 0/s',
        detail__latency: 'p50 10 ms, p95 11 ms, p99 11 ms',
        detail__critical_path: '25 %',
        detail__sides: 'client 12 ms, server 10 ms, gap 2 ms',
        detail__via: '',
        detail__pattern: '',
        ...figures,
        clientMeanMs: 12,
        serverMeanMs: 10,
        gapMeanMs: 2,
        callsPerParent: 1,
        retries: 0,
        messages: 0,
      },
    ],
  }
}

interface Call {
  method: 'aggregate' | 'preview'
  parameters: AggregationParameters
  signal: AbortSignal
}

/**
 * The HTTP API over a real graph store and an aggregator that builds `documentOf` at once, keeping an account of
 * what it was asked.
 */
export async function startServer(
  t: Test,
  parts: {
    aggregator?: Partial<Aggregator>
    source?: Dependency
    sinks?: Dependency[]
    checkTimeoutMs?: number
    requestTimeoutMs?: number
    tokens?: AcceptedTokens
  } = {},
) {
  const store = createGraphStore()
  const calls: Call[] = []
  const lines: string[] = []
  const aggregator: Aggregator = {
    complete: (parameters) => ({ ...defaultParameters, ...parameters }),
    async aggregate(parameters, { signal, onStart }) {
      onStart?.()
      calls.push({ method: 'aggregate', parameters, signal })
      const document = documentOf(parameters.graph ?? 'micro')
      await store.replace(document, signal)
      return document.summary
    },
    async preview(parameters, { signal }) {
      calls.push({ method: 'preview', parameters, signal })
      return documentOf(parameters.graph ?? 'micro', 'preview')
    },
    async restore() {},
    async remove(graph, signal) {
      const existed = store.get(graph) !== undefined
      await store.remove(graph, signal)
      return existed
    },
    ...parts.aggregator,
  }
  const logger = createLogger('info', { write: (line) => void lines.push(line) })
  const jobs = createJobs({ aggregator, maxQueued: 2, now: Date.now, log: logger })
  const { checkTimeoutMs, requestTimeoutMs, tokens } = parts
  const app = await createServer({
    parts: {
      aggregator,
      jobs,
      store,
      source: parts.source ?? { name: 'embedded', check: async () => {} },
      sinks: parts.sinks ?? [store],
      checkTimeoutMs,
    },
    logger,
    bodyLimitBytes: 1_048_576,
    requestTimeoutMs,
    ...(tokens && { tokens }),
  })
  t.teardown(() => app.close())
  const put = async (document: GraphDocument) => store.replace(document, new AbortController().signal)
  const log = () => lines.map((line) => JSON.parse(line) as Record<string, unknown>)
  return { app, jobs, store, calls, put, log, rawLog: () => lines.join('') }
}

export const tempoDown = () =>
  new TtaError('TTA_TEMPO_UNAVAILABLE', 'Tempo did not answer', {
    cause: Object.assign(new Error('connect ECONNREFUSED 10.0.0.1:3200'), {
      options: { headers: { authorization: 'Basic s3cret' } },
    }),
  })
