import type { StringTable } from '../../graph/columns/string-table.ts'
import type { GraphBuilder } from '../../graph/graph-builder.ts'
import { maxExamples } from '../../graph/trace/span-counts.ts'
import type { ReadOptions, ReadReport, TraceQuery, TraceSource, Window } from '../../sources/trace-source.ts'
import { ReusableSlices } from './reusable-slices.ts'
import { SlicedTraces, sumOf, type TraceSlice } from './sliced-traces.ts'

export interface IncrementalReadsOptions {
  source: TraceSource
  /** How long after a span its trace may change, s: every read repeats this part of the window. */
  lateSec: number
  /** Time after which the whole window is read again, s: this finds traces that changed even later. */
  readAllSec: number
  /** Unix ms. */
  now: () => number
}

/** A read of one graph. */
export interface IncrementalRead {
  /** Name of the graph. Each graph has its own slices. */
  graph: string
  /** Everything that the graph depends on, except its window. */
  key: string
  query: TraceQuery
  newStrings: () => StringTable
  newBuilder: (strings: StringTable) => GraphBuilder
}

/** The whole window in one builder, and the report of the read. */
export interface ReadGraph {
  builder: GraphBuilder
  report: ReadReport
}

/** Most slices of a window, each of whole minutes. Each slice is a graph in memory, and so are sums of slices. */
const maxSlices = 120
const minuteMs = 60_000

interface KeptWindow {
  key: string
  slices: ReusableSlices
  readAllAtMs: number
  /** Of the last read. */
  spansPerSec?: number
}

/**
 * Reads a moving window again and again, each time only the part that is new. The graphs of older slices are kept and
 * added up. The result equals that of a full read.
 */
export class IncrementalReads {
  private readonly options: IncrementalReadsOptions
  private readonly kept = new Map<string, KeptWindow>()

  constructor(options: IncrementalReadsOptions) {
    this.options = options
  }

  /**
   * Reads the new part of a window, which starts on the edge of a slice.
   *
   * @returns a report with the requests, bytes and slices of this read; `reusedTraces` counts the traces not read
   * @throws as `TraceSource.read`; the kept slices stay
   */
  async read(request: IncrementalRead, options: ReadOptions): Promise<ReadGraph> {
    const { fromMs, toMs } = request.query.window
    const sliceMs = Math.max(1, Math.ceil((toMs - fromMs) / maxSlices / minuteMs)) * minuteMs
    const window = { fromMs: Math.floor(fromMs / sliceMs) * sliceMs, toMs }
    const kept = this.keptOf(request, sliceMs)
    const resumeMs = kept.slices.resumeMs(window)
    if (resumeMs > window.fromMs) {
      const result = await this.readFrom(resumeMs, window, sliceMs, kept, request, options)
      if (result) return result
      kept.slices.forget()
    }
    kept.readAllAtMs = this.options.now()
    return (await this.readFrom(window.fromMs, window, sliceMs, kept, request, options)) as ReadGraph
  }

  /** Forgets the slices of a graph. */
  forget(graph: string): void {
    this.kept.delete(graph)
  }

  private keptOf({ graph, key, newBuilder, newStrings }: IncrementalRead, sliceMs: number): KeptWindow {
    const { now, lateSec, readAllSec } = this.options
    const wholeKey = `${sliceMs} ${key}`
    let kept = this.kept.get(graph)
    if (kept?.key !== wholeKey || now() - kept.readAllAtMs >= readAllSec * 1000) {
      const slices = new ReusableSlices({
        sliceMs,
        lateMs: lateSec * 1000,
        newBuilder: () => newBuilder(newStrings()),
      })
      kept = { key: wholeKey, slices, readAllAtMs: 0 }
      this.kept.set(graph, kept)
    }
    return kept
  }

  /** @returns undefined if the kept slices are out of date or a limit was reached: the whole window must be read */
  private async readFrom(
    resumeMs: number,
    window: Window,
    sliceMs: number,
    last: KeptWindow,
    { query, newStrings, newBuilder }: IncrementalRead,
    options: ReadOptions,
  ): Promise<ReadGraph | undefined> {
    const read = new SlicedTraces(sliceMs, resumeMs, newStrings(), newBuilder)
    const kept = last.slices
    const isPart = resumeMs > window.fromMs
    const expected = isPart ? { expectedSpansPerSec: last.spansPerSec } : {}
    const newer = { ...query, window: { fromMs: resumeMs, toMs: window.toMs } }
    // The kept slices are added up while the source reads.
    const both = [
      kept.within(window).then((slices) => sumOf(slices, newBuilder(newStrings()))),
      this.options.source.read(newer, read, { ...options, ...expected }),
    ] as const
    // Waits for the sum even if the read fails at once: the next read may change the kept slices.
    await Promise.allSettled(both)
    const [reused, report] = await Promise.all(both)
    last.spansPerSec = (report.spans * 1000) / Math.max(1, window.toMs - resumeMs)
    const traces = reused.traces + report.traces
    const spans = reused.spans + report.spans
    const { maxSpans = Number.POSITIVE_INFINITY } = options.limits ?? {}
    const isOver = report.truncated || traces >= query.limit || spans > maxSpans
    if (isPart && (isOver || kept.isOutdatedBy(read, window))) return undefined
    const { builder, incomplete } = await sumOf([reused, ...read.slices.values()], newBuilder(newStrings()))
    const isAttributed = incomplete - reused.incomplete === report.incomplete
    const leftOut = isPart ? kept.leftOut(window, read).report() : undefined
    if (isOver || !isAttributed) kept.forget()
    else kept.keep(window, read, report.searched.toMs)
    if (!isPart) return { builder, report }
    const inside = [...read.before.values()].filter(({ startMs }) => startMs >= window.fromMs).length
    const outsideWindow = Math.max(leftOut?.beganEarlier ?? 0, report.outsideWindow - inside)
    return {
      builder,
      report: {
        ...wholeReport(report, reused),
        ...leftOut,
        outsideWindow,
        searched: { ...report.searched, fromMs: window.fromMs },
      },
    }
  }
}

/** Returns the report for the whole window. */
function wholeReport(report: ReadReport, reused: TraceSlice): ReadReport {
  const { incomplete, incompleteIds } = reused
  const warning = `${incomplete} reused ${incomplete === 1 ? 'trace lacks' : 'traces lack'} spans that could not be read.`
  return {
    ...report,
    traces: report.traces + reused.traces,
    spans: report.spans + reused.spans,
    incomplete: report.incomplete + incomplete,
    incompleteTraceIds: [...(report.incompleteTraceIds ?? []), ...incompleteIds.values()].slice(
      0,
      maxExamples,
    ),
    reusedTraces: reused.traces,
    warnings: incomplete > 0 ? [...report.warnings, warning] : report.warnings,
  }
}
