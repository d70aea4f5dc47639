import { StringTable } from '../../../src/graph/columns/string-table.ts'
import type { Graph } from '../../../src/graph/graph.ts'
import { GraphBuilder } from '../../../src/graph/graph-builder.ts'
import { SpanTable } from '../../../src/graph/spans/span-table.ts'
import type { TraceTree } from '../../../src/graph/trace/trace-tree.ts'
import { tagSelector } from '../../../src/sources/tag-selector.ts'
import { createTempoSource, type TempoSourceOptions } from '../../../src/sources/tempo/tempo-source.ts'
import type { ReadLimits, ReadProgress, ReadReport, Window } from '../../../src/sources/trace-source.ts'
import { attributeOf, type StoredSpan } from './stored-trace.ts'

export interface ReadingOptions extends Partial<TempoSourceOptions> {
  url: string
  window: Window
  tag?: string
  filter?: string
  countBy?: 'trace' | 'span'
  peers?: boolean
  query?: string | undefined
  limit?: number
  signal?: AbortSignal
  limits?: ReadLimits
  expectedSpansPerSec?: number
  onProgress?: (progress: ReadProgress) => void
  /** Called before each trace is added. */
  onAdd?: () => void
}

/** A builder with a node for each value of the tag. @param countedTime the time whose spans are counted; absent: all */
export const newBuilder = (countedTime?: Window) =>
  new GraphBuilder({ strings: new StringTable(), slowThresholdMs: 40, isTagNode: () => true, countedTime })

/** A source that retries without delay. */
export const newSource = (options: Pick<TempoSourceOptions, 'url'> & Partial<TempoSourceOptions>) =>
  createTempoSource({
    headers: {},
    timeoutMs: 10_000,
    maxAnswerBytes: 64e6,
    concurrency: 3,
    padSec: 60,
    lateSec: 120,
    maxLookups: 1000,
    retryDelayMs: 1,
    ...options,
  })

/** Reads a window through a new source, retries without delay, and closes the source. */
export async function readWindow(options: ReadingOptions): Promise<{ report: ReadReport; graph: Graph }> {
  const {
    window,
    tag = 'service.name',
    filter = '.*',
    countBy,
    peers,
    query,
    limit = 1e6,
    signal,
    limits,
    expectedSpansPerSec,
    onProgress,
    onAdd,
    ...own
  } = options
  const source = newSource(own)
  const builder = newBuilder(countBy === 'span' ? window : undefined)
  try {
    const consumer = {
      strings: builder.strings,
      add: (spans: SpanTable, tree?: TraceTree) => {
        onAdd?.()
        builder.add(spans, tree)
      },
      remove: (spans: SpanTable) => builder.remove(spans),
    }
    const asked = { selector: tagSelector(tag, filter), query, window, countBy, peers, limit }
    const report = await source.read(asked, consumer, {
      signal: signal ?? new AbortController().signal,
      limits,
      expectedSpansPerSec,
      onProgress,
    })
    return { report, graph: builder.finish() }
  } finally {
    await source.close()
  }
}

/** The spans of a trace as a table; `tag` as TraceQL spells it. */
export function tableOf(strings: StringTable, spans: StoredSpan[], tag = 'resource.service.name'): SpanTable {
  const table = new SpanTable(strings)
  const word = (hex: string, at: number) => Number.parseInt(hex.slice(at * 8, at * 8 + 8), 16)
  for (const span of spans) {
    for (let at = 0; at < 4; at++) table.traceId[at] = word(span.traceId, at)
    const row = table.addRow()
    table.spanIdHi[row] = word(span.spanId, 0)
    table.spanIdLo[row] = word(span.spanId, 1)
    table.parentIdHi[row] = word(span.parentId ?? '0'.repeat(16), 0)
    table.parentIdLo[row] = word(span.parentId ?? '0'.repeat(16), 1)
    table.startHi[row] = Number(span.startNs >> 32n)
    table.startLo[row] = Number(span.startNs & 0xffffffffn)
    table.durationNs[row] = span.durationNs
    table.kind[row] = span.kind ?? 0
    table.status[row] = span.status ?? 0
    table.name[row] = strings.internText(span.name)
    table.service[row] = strings.internText(span.service ?? '')
    table.tagValue[row] = strings.internText(String(attributeOf(span, tag) ?? ''))
  }
  return table
}

/** The graph of whole traces, built without a Tempo. @param countedTime the time whose spans are counted; absent: all */
export function graphOf(traces: StoredSpan[][], tag?: string, countedTime?: Window): Graph {
  const builder = newBuilder(countedTime)
  for (const spans of traces) builder.add(tableOf(builder.strings, spans, tag))
  return builder.finish()
}
