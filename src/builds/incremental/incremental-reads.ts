import type { StringTable } from '../../graph/columns/string-table.ts'
import type { GraphBuilder } from '../../graph/graph-builder.ts'
import { maxExamples } from '../../graph/trace/span-counts.ts'
import type { LeftOutTraces } from '../../sources/left-out-traces.ts'
import type { ReadOptions, ReadReport, TraceQuery, TraceSource, Window } from '../../sources/trace-source.ts'
import { ReusableSlices } from './reusable-slices.ts'
import { SlicedTraces, sumOf, type TraceSlice } from './sliced-traces.ts'
import { TimeSlices } from './time-slices.ts'

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
/** Longest move of a window to the edge of a slice, ms: a schedule is not exact to the millisecond. */
const mostShiftMs = 1000
/** The part of a window before its first whole slice costs a read with its padding: fewer kept slices are not worth it. */
const slicesWorthHead = 3

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
   * Reads the parts of a window that are not kept. The window may be moved back by up to `mostShiftMs`, so that it starts
   * on the edge of a slice; its length stays.
   *
   * @returns a report with the requests, bytes and slices of this read; `reusedTraces` counts the traces not read
   * @throws as `TraceSource.read`; the kept slices stay
   */
  async read(request: IncrementalRead, options: ReadOptions): Promise<ReadGraph> {
    const { fromMs, toMs } = request.query.window
    const sliceMs = Math.max(1, Math.ceil((toMs - fromMs) / maxSlices / minuteMs)) * minuteMs
    const kept = this.keptOf(request, sliceMs)
    const { slices } = kept
    const window = slices.time.aligned({ fromMs, toMs }, mostShiftMs)
    const edgeMs = slices.time.edgeAfter(window.fromMs)
    const headSlices = edgeMs > window.fromMs ? slicesWorthHead : 0
    if (slices.resumeMs(window) > edgeMs + headSlices * sliceMs) {
      const result = await this.readNew(window, kept, request, options)
      if (result) return result
    }
    slices.forget()
    kept.readAllAtMs = this.options.now()
    return this.readAll(window, kept, request, options)
  }

  /** Forgets the slices of a graph. */
  forget(graph: string): void {
    this.kept.delete(graph)
  }

  private keptOf(
    { graph, key, query, newBuilder, newStrings }: IncrementalRead,
    sliceMs: number,
  ): KeptWindow {
    const { now, lateSec, readAllSec } = this.options
    const wholeKey = `${sliceMs} ${key}`
    let kept = this.kept.get(graph)
    if (kept?.key !== wholeKey || now() - kept.readAllAtMs >= readAllSec * 1000) {
      const slices = new ReusableSlices({
        time: new TimeSlices(query.window.fromMs, sliceMs),
        lateMs: lateSec * 1000,
        newBuilder: () => newBuilder(newStrings()),
      })
      kept = { key: wholeKey, slices, readAllAtMs: 0 }
      this.kept.set(graph, kept)
    }
    return kept
  }

  private async readAll(
    window: Window,
    kept: KeptWindow,
    { query, newStrings, newBuilder }: IncrementalRead,
    options: ReadOptions,
  ): Promise<ReadGraph> {
    const { slices } = kept
    const read = new SlicedTraces(slices.time, window.fromMs, newStrings(), newBuilder)
    const report = await this.options.source.read({ ...query, window }, read, options)
    kept.spansPerSec = (report.spans * 1000) / (window.toMs - window.fromMs)
    const { builder, incomplete } = await sumOf(read.slices.values(), newBuilder(newStrings()))
    const isOver = report.truncated || report.traces >= query.limit
    if (!isOver && incomplete === report.incomplete) slices.keep(window, read, report.searched.toMs)
    return { builder, report }
  }

  /** @returns undefined if the kept slices are out of date or a limit was reached: the whole window must be read */
  private async readNew(
    window: Window,
    kept: KeptWindow,
    { query, newStrings, newBuilder }: IncrementalRead,
    options: ReadOptions,
  ): Promise<ReadGraph | undefined> {
    const { slices } = kept
    const resumeMs = slices.resumeMs(window)
    const headPart = slices.headOf(window)
    const expected = { expectedSpansPerSec: kept.spansPerSec }
    const readPart = async (part: Window, partOptions: ReadOptions): Promise<PartRead> => {
      const read = new SlicedTraces(slices.time, part.fromMs, newStrings(), newBuilder)
      const reachMs = slices.reachMs(part)
      const report = await this.options.source.read({ ...query, window: part, reachMs }, read, partOptions)
      return { read, report }
    }
    const readHead = async () => {
      if (headPart.toMs === headPart.fromMs) return undefined
      return readPart(headPart, { ...options, ...expected, onProgress: undefined })
    }
    // The kept slices are added up while the source reads.
    const all = [
      slices.within(window).then((parts) => sumOf(parts, newBuilder(newStrings()))),
      readPart({ fromMs: resumeMs, toMs: window.toMs }, { ...options, ...expected }),
      readHead(),
    ] as const
    // Waits for the sum even if a read fails at once: the next read may change the kept slices.
    await Promise.allSettled(all)
    const [reused, tail, head] = await Promise.all(all)
    const parts = head ? [tail, head] : [tail]
    kept.spansPerSec = (tail.report.spans * 1000) / Math.max(1, window.toMs - resumeMs)
    const { maxSpans = Number.POSITIVE_INFINITY } = options.limits ?? {}
    if (slices.isOutdatedBy(tail.read, window, head?.read)) return undefined
    const whole = wholeReport(parts, reused, slices.leftOut(window, tail.read, head?.read))
    if (whole.truncated || whole.traces >= query.limit || whole.spans > maxSpans) return undefined
    const read = parts.flatMap((part) => [...part.read.slices.values()])
    const { builder, incomplete } = await sumOf([reused, ...read], newBuilder(newStrings()))
    if (incomplete === whole.incomplete) slices.keep(window, tail.read, tail.report.searched.toMs)
    else slices.forget()
    return {
      builder,
      report: { ...whole, searched: { fromMs: window.fromMs, toMs: tail.report.searched.toMs } },
    }
  }
}

/** One read of a part of a window. */
interface PartRead {
  read: SlicedTraces
  report: ReadReport
}

/** Returns the report for the whole window. @param parts the reads of its parts, the newest first */
function wholeReport(parts: PartRead[], reused: TraceSlice, leftOut: LeftOutTraces): ReadReport {
  const [newest, ...older] = parts.map(({ report }) => report) as [ReadReport, ...ReadReport[]]
  const report = older.reduce(sumOfReports, newest)
  const { incomplete, incompleteIds } = reused
  const warning = `${incomplete} reused ${incomplete === 1 ? 'trace lacks' : 'traces lack'} spans that could not be read.`
  const known = parts[0]?.read.before.size ?? 0
  const { beganEarlier, spansLeftOut, beganEarlierTraceIds = [] } = leftOut.report()
  return {
    ...report,
    beganEarlier,
    spansLeftOut,
    beganEarlierTraceIds,
    outsideWindow: beganEarlier + Math.max(0, newest.outsideWindow - known),
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

function sumOfReports(a: ReadReport, b: ReadReport): ReadReport {
  return {
    ...a,
    traces: a.traces + b.traces,
    spans: a.spans + b.spans,
    requests: a.requests + b.requests,
    retries: a.retries + b.retries,
    bytes: a.bytes + b.bytes,
    slices: a.slices + b.slices,
    suspects: a.suspects + b.suspects,
    repaired: a.repaired + b.repaired,
    incomplete: a.incomplete + b.incomplete,
    // Every part sees the traces without a start.
    untimedTraces: Math.max(a.untimedTraces, b.untimedTraces),
    incompleteTraceIds: [...(a.incompleteTraceIds ?? []), ...(b.incompleteTraceIds ?? [])],
    truncated: a.truncated || b.truncated,
    warnings: [...new Set([...a.warnings, ...b.warnings])],
  }
}
