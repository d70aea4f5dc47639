import { SpanTable } from '../../../graph/spans/span-table.ts'
import {
  exceededLimit,
  type ReadOptions,
  type ReadReport,
  type TraceConsumer,
  type TraceQuery,
} from '../../trace-source.ts'
import { TraceAssembly } from '../assembly/trace-assembly.ts'
import { TraceLookup } from '../assembly/trace-lookup.ts'
import { TraceRepair } from '../assembly/trace-repair.ts'
import { isTooLarge } from '../client/tempo-errors.ts'
import type { TraceSearchMetadata } from '../decode/decode-search.ts'
import type { ReadPlan } from '../search/read-plan.ts'
import { type SearchContext, type SearchResult, searchTraces, type TraceSearch } from '../search/search.ts'
import { type Slice, SlicePlanner } from '../search/slice-planner.ts'
import { bulkQuery, type Spread, unavailableAttributes } from '../traceql.ts'
import { bulkReadWarnings } from './bulk-read-warnings.ts'
import { SearchPool } from './search-pool.ts'

export interface BulkReadOptions extends ReadOptions {
  /** Searches in flight. */
  concurrency: number
  /** Most traces fetched one by one. */
  maxLookups: number
}

/** Most traces in one answer; limits what a search may cost Tempo. */
const tracesPerSearch = 5000
/** Most traces in the answer for 1 s, which cannot be split further. */
const tracesPerSecond = 50_000
/** Longest slice, s. */
const maxSliceSec = 24 * 3600
/**
 * Most spans expected in one answer: some 4 MB of protobuf. Twice as many answers as searches in flight may be in
 * memory.
 */
const maxTargetSpans = 12_500
/** Fewer spans are not worth a request. */
const minTargetSpans = 3_000
/** Slices for each search in flight, so that none waits long for the last one. */
const slicesPerWorker = 6
/** Share of cut traces from which on spans are spread over more spansets. */
const cutShare = 0.05

/**
 * One read of a window by bulk search: several slices in flight, the newest first. Completes pending traces as soon
 * as enough of them wait.
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
  /** The last query that was sent. */
  private traceql = ''
  private slices = 0
  private oldestSec: number
  /** Warning about the limit of the read that was exceeded. */
  private exceeded: string | undefined
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
      countBy: query.countBy,
      limit: query.limit,
      filtered: match.filtered,
      hasRead: (startMs, endMs) => this.planner.hasRead(startMs, endMs),
    })
    const { strings } = consumer
    const { assembly } = this
    const lookup = new TraceLookup(context, strings)
    const { maxLookups } = options
    const isStopped = () => this.exceededLimit() !== undefined
    this.repair = new TraceRepair(
      { context, assembly, consumer, lookup, startSec, endSec, maxLookups, isStopped },
      strings,
    )
  }

  /** @throws as `searchTraces`; some traces may have been published by then */
  async run(): Promise<ReadReport> {
    const pool = new SearchPool(this.options.concurrency)
    for (;;) {
      const slice = pool.hasRoom && this.nextSlice()
      if (slice) pool.start((answered) => this.readSlice(slice, answered))
      else if (pool.isIdle) break
      else await pool.change()
      this.stopAtLimits()
    }
    this.assembly.reviewUnread()
    await this.repair.run(true)
    this.reportProgress(1)
    return this.report()
  }

  private exceededLimit(): string | undefined {
    const { assembly, context, options } = this
    return exceededLimit(options.limits, { spans: assembly.spans, bytes: context.tally.bytes })
  }

  /** Leaves the older part of the window unread after a limit; started slices are read to their end. */
  private stopAtLimits(): void {
    if (this.oldestSec > this.plan.startSec) return
    const exceeded = this.exceededLimit()
    if (exceeded === undefined && this.assembly.overLimit === 0) return
    this.oldestSec = this.planner.stop()
    if (this.oldestSec > this.plan.startSec) this.exceeded = exceeded
  }

  /** Whether the consumer has received a trace. */
  get hasPublished(): boolean {
    return this.assembly.traces > 0
  }

  private nextSlice(): Slice | undefined {
    return this.planner.next(Math.min(this.context.limits.rangeSec, maxSliceSec))
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
    const result = await this.search(slice, search, (spans, metadata) => {
      if (metadata.cut) cut++
      this.assembly.accept(spans, metadata, slice)
    })
    if (!result) return
    this.slices++
    this.planner.done(slice, result.spans)
    if (cut > cutShare * result.traces) this.spread = 'duration'
    this.assembly.reviewUnread()
    // Below 1 until the read returns: the traces may have to be completed.
    this.reportProgress(Math.min(0.99, this.planner.fraction))
    if (!this.repair.isDue) return
    // One after the other: two repairs at once would look up the same traces.
    this.repairing = this.repairing.then(() => (this.repair.isDue ? this.repair.run(false) : undefined))
    await this.repairing
  }

  /** @returns undefined if the slice was split and its parts are still to be read */
  private async search(
    slice: Slice,
    search: TraceSearch,
    onTrace: (spans: SpanTable, metadata: TraceSearchMetadata) => void,
  ): Promise<SearchResult | undefined> {
    const spans = new SpanTable(this.consumer.strings)
    try {
      const result = await searchTraces(this.context, search, spans, onTrace)
      if (!result.unfinished) return result
      if (this.planner.splitUnfinished(slice)) return undefined
    } catch (error) {
      if (this.planner.splitAfterError(slice, error, this.context.limits.rangeSec)) return undefined
      if (!isTooLarge(error)) throw error
    }
    return this.searchCrowdedSecond(search, onTrace)
  }

  /** Reads as many traces as fit out of one second that holds more than one answer may, and counts that second. */
  private async searchCrowdedSecond(
    search: TraceSearch,
    onTrace: (spans: SpanTable, metadata: TraceSearchMetadata) => void,
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
    const isStopped = assembly.overLimit > 0 || this.exceeded !== undefined
    return {
      traces: assembly.traces,
      spans: assembly.spans,
      ...this.context.tally,
      slices: this.slices,
      outsideWindow: assembly.outsideWindow,
      ...assembly.leftOut.report(),
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
      warnings: bulkReadWarnings({
        exceeded: this.exceeded,
        overLimit: assembly.overLimit > 0 ? query.limit : undefined,
        crowdedSeconds: this.truncatedSlices,
        repair,
      }),
    }
  }
}
