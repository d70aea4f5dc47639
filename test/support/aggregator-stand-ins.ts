import { type BuildSettings, createAggregator } from '../../src/builds/aggregation/aggregator.ts'
import type { GraphDocument } from '../../src/model/graph-document.ts'
import { defaultParameters } from '../../src/model/parameters.ts'
import type { GraphSink, SinkReport } from '../../src/sinks/graph-sink.ts'
import { createGraphStore } from '../../src/sinks/graph-store.ts'
import type { ReadReport, TraceSource } from '../../src/sources/trace-source.ts'
import { spanTable, type TestSpan } from './graph/test-spans.ts'

/** 2025-06-01T10:00:00Z */
export const nowMs = 1_748_772_000_000

type Read = TraceSource['read']

/** A source in memory that counts its reads; each can be held back until `release`. */
export function newSource(traces: TestSpan[][], some: Partial<ReadReport> = {}) {
  const source = {
    name: 'embedded' as const,
    traces,
    report: some,
    reads: [] as { query: Parameters<Read>[0]; signal: AbortSignal }[],
    underWay: 0,
    most: 0,
    /** Set: reads wait for it, or for their signal. */
    gate: undefined as Promise<void> | undefined,
    failure: undefined as Error | undefined,
    async read(...[query, consumer, { signal, onProgress }]: Parameters<Read>): Promise<ReadReport> {
      source.reads.push({ query, signal })
      source.most = Math.max(source.most, ++source.underWay)
      try {
        onProgress?.({ fraction: 0.5, slices: 0, traces: 0, spans: 0, requests: 1 })
        await abortable(source.gate, signal)
        if (source.failure) throw source.failure
      } finally {
        source.underWay--
      }
      for (const [index, spans] of source.traces.entries()) {
        consumer.add(spanTable(consumer.strings, index + 1, spans))
      }
      return {
        ...emptyReport,
        traces: source.traces.length,
        spans: source.traces.flat().length,
        searched: query.window,
        ...source.report,
      }
    },
    async check() {},
    async close() {},
  }
  return source
}

const emptyReport: ReadReport = {
  traces: 0,
  spans: 0,
  requests: 3,
  retries: 1,
  bytes: 1000,
  slices: 2,
  outsideWindow: 4,
  beganEarlier: 0,
  spansLeftOut: 0,
  untimedTraces: 0,
  suspects: 5,
  repaired: 6,
  incomplete: 0,
  truncated: false,
  searched: { fromMs: 0, toMs: 1 },
  traceql: '{ }',
  unavailable: [],
  warnings: [],
}

/** A sink that keeps its graphs and returns a prepared report. */
function newSink(name: string) {
  const sink = {
    name,
    documents: [] as GraphDocument[],
    removed: [] as string[],
    restore: async ({ name }: GraphDocument) => void sink.back.push(name),
    back: [] as string[],
    report: {} as Partial<SinkReport>,
    async replace(document: GraphDocument): Promise<SinkReport> {
      // A document never changes once a sink has it.
      deepFreeze(document)
      sink.documents.push(document)
      const state = document.nodes.length === 0 ? 'cleared' : 'stored'
      return {
        sink: name,
        state,
        verified: true,
        attempts: 1,
        isolatedNodes: 0,
        warnings: [],
        ...sink.report,
      }
    },
    async remove(graph: string) {
      sink.removed.push(graph)
      return sink.removed.length === 1
    },
    async check() {},
    async close() {},
  }
  return sink satisfies GraphSink
}

interface SetUp {
  report?: Partial<ReadReport>
  deadlineSec?: number
  maxConcurrent?: number
  graphs?: BuildSettings['graphs']
}

export function setUp(
  traces: TestSpan[][],
  { report = {}, deadlineSec = 60, maxConcurrent = 8, graphs }: SetUp = {},
) {
  const source = newSource(traces, report)
  const store = createGraphStore()
  const sinks = [newSink('first'), newSink('second')] as const
  const aggregator = createAggregator({
    source,
    store,
    sinks: [...sinks],
    settings: () => ({ defaults: { ...defaultParameters, graph: 'shop' }, graphs }),
    deadlineSec,
    maxConcurrent,
    limits: { maxSpans: 1e9, maxBytes: 1e9 },
    maxPreviews: 2,
    maxQueued: 1,
    now: () => nowMs,
  })
  return { source, store, sinks, aggregator }
}

export const live = () => ({ signal: new AbortController().signal })

export function gate(): { promise: Promise<void>; open: () => void } {
  let open = () => {}
  const promise = new Promise<void>((resolve) => {
    open = resolve
  })
  return { promise, open }
}

function deepFreeze(value: unknown): void {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return
  Object.freeze(value)
  for (const part of Object.values(value)) deepFreeze(part)
}

async function abortable(promise: Promise<void> | undefined, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted()
  await new Promise<void>((resolve, reject) => {
    signal.addEventListener('abort', () => reject(signal.reason), { once: true })
    promise === undefined ? resolve() : promise.then(resolve)
  })
}
