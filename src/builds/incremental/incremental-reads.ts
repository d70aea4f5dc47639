import type { StringTable } from '../../graph/columns/string-table.ts'
import type { GraphBuilder } from '../../graph/graph-builder.ts'
import { maxExamples } from '../../graph/trace/span-counts.ts'
import type { ReadOptions, ReadReport, TraceQuery, TraceSource, Window } from '../../sources/trace-source.ts'
import { KeptSlices } from './kept-slices.ts'
import { SlicedTraces } from './sliced-traces.ts'
import { sumOf, type TraceSlice } from './trace-slice.ts'

export interface IncrementalReadsOptions {
  source: TraceSource
  /** How long after a span its trace may still change, s: so much is read again each time. */
  lateSec: number
  /** After so long all is read again, s: what came later still is then seen too. */
  readAllSec: number
  /** Unix ms. */
  now: () => number
}

/** What is refreshed. */
export interface IncrementalRead {
  /** Whose slices: there is one set for each. */
  graph: string
  /** All that a graph depends on, but its window. */
  key: string
  query: TraceQuery
  newStrings: () => StringTable
  newBuilder: (strings: StringTable) => GraphBuilder
}

/** The whole window in one builder, and what it took. */
export interface ReadGraph {
  builder: GraphBuilder
  report: ReadReport
}

/** Most slices of a window, each of whole minutes: each is a graph in memory, and so are a few sums of them. */
const mostSlices = 120
const minuteMs = 60_000

interface Kept {
  key: string
  slices: KeptSlices
  readAllAtMs: number
  /** In the last read. */
  spansPerSec?: number
}

/**
 * Reads windows that move on again and again, and of each only what is new since the last time: the graphs of older
 * slices are kept and added up. The result is what a read of the whole window gives.
 */
export class IncrementalReads {
  private readonly options: IncrementalReadsOptions
  private readonly kept = new Map<string, Kept>()

  constructor(options: IncrementalReadsOptions) {
    this.options = options
  }

  /**
   * @returns a report in which requests, bytes and slices are those of this time, `reusedTraces` those that were kept;
   *   the window begins on a whole slice
   * @throws what `TraceSource.read` throws; what is kept stays
   */
  async read(refresh: IncrementalRead, options: ReadOptions): Promise<ReadGraph> {
    const { fromMs, toMs } = refresh.query.window
    const sliceMs = Math.max(1, Math.ceil((toMs - fromMs) / mostSlices / minuteMs)) * minuteMs
    const window = { fromMs: Math.floor(fromMs / sliceMs) * sliceMs, toMs }
    const kept = this.keptOf(refresh, sliceMs)
    const resumeMs = kept.slices.resumeMs(window)
    if (resumeMs > window.fromMs) {
      const refreshed = await this.readFrom(resumeMs, window, sliceMs, kept, refresh, options)
      if (refreshed) return refreshed
      kept.slices.forget()
    }
    kept.readAllAtMs = this.options.now()
    return (await this.readFrom(window.fromMs, window, sliceMs, kept, refresh, options)) as ReadGraph
  }

  /** Forgets what is kept of a graph. */
  forget(graph: string): void {
    this.kept.delete(graph)
  }

  private keptOf({ graph, key, newBuilder, newStrings }: IncrementalRead, sliceMs: number): Kept {
    const { now, lateSec, readAllSec } = this.options
    const wholeKey = `${sliceMs} ${key}`
    let kept = this.kept.get(graph)
    if (kept?.key !== wholeKey || now() - kept.readAllAtMs >= readAllSec * 1000) {
      const slices = new KeptSlices({
        sliceMs,
        lateMs: lateSec * 1000,
        newBuilder: () => newBuilder(newStrings()),
      })
      kept = { key: wholeKey, slices, readAllAtMs: 0 }
      this.kept.set(graph, kept)
    }
    return kept
  }

  /** @returns undefined where that does not give the whole window, though more was read before */
  private async readFrom(
    resumeMs: number,
    window: Window,
    sliceMs: number,
    last: Kept,
    { query, newStrings, newBuilder }: IncrementalRead,
    options: ReadOptions,
  ): Promise<ReadGraph | undefined> {
    const read = new SlicedTraces(sliceMs, resumeMs, newStrings(), newBuilder)
    const kept = last.slices
    const isPart = resumeMs > window.fromMs
    const expected = isPart ? { expectedSpansPerSec: last.spansPerSec } : {}
    const newer = { ...query, window: { fromMs: resumeMs, toMs: window.toMs } }
    // What is kept is added up while the source is waited for.
    const both = [
      kept.within(window).then((slices) => sumOf(slices, newBuilder(newStrings()))),
      this.options.source.read(newer, read, { ...options, ...expected }),
    ] as const
    // Also where the read fails at once: the next one may change what is kept.
    await Promise.allSettled(both)
    const [reused, report] = await Promise.all(both)
    last.spansPerSec = (report.spans * 1000) / Math.max(1, window.toMs - resumeMs)
    const traces = reused.traces + report.traces
    const spans = reused.spans + report.spans
    const { maxSpans = Number.POSITIVE_INFINITY } = options.limits ?? {}
    const isOver = report.truncated || traces >= query.limit || spans > maxSpans
    if (isPart && (isOver || kept.isOutdatedBy(read))) return undefined
    const { builder, incomplete } = await sumOf([reused, ...read.slices.values()], newBuilder(newStrings()))
    const isAttributed = incomplete - reused.incomplete === report.incomplete
    if (isOver || !isAttributed) kept.forget()
    else kept.keep(window, read, report.searched.toMs)
    if (!isPart) return { builder, report }
    return {
      builder,
      report: { ...wholeReport(report, reused), searched: { ...report.searched, fromMs: window.fromMs } },
    }
  }
}

/** The report of a read as one of the whole window. */
function wholeReport(report: ReadReport, reused: TraceSlice): ReadReport {
  const { incomplete: lacking, incompleteIds } = reused
  const warning = `${lacking} traces of what was read before lack spans that could not be had.`
  return {
    ...report,
    traces: report.traces + reused.traces,
    spans: report.spans + reused.spans,
    incomplete: report.incomplete + lacking,
    incompleteTraceIds: [...(report.incompleteTraceIds ?? []), ...incompleteIds.values()].slice(
      0,
      maxExamples,
    ),
    reusedTraces: reused.traces,
    warnings: lacking > 0 ? [...report.warnings, warning] : report.warnings,
  }
}
