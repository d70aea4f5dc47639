import { SpanTable } from '../../../graph/spans/span-table.ts'
import { limitPassed } from '../../read-limits.ts'
import type { ReadOptions, ReadReport, TraceConsumer, TraceQuery } from '../../trace-source.ts'
import { TraceAssembly } from '../assembly/trace-assembly.ts'
import { TraceLookup } from '../assembly/trace-lookup.ts'
import { TraceRepair } from '../assembly/trace-repair.ts'
import { InFlight } from '../client/in-flight.ts'
import { isTooLarge, isTooSlow } from '../client/tempo-errors.ts'
import type { FoundTrace } from '../decode/decode-search.ts'
import type { ReadPlan } from '../search/read-plan.ts'
import { type SearchContext, type SearchResult, searchTraces, type TraceSearch } from '../search/search.ts'
import { type Slice, SlicePlanner } from '../search/slice-planner.ts'
import { bulkQuery, type Spread, unavailableAttributes } from '../traceql.ts'
import { bulkWarnings } from './bulk-warnings.ts'

export interface BulkReadOptions extends ReadOptions {
  /** Searches in flight. */
  concurrency: number
  /** Most traces fetched one by one. */
  maxLookups: number
}

/** Most traces in one answer; it bounds what a search may cost Tempo. */
const tracesPerSearch = 5000
/** A slice of 1 s cannot be cut further: it may answer more. */
const tracesPerSecond = 50_000
/** Most spans wanted of one answer: some 4 MB of protobuf. Twice as many answers as are in flight may be in memory. */
const maxTargetSpans = 12_500
/** Fewer are not worth a request. */
const minTargetSpans = 3_000
/** Each worker should get so many slices that none has to wait long for the last one. */
const slicesPerWorker = 6
/** Halvings after which a part of the window that still runs out of time means that Tempo is not well. */
const maxTimeouts = 3
/** Where more traces than this share are cut, spans are spread wider. */
const cutShare = 0.05

/**
 * One read of a window: slices by bulk search, several in flight, newest first; traces in doubt are completed
 * as soon as enough of them wait.
 */
export class BulkRead {
  private readonly context: SearchContext
  private readonly options: BulkReadOptions
  private readonly query: TraceQuery
  private readonly consumer: TraceConsumer
  private readonly plan: ReadPlan
  private readonly planner: SlicePlanner
  private readonly assembly: TraceAssembly
  private readonly repair: TraceRepair
  private spread: Spread = 'service'
  /** As it was sent last. */
  private traceql = ''
  private slices = 0
  private oldestSec: number
  /** Which limit of the read has been passed. */
  private passed: string | undefined
  private truncatedSlices = 0
  private repairing = Promise.resolve()

  /** @param plan of `planRead` for the same query */
  constructor(
    context: SearchContext,
    query: TraceQuery,
    consumer: TraceConsumer,
    options: BulkReadOptions,
    plan: ReadPlan,
  ) {
    this.context = context
    this.options = options
    this.query = query
    this.consumer = consumer
    this.plan = plan
    const { match, startSec, endSec, histogram } = plan
    this.oldestSec = startSec
    const share = (histogram?.total ?? Number.POSITIVE_INFINITY) / (options.concurrency * slicesPerWorker)
    const targetSpans =
      options.expectedSpansPerSec === undefined
        ? Math.max(minTargetSpans, Math.min(maxTargetSpans, share))
        : maxTargetSpans
    this.planner = new SlicePlanner({ startSec, endSec, targetSpans, histogram })
    this.assembly = new TraceAssembly({
      consumer,
      window: query.window,
      limit: query.limit,
      filtered: match.filtered,
      hasRead: (startMs, endMs) => this.planner.hasRead(startMs, endMs),
    })
    const { strings } = consumer
    const { assembly } = this
    const lookup = new TraceLookup(context, strings)
    const { maxLookups } = options
    const isStopped = () => this.limitPassed() !== undefined
    this.repair = new TraceRepair(
      { context, assembly, consumer, lookup, startSec, endSec, maxLookups, isStopped },
      strings,
    )
  }

  /** @throws what `searchTraces` throws; traces may have been handed on by then */
  async run(): Promise<ReadReport> {
    const inFlight = new InFlight(this.options.concurrency)
    for (;;) {
      const slice = inFlight.hasRoom && this.nextSlice()
      if (slice) inFlight.start((answered) => this.readSlice(slice, answered))
      else if (inFlight.isIdle) break
      else await inFlight.change()
      this.stopAtLimits()
    }
    this.assembly.settle()
    await this.repair.run(true)
    this.reportProgress(1)
    return this.report()
  }

  private limitPassed(): string | undefined {
    const { assembly, context, options } = this
    return limitPassed(options.limits, { spans: assembly.spans, bytes: context.tally.bytes })
  }

  /** Leaves the older part unread when that is enough; what has begun is read to its end. */
  private stopAtLimits(): void {
    if (this.oldestSec > this.plan.startSec) return
    const passed = this.limitPassed()
    if (passed === undefined && this.assembly.overLimit === 0) return
    this.oldestSec = this.planner.stop()
    if (this.oldestSec > this.plan.startSec) this.passed = passed
  }

  /** Whether the consumer has been given a trace. */
  get hasHandedOn(): boolean {
    return this.assembly.traces > 0
  }

  private nextSlice(): Slice | undefined {
    return this.planner.next(Math.min(this.context.limits.rangeSec, 24 * 3600))
  }

  private async readSlice(slice: Slice, onAnswer: () => void): Promise<void> {
    let cut = 0
    const { signal } = this.context
    const lengthSec = slice.endSec - slice.startSec
    const { match, plainUntilSec } = this.plan
    const q = bulkQuery(match, this.context, this.spread, slice.endSec > plainUntilSec)
    this.traceql = q
    const search = { q, startSec: slice.startSec, endSec: slice.endSec, limit: tracesPerSearch, onAnswer }
    if (lengthSec <= 1) search.limit = tracesPerSecond
    signal.throwIfAborted()
    const result = await this.search(slice, search, (spans, found) => {
      if (found.cut) cut++
      this.assembly.accept(spans, found, slice)
    })
    if (!result) return
    this.slices++
    this.planner.done(slice, result.spans)
    if (cut > cutShare * result.traces) this.spread = 'duration'
    this.assembly.settle()
    // What was found may have to be completed: the end is when the read returns.
    this.reportProgress(Math.min(0.99, this.planner.fraction))
    if (!this.repair.isDue) return
    // One after the other: two repairs at once would look up the same traces.
    this.repairing = this.repairing.then(() => (this.repair.isDue ? this.repair.run(false) : undefined))
    await this.repairing
  }

  /** @returns undefined where the slice is to be read again in parts */
  private async search(
    slice: Slice,
    search: TraceSearch,
    onTrace: (spans: SpanTable, found: FoundTrace) => void,
  ): Promise<SearchResult | undefined> {
    const spans = new SpanTable(this.consumer.strings)
    try {
      const result = await searchTraces(this.context, search, spans, onTrace)
      if (!result.unfinished) return result
      if (this.planner.split(slice, 4)) return undefined
    } catch (error) {
      if (this.splitAfter(error, slice)) return undefined
      if (!isTooLarge(error)) throw error
    }
    return this.searchCrowdedSecond(search, onTrace)
  }

  /** Has the slice read again in parts where these may pass. @returns false where they may not */
  private splitAfter(error: unknown, slice: Slice): boolean {
    // Refused because it is longer than Tempo allows, as is known by now.
    const parts = Math.ceil((slice.endSec - slice.startSec) / this.context.limits.rangeSec)
    if (parts > 1) return this.planner.split(slice, parts)
    if (isTooLarge(error)) return this.planner.split(slice, 4)
    const timeouts = slice.timeouts + 1
    return isTooSlow(error) && timeouts <= maxTimeouts && this.planner.split(slice, 2, timeouts)
  }

  /** More than fits into one answer in one second: takes as many traces as fit, and remembers that. */
  private async searchCrowdedSecond(
    search: TraceSearch,
    onTrace: (spans: SpanTable, found: FoundTrace) => void,
  ): Promise<SearchResult> {
    this.truncatedSlices++
    for (let limit = search.limit; ; limit = Math.ceil(limit / 4)) {
      try {
        const spans = new SpanTable(this.consumer.strings)
        return await searchTraces(this.context, { ...search, limit, acceptUnfinished: true }, spans, onTrace)
      } catch (error) {
        if (!isTooLarge(error) || limit <= 1) throw error
      }
    }
  }

  private reportProgress(fraction: number): void {
    const { traces, spans } = this.assembly
    const { requests } = this.context.tally
    this.options.onProgress?.({ fraction, slices: this.slices, traces, spans, requests })
  }

  private report(): ReadReport {
    const { assembly, repair, query, oldestSec } = this
    const { window } = query
    const isStopped = assembly.overLimit > 0 || this.passed !== undefined
    return {
      traces: assembly.traces,
      spans: assembly.spans,
      ...this.context.tally,
      slices: this.slices,
      outsideWindow: assembly.outsideWindow,
      suspects: repair.suspects,
      repaired: repair.repaired,
      incomplete: repair.incomplete,
      incompleteTraceIds: repair.incompleteIds.values(),
      truncated: isStopped || this.truncatedSlices > 0,
      searched: {
        fromMs: isStopped ? Math.max(window.fromMs, oldestSec * 1000) : window.fromMs,
        toMs: Math.min(window.toMs, this.plan.endSec * 1000),
      },
      traceql: this.traceql,
      unavailable: unavailableAttributes(this.context),
      warnings: bulkWarnings({
        passed: this.passed,
        overLimit: assembly.overLimit > 0 ? query.limit : undefined,
        crowdedSeconds: this.truncatedSlices,
        repair,
      }),
    }
  }
}
