import type { SpanTable } from '../../../graph/spans/span-table.ts'
import { TraceTree } from '../../../graph/trace/trace-tree.ts'
import type { TraceConsumer, Window } from '../../trace-source.ts'
import type { FoundTrace } from '../decode/decode-search.ts'
import type { Slice } from '../search/slice-planner.ts'
import { addMissing } from './more-spans.ts'
import { TraceLedger, TraceState } from './trace-ledger.ts'

/** Why a trace is not handed on yet. */
export type Doubt =
  /** It reaches into slices that have not been read. */
  | 'unread'
  /** Only fragments with a match came: whether there are others is not known. */
  | 'unverified'
  /** Spans are missing for sure. */
  | 'lacking'
  /** A parent is missing; it may never have existed. */
  | 'orphaned'
  /** Another part of it has been counted. */
  | 'conflict'

/** A trace that waits for more spans, or for the certainty that there are none. */
export interface HeldTrace extends FoundTrace {
  index: number
  spans: SpanTable
  doubt: Doubt
}

export interface TraceAssemblyOptions {
  consumer: TraceConsumer
  /** Traces that start outside are left out. */
  window: Window
  /** Most traces to hand on. */
  limit: number
  /** Whether answers hold only those fragments of a trace that match. */
  filtered: boolean
  /** Whether all between two times, Unix ms, has been read. */
  hasRead(startMs: number, endMs: number): boolean
}

/**
 * Decides for each trace that an answer holds: hand it on, wait, or doubt. A trace is handed on once.
 *
 * Tempo stores a trace in fragments, and answers those that overlap the slice (and match). Most traces are
 * whole at first sight and go straight to the consumer; only those in doubt are kept.
 */
export class TraceAssembly {
  /** Handed on, and not taken back. */
  traces = 0
  spans = 0
  outsideWindow = 0
  /** Left out because the limit was reached. */
  overLimit = 0

  private readonly options: TraceAssemblyOptions
  private readonly ledger = new TraceLedger()
  private readonly held = new Map<number, HeldTrace>()
  private readonly tree = new TraceTree()

  constructor(options: TraceAssemblyOptions) {
    this.options = options
  }

  /** Takes what the answer for `slice` holds of one trace. The table may be cleared afterwards. */
  accept(spans: SpanTable, found: FoundTrace, slice: Slice): void {
    const index = this.ledger.indexOf(spans)
    const state = this.ledger.state(index)
    if (state === TraceState.settled) return
    if (state === TraceState.held) this.extend(index, spans, found)
    else if (state === TraceState.counted) this.compare(index, spans)
    else if (state === TraceState.late) this.reconsider(index, spans, found)
    else {
      const { startMs, endMs } = spans.extentMs()
      const isInside = startMs >= slice.startSec * 1000 && endMs <= slice.endSec * 1000
      const doubt = this.doubtOf(spans, found, this.options.filtered)
      if (!isInside) this.hold(index, spans, found, 'unread')
      else if (doubt) this.hold(index, spans, found, doubt)
      else this.publish(index, spans, startMs)
    }
  }

  /** Looks again at the traces that waited for slices which have been read by now. */
  settle(): void {
    for (const trace of this.held.values()) {
      if (trace.doubt !== 'unread') continue
      const { startMs, endMs } = trace.spans.extentMs()
      if (!this.options.hasRead(startMs, endMs)) continue
      const doubt = this.doubtOf(trace.spans, trace, this.options.filtered)
      if (doubt) trace.doubt = doubt
      else this.releaseForNow(trace)
    }
  }

  /** The traces in doubt of one kind, in order of their ids. */
  inDoubt(doubt: Doubt): HeldTrace[] {
    return [...this.held.values()].filter((trace) => trace.doubt === doubt).sort(compareTraceIds)
  }

  /** How many traces are in doubt of one of these kinds. */
  countInDoubt(...doubts: Doubt[]): number {
    let count = 0
    for (const trace of this.held.values()) if (doubts.includes(trace.doubt)) count++
    return count
  }

  /** Takes what a look-up found of a held trace in place of what is known of it. */
  replace(trace: HeldTrace, spans: SpanTable, found: FoundTrace): void {
    trace.spans = spans.snapshot()
    trace.cut = found.cut
    trace.atLeastSpans = found.atLeastSpans
  }

  /**
   * Hands on a held trace of which all fragments have been seen if nothing is wrong with it, else says in
   * `doubt` what is.
   *
   * @returns whether it was handed on
   */
  judge(trace: HeldTrace): boolean {
    const doubt = this.doubtOf(trace.spans, trace, false)
    if (doubt) trace.doubt = doubt
    else this.release(trace)
    return !doubt
  }

  /** Hands a held trace on as it is; whatever else turns up of it is ignored. */
  release(trace: HeldTrace): void {
    this.releaseForNow(trace)
    this.ledger.mark(trace.index, TraceState.settled)
  }

  /** Hands a held trace on as it is; should more of it turn up, that is a conflict. */
  releaseForNow(trace: HeldTrace): void {
    this.drop(trace)
    this.tree.build(trace.spans)
    this.publish(trace.index, trace.spans, trace.spans.extentMs().startMs)
  }

  /** Leaves a held trace out. */
  drop(trace: HeldTrace): void {
    this.held.delete(trace.index)
    this.ledger.mark(trace.index, TraceState.settled)
  }

  /**
   * Puts the whole of a trace in the place of the part that was counted.
   *
   * @param trace in conflict
   * @param whole all spans of the trace
   * @returns false where what was counted cannot be told for sure; it then stays
   */
  resolveConflict(trace: HeldTrace, whole: SpanTable): boolean {
    const counted = this.countedOf(trace.index, whole)
    if (!counted) return false
    this.takeBack(counted)
    trace.spans = whole
    this.release(trace)
    return true
  }

  /** Pairs of counted traces that are one: see `TraceLedger.shortenedPairs`. */
  shortenedPairs(): [short: string, full: string][] {
    return this.ledger.shortenedPairs()
  }

  /** Makes one trace of two that were counted. @returns false where what was counted cannot be told for sure */
  join(short: SpanTable, full: SpanTable): boolean {
    const index = this.ledger.indexOf(full)
    const shortCounted = this.countedOf(this.ledger.indexOf(short), short)
    const fullCounted = this.countedOf(index, full)
    if (!shortCounted || !fullCounted) return false
    for (const counted of [shortCounted, fullCounted]) this.takeBack(counted)
    addMissing(full, short)
    this.tree.build(full)
    this.publish(index, full, full.extentMs().startMs)
    this.ledger.mark(index, TraceState.settled)
    return true
  }

  private countedOf(index: number, whole: SpanTable): SpanTable | undefined {
    this.tree.build(whole)
    return this.ledger.countedAmong(index, whole, this.tree)
  }

  private takeBack(counted: SpanTable): void {
    this.options.consumer.remove(counted)
    this.traces--
    this.spans -= counted.length
  }

  /** What is wrong with the spans of a trace, as far as they can tell. Leaves their tree in `tree`. */
  private doubtOf(spans: SpanTable, found: FoundTrace, unverified: boolean): Doubt | undefined {
    this.tree.build(spans)
    if (found.cut || found.atLeastSpans > spans.length - this.tree.duplicates) return 'lacking'
    if (unverified) return 'unverified'
    return this.tree.orphans > 0 ? 'orphaned' : undefined
  }

  private hold(index: number, spans: SpanTable, found: FoundTrace, doubt: Doubt): void {
    this.ledger.mark(index, TraceState.held)
    this.held.set(index, { index, spans: spans.snapshot(), doubt, ...found })
  }

  /** More of a trace that waits: another fragment, or the same one as another slice shows it. */
  private extend(index: number, spans: SpanTable, found: FoundTrace): void {
    const trace = this.held.get(index)
    if (!trace) return
    const more = addMissing(trace.spans, spans)
    trace.cut ||= found.cut
    trace.atLeastSpans = Math.max(trace.atLeastSpans, found.atLeastSpans)
    if (more > 0 && trace.doubt !== 'conflict') trace.doubt = 'unread'
  }

  /** A trace that was handed on comes again: the same spans from another slice, or others. */
  private compare(index: number, spans: SpanTable): void {
    this.tree.build(spans)
    if (this.ledger.wasCountedWith(index, spans, this.tree)) return
    this.hold(index, spans, { cut: false, atLeastSpans: 0, matchedSpans: spans.length }, 'conflict')
  }

  /** A trace that seemed to start after the window has spans that start before its end: the rest is missing. */
  private reconsider(index: number, spans: SpanTable, found: FoundTrace): void {
    if (spans.extentMs().startMs >= this.options.window.toMs) return
    this.outsideWindow--
    this.hold(index, spans, found, 'lacking')
  }

  /** `tree` holds the tree of the spans, the first of which starts at `startMs`. */
  private publish(index: number, spans: SpanTable, startMs: number): void {
    const { window, consumer, limit } = this.options
    const isOutside = startMs < window.fromMs || startMs >= window.toMs
    if (isOutside || this.traces >= limit) {
      this.ledger.mark(index, startMs >= window.toMs ? TraceState.late : TraceState.settled)
      if (isOutside) this.outsideWindow++
      else this.overLimit++
      if (startMs < window.fromMs) consumer.beginsBefore?.(spans)
      return
    }
    this.ledger.remember(index, spans, this.tree)
    this.traces++
    this.spans += spans.length
    consumer.add(spans, this.tree)
  }
}

function compareTraceIds({ spans: a }: HeldTrace, { spans: b }: HeldTrace): number {
  const word = a.traceId.findIndex((value, at) => value !== b.traceId[at])
  return word < 0 ? 0 : (a.traceId[word] ?? 0) - (b.traceId[word] ?? 0)
}
