import { forEachLimited } from '../../../base/async.ts'
import type { StringTable } from '../../../graph/columns/string-table.ts'
import { SpanTable } from '../../../graph/spans/span-table.ts'
import { addTraceId, newTraceIds } from '../../../graph/trace/span-counts.ts'
import type { TraceConsumer } from '../../trace-source.ts'
import { countSpans, type SpanCounts } from '../search/count-spans.ts'
import type { SearchContext } from '../search/search.ts'
import { mergeShortIdTraces } from './merge-short-id-traces.ts'
import type { PendingTrace } from './pending-trace.ts'
import type { TraceAssembly } from './trace-assembly.ts'
import { hexTraceId, type LookupResult, type TraceLookup } from './trace-lookup.ts'

/** Ids in one search. They go into the URL, which proxies limit to 8 kB. */
const idsPerSearch = 100
const searchesInFlight = 2
const lookupsInFlight = 8
/** From this number of matched traces on, counting the spans of all traces is cheaper than fetching each by id. */
const countFrom = 300
/**
 * Most orphaned traces in memory. Below it they wait for the end of the read, when all spans that may belong to them
 * have been seen.
 */
const maxWaitingOrphans = 5000
/** Look-ups of orphaned traces before it is decided whether they help. A missing parent may never have existed. */
const orphanTrials = 50
/** Share of orphaned traces that must get more spans for further look-ups. */
const worthwhileShare = 0.02

export interface TraceRepairOptions {
  context: SearchContext
  assembly: TraceAssembly
  consumer: Pick<TraceConsumer, 'onIncomplete'>
  lookup: TraceLookup
  /** The whole range that is searched, Unix s. */
  startSec: number
  endSec: number
  /** Most traces fetched one by one. */
  maxLookups: number
  /** Whether a limit of the read is exceeded: nothing more is requested then, and pending traces stay as they are. */
  isStopped: () => boolean
}

/**
 * Completes the pending traces. First, one search for many ids finds all their fragments in the window. Then trace by
 * id fetches single traces, with all spans that Tempo has.
 */
export class TraceRepair {
  /** Traces that were looked up again. */
  suspects = 0
  /** Suspects that got more spans. */
  repaired = 0
  /** Traces that lack spans which could not be read. */
  incomplete = 0
  /** The ids of a few incomplete traces. */
  readonly incompleteIds = newTraceIds()
  /** Pairs of traces that are one trace and could not be merged, because a service cut the trace id. */
  unmergedPairs = 0
  /** Traces with a missing parent that were not looked up, because earlier look-ups had not helped. */
  uncheckedOrphans = 0

  private readonly options: TraceRepairOptions
  private readonly strings: StringTable
  private readonly spansAsFound = new WeakMap<PendingTrace, number>()
  private lookups = 0
  private orphansTried = 0
  private orphansHealed = 0
  private matched = 0
  /** Undefined: not requested yet; null: not available, or not reliable. */
  private counts: SpanCounts | null | undefined

  constructor(options: TraceRepairOptions, strings: StringTable) {
    this.options = options
    this.strings = strings
  }

  /** Whether enough traces are pending to be worth a request. */
  get isDue(): boolean {
    const { assembly } = this.options
    return assembly.countPending('unverified', 'incomplete') >= idsPerSearch || this.orphansAreDue
  }

  private get orphansAreDue(): boolean {
    return this.options.assembly.countPending('orphaned') >= maxWaitingOrphans
  }

  /** Whether a limit of the read ended the look-ups. */
  get isStopped(): boolean {
    return this.options.isStopped()
  }

  /** Looks up the pending traces. With `isLast`, at the end of a read, no trace stays pending. */
  async run(isLast: boolean): Promise<void> {
    const { assembly } = this.options
    await this.verify(assembly.pending('unverified'))
    await this.searchByIds(assembly.pending('incomplete'))
    if (isLast || this.orphansAreDue) await this.checkOrphans(assembly.pending('orphaned'))
    if (!isLast) return
    await this.resolveConflicts(assembly.pending('conflict'))
    this.unmergedPairs = this.isStopped
      ? assembly.shortIdPairs().length
      : await mergeShortIdTraces(this.options)
  }

  /** Separates the complete traces from those with fragments that did not match. */
  private async verify(traces: PendingTrace[]): Promise<void> {
    const { assembly, context, startSec, endSec } = this.options
    this.matched += traces.length
    if (this.counts === undefined && this.matched > countFrom && !this.isStopped) {
      this.counts = (await countSpans(context, startSec, endSec, this.strings)) ?? null
    }
    // A count that is too low means that this Tempo does not count as expected.
    if (this.counts && traces.some((trace) => this.isUndercounted(trace))) this.counts = null
    for (const trace of traces) {
      const count = this.counts?.get(trace.spans)
      trace.reason = 'incomplete'
      if (count === undefined) continue
      trace.minSpans = Math.max(trace.minSpans, count)
      assembly.publishIfComplete(trace)
    }
  }

  private isUndercounted({ spans }: PendingTrace): boolean {
    const { startMs, endMs } = spans.extentMs()
    const { startSec, endSec } = this.options
    if (startMs < startSec * 1000 || endMs > endSec * 1000) return false
    return (this.counts?.get(spans) ?? spans.length) < spans.length
  }

  /** Counts a trace once, no matter how often it is looked up. */
  private noteSuspect(trace: PendingTrace): void {
    if (this.spansAsFound.has(trace)) return
    this.spansAsFound.set(trace, trace.spans.length)
    this.suspects++
  }

  private noteRepair(trace: PendingTrace): void {
    if (trace.spans.length <= (this.spansAsFound.get(trace) ?? 0)) return
    this.spansAsFound.set(trace, Number.POSITIVE_INFINITY)
    this.repaired++
  }

  private noteIncomplete(trace: PendingTrace): void {
    this.incomplete++
    addTraceId(this.incompleteIds, trace.spans.traceId, 1)
    this.options.consumer.onIncomplete?.(trace.spans)
  }

  private async searchByIds(traces: PendingTrace[]): Promise<void> {
    const batches: PendingTrace[][] = []
    for (let at = 0; at < traces.length; at += idsPerSearch) batches.push(traces.slice(at, at + idsPerSearch))
    await forEachLimited(batches, searchesInFlight, (batch) => this.searchBatch(batch))
  }

  private async searchBatch(batch: PendingTrace[]): Promise<void> {
    const { assembly, lookup } = this.options
    if (this.isStopped) return this.publishIncomplete(batch)
    const byId = new Map(batch.map((trace) => [hexTraceId(trace.spans), trace]))
    const found = new Set<PendingTrace>()
    for (const trace of batch) this.noteSuspect(trace)
    await lookup.byIds([...byId.keys()], this.options, (spans, metadata) => {
      const trace = byId.get(hexTraceId(spans))
      // A poorer look-up never replaces a richer trace.
      if (!trace || spans.length < trace.spans.length) return
      found.add(trace)
      assembly.replace(trace, spans, metadata)
    })
    const toFetch: PendingTrace[] = []
    for (const trace of batch) {
      this.noteRepair(trace)
      const isPublished = found.has(trace) && assembly.publishIfComplete(trace)
      if (!isPublished && trace.reason === 'incomplete') toFetch.push(trace)
    }
    await forEachLimited(toFetch, lookupsInFlight, (trace) => this.fetchIncomplete(trace))
  }

  /** Publishes traces as they were found. They count as incomplete, even those that may lack nothing. */
  private publishIncomplete(traces: PendingTrace[]): void {
    for (const trace of traces) {
      this.noteIncomplete(trace)
      this.options.assembly.publishAndClose(trace)
    }
  }

  /** Fetches a trace that certainly lacks spans. If it is still not whole, it counts as incomplete. */
  private async fetchIncomplete(trace: PendingTrace): Promise<void> {
    const { assembly, maxLookups } = this.options
    const mayFetch = this.lookups < maxLookups && !this.isStopped
    const isWhole = mayFetch && (await this.fetch(trace)) === 'whole'
    if (!isWhole) this.noteIncomplete(trace)
    assembly.publishAndClose(trace)
  }

  /** Replaces the spans of a trace with the answer of trace by id, if the answer has more. */
  private async fetch(trace: PendingTrace): Promise<LookupResult> {
    const { lookup, assembly } = this.options
    const before = trace.spans.length
    this.lookups++
    const spans = new SpanTable(this.strings)
    const result = await lookup.byId(hexTraceId(trace.spans), spans)
    // As many spans are no gain: trace by id changes the ids of spans that share an id with their client.
    if (spans.length > before && (result === 'whole' || result === 'partial')) {
      assembly.replace(trace, spans, { cut: false, minSpans: 0, matchedSpans: spans.length })
      this.noteRepair(trace)
    }
    return result
  }

  private async checkOrphans(traces: PendingTrace[]): Promise<void> {
    const { assembly } = this.options
    await forEachLimited(traces, lookupsInFlight, async (trace) => {
      if (this.isOrphanLookupWorthwhile()) {
        const before = trace.spans.length
        this.noteSuspect(trace)
        this.orphansTried++
        if ((await this.fetch(trace)) === 'partial') this.noteIncomplete(trace)
        if (trace.spans.length > before) this.orphansHealed++
      } else this.uncheckedOrphans++
      assembly.publishProvisionally(trace)
    })
  }

  private isOrphanLookupWorthwhile(): boolean {
    if (this.lookups >= this.options.maxLookups || this.isStopped) return false
    return this.orphansTried < orphanTrials || this.orphansHealed >= worthwhileShare * this.orphansTried
  }

  /** Replaces published parts of traces with the whole traces. */
  private async resolveConflicts(traces: PendingTrace[]): Promise<void> {
    const { assembly, lookup } = this.options
    await forEachLimited(traces, lookupsInFlight, async (trace) => {
      const spans = new SpanTable(this.strings)
      this.noteSuspect(trace)
      let isResolved = false
      if (!this.isStopped)
        await lookup.byIds([hexTraceId(trace.spans)], this.options, (whole, { cut }) => {
          isResolved ||= !cut && assembly.resolveConflict(trace, whole.snapshot())
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
