import { forEachLimited } from '../../../base/async.ts'
import type { StringTable } from '../../../graph/columns/string-table.ts'
import { SpanTable } from '../../../graph/spans/span-table.ts'
import { addTraceId, newTraceIds } from '../../../graph/trace/span-counts.ts'
import type { TraceConsumer } from '../../trace-source.ts'
import type { SearchContext } from '../search/search.ts'
import { countSpans, type SpanCounts } from '../search/span-counts.ts'
import { joinShortened } from './shortened-traces.ts'
import type { HeldTrace, TraceAssembly } from './trace-assembly.ts'
import { hexTraceId, type TraceLookup } from './trace-lookup.ts'

/** Ids in one search: they go into the URL, which proxies bound at 8 kB. */
const idsPerSearch = 100
const searchesInFlight = 2
const lookupsInFlight = 8
/** Up to so many matched traces are fetched by id; for more, counting the spans of all traces is cheaper. */
const countFrom = 300
/** Traces with a missing parent wait for the end of the read, when all that may belong to them has been seen,
 * unless so many wait that they would fill the memory. */
const maxWaitingOrphans = 5000
/** A parent that is missing may never have existed. So many are looked up to see whether it is worth it. */
const orphanTrials = 50
/** It is worth it while at least this share of them comes back with more spans. */
const worthwhileShare = 0.02

export interface TraceRepairOptions {
  context: SearchContext
  assembly: TraceAssembly
  consumer: Pick<TraceConsumer, 'isIncomplete'>
  lookup: TraceLookup
  /** All the time that is searched, Unix s. */
  startSec: number
  endSec: number
  /** Most traces fetched one by one. */
  maxLookups: number
  /** Whether a limit of the read has been passed: nothing more is asked then, and what is in doubt stays so. */
  isStopped: () => boolean
}

/**
 * Completes the traces that are in doubt: first with a search for many ids at once, which brings all their
 * fragments in the window, then one by one, which brings all that Tempo has.
 */
export class TraceRepair {
  /** Traces that were looked up again. */
  suspects = 0
  /** Suspects of which more spans were found. */
  repaired = 0
  /** Traces known to lack spans that could not be had. */
  incomplete = 0
  /** A few of those. */
  readonly incompleteIds = newTraceIds()
  /** Traces in two parts, because a participant cut their id, that could not be made one. */
  apart = 0
  /** Traces with a missing parent that were not looked up, because it had not helped before. */
  unchecked = 0

  private readonly options: TraceRepairOptions
  private readonly strings: StringTable
  private readonly spansAsFound = new WeakMap<HeldTrace, number>()
  private lookups = 0
  private orphansTried = 0
  private orphansHealed = 0
  private matched = 0
  /** Undefined: not asked yet; null: cannot be had, or cannot be trusted. */
  private counts: SpanCounts | null | undefined

  constructor(options: TraceRepairOptions, strings: StringTable) {
    this.options = options
    this.strings = strings
  }

  /** Whether enough traces wait to be worth a request. */
  get isDue(): boolean {
    const { assembly } = this.options
    return assembly.countInDoubt('unverified', 'lacking') >= idsPerSearch || this.orphansAreDue
  }

  private get orphansAreDue(): boolean {
    return this.options.assembly.countInDoubt('orphaned') >= maxWaitingOrphans
  }

  /** Whether traces stayed in doubt because a limit of the read had been passed. */
  get isStopped(): boolean {
    return this.options.isStopped()
  }

  /** Looks up what is in doubt; at the end of a read, `isLast`, nothing stays in doubt. */
  async run(isLast: boolean): Promise<void> {
    const { assembly } = this.options
    await this.verify(assembly.inDoubt('unverified'))
    await this.searchByIds(assembly.inDoubt('lacking'))
    if (isLast || this.orphansAreDue) await this.checkOrphans(assembly.inDoubt('orphaned'))
    if (!isLast) return
    await this.resolveConflicts(assembly.inDoubt('conflict'))
    this.apart = this.isStopped ? assembly.shortenedPairs().length : await joinShortened(this.options)
  }

  /** Tells the traces of which all spans came from those of which only fragments matched. */
  private async verify(traces: HeldTrace[]): Promise<void> {
    const { assembly, context, startSec, endSec } = this.options
    this.matched += traces.length
    if (this.counts === undefined && this.matched > countFrom && !this.isStopped) {
      this.counts = (await countSpans(context, startSec, endSec, this.strings)) ?? null
    }
    // A count that is too low means that Tempo does not count as it should.
    if (this.counts && traces.some((trace) => this.isUndercounted(trace))) this.counts = null
    for (const trace of traces) {
      const count = this.counts?.get(trace.spans)
      trace.doubt = 'lacking'
      if (count === undefined) continue
      trace.atLeastSpans = Math.max(trace.atLeastSpans, count)
      assembly.judge(trace)
    }
  }

  private isUndercounted({ spans }: HeldTrace): boolean {
    const { startMs, endMs } = spans.extentMs()
    const { startSec, endSec } = this.options
    if (startMs < startSec * 1000 || endMs > endSec * 1000) return false
    return (this.counts?.get(spans) ?? spans.length) < spans.length
  }

  /** Counts a trace once, however often it is looked up. */
  private suspect(trace: HeldTrace): void {
    if (this.spansAsFound.has(trace)) return
    this.spansAsFound.set(trace, trace.spans.length)
    this.suspects++
  }

  private noteRepair(trace: HeldTrace): void {
    if (trace.spans.length <= (this.spansAsFound.get(trace) ?? 0)) return
    this.spansAsFound.set(trace, Number.POSITIVE_INFINITY)
    this.repaired++
  }

  private noteIncomplete(trace: HeldTrace): void {
    this.incomplete++
    addTraceId(this.incompleteIds, trace.spans.traceId, 1)
    this.options.consumer.isIncomplete?.(trace.spans)
  }

  private async searchByIds(traces: HeldTrace[]): Promise<void> {
    const batches: HeldTrace[][] = []
    for (let at = 0; at < traces.length; at += idsPerSearch) batches.push(traces.slice(at, at + idsPerSearch))
    await forEachLimited(batches, searchesInFlight, (batch) => this.searchBatch(batch))
  }

  private async searchBatch(batch: HeldTrace[]): Promise<void> {
    const { assembly, lookup } = this.options
    if (this.isStopped) return this.leaveLacking(batch)
    const wanted = new Map(batch.map((trace) => [hexTraceId(trace.spans), trace]))
    const found = new Set<HeldTrace>()
    for (const trace of batch) this.suspect(trace)
    await lookup.byIds([...wanted.keys()], this.options, (spans, answer) => {
      const trace = wanted.get(hexTraceId(spans))
      if (!trace || spans.length < trace.spans.length) return
      found.add(trace)
      assembly.replace(trace, spans, answer)
    })
    const toFetch: HeldTrace[] = []
    for (const trace of batch) {
      this.noteRepair(trace)
      const isHandedOn = found.has(trace) && assembly.judge(trace)
      if (!isHandedOn && trace.doubt === 'lacking') toFetch.push(trace)
    }
    await forEachLimited(toFetch, lookupsInFlight, (trace) => this.fetchLacking(trace))
  }

  /** As they were found. Whether one of them lacks spans may not be known: it counts as if. */
  private leaveLacking(traces: HeldTrace[]): void {
    for (const trace of traces) {
      this.noteIncomplete(trace)
      this.options.assembly.release(trace)
    }
  }

  /** A trace of which spans are missing for sure: what cannot be had now counts as incomplete. */
  private async fetchLacking(trace: HeldTrace): Promise<void> {
    const { assembly, maxLookups } = this.options
    const mayAsk = this.lookups < maxLookups && !this.isStopped
    const isWhole = mayAsk && (await this.fetch(trace)) === 'whole'
    if (!isWhole) this.noteIncomplete(trace)
    assembly.release(trace)
  }

  /** Replaces the spans of a trace by what trace by id answers, where that is not less. */
  private async fetch(trace: HeldTrace): Promise<'whole' | 'partial' | 'missing' | 'too large'> {
    const { lookup, assembly } = this.options
    const before = trace.spans.length
    this.lookups++
    const spans = new SpanTable(this.strings)
    const result = await lookup.byId(hexTraceId(trace.spans), spans)
    // Not for nothing: trace by id gives spans that share an id with their client another one.
    if (spans.length > before && (result === 'whole' || result === 'partial')) {
      assembly.replace(trace, spans, { cut: false, atLeastSpans: 0, matchedSpans: spans.length })
      this.noteRepair(trace)
    }
    return result
  }

  private async checkOrphans(traces: HeldTrace[]): Promise<void> {
    const { assembly } = this.options
    await forEachLimited(traces, lookupsInFlight, async (trace) => {
      if (this.isOrphanLookupWorthwhile()) {
        const before = trace.spans.length
        this.suspect(trace)
        this.orphansTried++
        if ((await this.fetch(trace)) === 'partial') this.noteIncomplete(trace)
        if (trace.spans.length > before) this.orphansHealed++
      } else this.unchecked++
      assembly.releaseForNow(trace)
    })
  }

  private isOrphanLookupWorthwhile(): boolean {
    if (this.lookups >= this.options.maxLookups || this.isStopped) return false
    return this.orphansTried < orphanTrials || this.orphansHealed >= worthwhileShare * this.orphansTried
  }

  /** Of a trace that was counted, other spans came: the whole takes the place of the part. */
  private async resolveConflicts(traces: HeldTrace[]): Promise<void> {
    const { assembly, lookup } = this.options
    await forEachLimited(traces, lookupsInFlight, async (trace) => {
      const spans = new SpanTable(this.strings)
      this.suspect(trace)
      let isResolved = false
      if (!this.isStopped)
        await lookup.byIds([hexTraceId(trace.spans)], this.options, (whole, answer) => {
          isResolved ||= !answer.cut && assembly.resolveConflict(trace, whole.snapshot())
        })
      if (!isResolved && !this.isStopped && this.lookups++ < this.options.maxLookups) {
        const result = await lookup.byId(hexTraceId(trace.spans), spans)
        isResolved = result === 'whole' && assembly.resolveConflict(trace, spans)
      }
      if (isResolved) this.repaired++
      else {
        this.noteIncomplete(trace)
        assembly.drop(trace)
      }
    })
  }
}
