import type { SpanTable } from '../../../graph/spans/span-table.ts'
import { TraceTree } from '../../../graph/trace/trace-tree.ts'
import { isInWindow, spansStartingIn } from '../../left-out-traces.ts'
import type { TraceConsumer, TraceQuery, Window } from '../../trace-source.ts'
import type { TraceSearchMetadata } from '../decode/decode-search.ts'
import type { Slice } from '../search/slice-planner.ts'
import { addMissingSpans } from './add-missing-spans.ts'
import { LeftOutFragments } from './left-out-fragments.ts'
import { compareTraceIds, type PendingReason, type PendingTrace } from './pending-trace.ts'
import { TraceLedger, TraceState } from './trace-ledger.ts'

export interface TraceAssemblyOptions {
  consumer: TraceConsumer
  /** Traces that start outside are left out, with `countBy: span` only those without a span in it. */
  window: Window
  countBy?: TraceQuery['countBy']
  /** Most traces to publish. */
  limit: number
  /** Whether answers hold only the matching fragments of a trace. */
  filtered: boolean
  /** Whether everything between two times, Unix ms, has been read. */
  hasRead(startMs: number, endMs: number): boolean
}

/**
 * Decides for each trace in an answer whether to publish it, or to keep it pending. Publishes a trace only once.
 *
 * Tempo stores a trace in fragments. An answer holds the fragments that overlap the slice and match. Most traces
 * are complete in the first answer and go straight to the consumer; only the others are kept in memory.
 */
export class TraceAssembly {
  /** Published and not retracted. */
  traces = 0
  spans = 0
  outsideWindow = 0
  /** Traces left out because of the limit. */
  overLimit = 0

  private readonly options: TraceAssemblyOptions
  private readonly ledger = new TraceLedger()
  private readonly waiting = new Map<number, PendingTrace>()
  private readonly tree = new TraceTree()
  readonly leftOut: LeftOutFragments

  constructor(options: TraceAssemblyOptions) {
    this.options = options
    this.leftOut = new LeftOutFragments(options.window)
  }

  /** Takes one trace out of the answer for `slice`. The caller may clear the table afterwards. */
  accept(spans: SpanTable, metadata: TraceSearchMetadata, slice: Slice): void {
    const index = this.ledger.indexOf(spans)
    const state = this.ledger.state(index)
    if (state === TraceState.closed) return
    if (state === TraceState.pending) this.extend(index, spans, metadata)
    else if (state === TraceState.published) this.compareWithPublished(index, spans)
    else if (state >= TraceState.late) this.reconsiderLeftOut(index, spans, metadata)
    else {
      const { startMs, endMs } = spans.extentMs()
      const isInside = startMs >= slice.startSec * 1000 && endMs <= slice.endSec * 1000
      const reason = this.pendingReason(spans, metadata, this.options.filtered)
      if (!isInside) this.keepPending(index, spans, metadata, 'unread')
      else if (reason) this.keepPending(index, spans, metadata, reason)
      else this.publish(index, spans, startMs)
    }
  }

  /** Reviews the traces that waited for slices which have been read by now. */
  reviewUnread(): void {
    for (const trace of this.waiting.values()) {
      if (trace.reason !== 'unread') continue
      const { startMs, endMs } = trace.spans.extentMs()
      if (!this.options.hasRead(startMs, endMs)) continue
      const reason = this.pendingReason(trace.spans, trace, this.options.filtered)
      if (reason) trace.reason = reason
      else this.publishProvisionally(trace)
    }
  }

  /** The traces that are pending for one reason, in order of their ids. */
  pending(reason: PendingReason): PendingTrace[] {
    return [...this.waiting.values()].filter((trace) => trace.reason === reason).sort(compareTraceIds)
  }

  /** The number of traces that are pending for one of these reasons. */
  countPending(...reasons: PendingReason[]): number {
    let count = 0
    for (const trace of this.waiting.values()) if (reasons.includes(trace.reason)) count++
    return count
  }

  /** Replaces the spans of a pending trace with those that a look-up found. */
  replace(trace: PendingTrace, spans: SpanTable, metadata: TraceSearchMetadata): void {
    trace.spans = spans.snapshot()
    trace.cut = metadata.cut
    trace.minSpans = metadata.minSpans
  }

  /**
   * Publishes a pending trace whose fragments have all been seen, or sets the `reason` that prevents it.
   *
   * @returns whether the trace was published
   */
  publishIfComplete(trace: PendingTrace): boolean {
    const reason = this.pendingReason(trace.spans, trace, false)
    if (reason) trace.reason = reason
    else this.publishAndClose(trace)
    return !reason
  }

  /** Publishes a pending trace as it is. Later spans of it are ignored. */
  publishAndClose(trace: PendingTrace): void {
    this.publishProvisionally(trace)
    this.ledger.mark(trace.index, TraceState.closed)
  }

  /** Publishes a pending trace as it is. Later spans of it are a conflict. */
  publishProvisionally(trace: PendingTrace): void {
    this.drop(trace)
    this.tree.build(trace.spans)
    this.publish(trace.index, trace.spans, trace.spans.extentMs().startMs)
  }

  /** Leaves a pending trace out. */
  drop(trace: PendingTrace): void {
    this.waiting.delete(trace.index)
    this.ledger.mark(trace.index, TraceState.closed)
  }

  /**
   * Replaces the published part of a trace with the whole trace.
   *
   * @param whole all spans of the trace
   * @returns false where the published part cannot be identified; it then stays
   */
  resolveConflict(trace: PendingTrace, whole: SpanTable): boolean {
    const part = this.publishedPart(trace.index, whole)
    if (!part) return false
    this.retract(part)
    trace.spans = whole
    this.publishAndClose(trace)
    return true
  }

  /** Pairs of published traces that are one trace: see `TraceLedger.shortIdPairs`. */
  readonly shortIdPairs = () => this.ledger.shortIdPairs()

  /** Merges two published traces. @returns false where the published spans cannot be identified */
  mergePair(short: SpanTable, full: SpanTable): boolean {
    const index = this.ledger.indexOf(full)
    const shortPart = this.publishedPart(this.ledger.indexOf(short), short)
    const fullPart = this.publishedPart(index, full)
    if (!shortPart || !fullPart) return false
    for (const part of [shortPart, fullPart]) this.retract(part)
    addMissingSpans(full, short)
    this.tree.build(full)
    this.publish(index, full, full.extentMs().startMs)
    this.ledger.mark(index, TraceState.closed)
    return true
  }

  private publishedPart(index: number, whole: SpanTable): SpanTable | undefined {
    this.tree.build(whole)
    return this.ledger.publishedAmong(index, whole, this.tree)
  }

  private retract(part: SpanTable): void {
    this.options.consumer.remove(part)
    this.traces--
    this.spans -= part.length
  }

  /** Returns why a trace with these spans cannot be published; leaves their tree in `tree`. */
  private pendingReason(
    spans: SpanTable,
    metadata: TraceSearchMetadata,
    unverified: boolean,
  ): PendingReason | undefined {
    this.tree.build(spans)
    // Repeated spans do not make up for missing ones.
    if (metadata.cut || metadata.minSpans > spans.length - this.tree.duplicates) return 'incomplete'
    if (unverified) return 'unverified'
    return this.tree.orphans > 0 ? 'orphaned' : undefined
  }

  private keepPending(
    index: number,
    spans: SpanTable,
    metadata: TraceSearchMetadata,
    reason: PendingReason,
  ): void {
    this.ledger.mark(index, TraceState.pending)
    this.waiting.set(index, { index, spans: spans.snapshot(), reason, ...metadata })
  }

  /** Adds to a pending trace: another fragment, or the same fragment out of another slice. */
  private extend(index: number, spans: SpanTable, metadata: TraceSearchMetadata): void {
    const trace = this.waiting.get(index)
    if (!trace) return
    const added = addMissingSpans(trace.spans, spans)
    trace.cut ||= metadata.cut
    trace.minSpans = Math.max(trace.minSpans, metadata.minSpans)
    if (added > 0 && trace.reason !== 'conflict') trace.reason = 'unread'
  }

  /** Handles a published trace that comes again: with the same spans from another slice, or with others. */
  private compareWithPublished(index: number, spans: SpanTable): void {
    this.tree.build(spans)
    if (this.ledger.wasPublishedWith(index, spans, this.tree)) return
    this.keepPending(index, spans, { cut: false, minSpans: 0, matchedSpans: spans.length }, 'conflict')
  }

  /** Handles more spans of a trace that seemed to start after the window, or starts before it. */
  private reconsiderLeftOut(index: number, spans: SpanTable, metadata: TraceSearchMetadata): void {
    const { window, countBy } = this.options
    const isEarly = this.ledger.state(index) === TraceState.early
    const hasCounted = countBy === 'span' && spansStartingIn(spans, window) > 0
    const isLeftOut = isEarly ? !hasCounted : spans.extentMs().startMs >= window.toMs
    if (isEarly && isLeftOut) this.leaveOutEarly(index, spans)
    if (isLeftOut) return
    this.outsideWindow--
    this.leftOut.dropUntimed(index)
    this.keepPending(index, spans, metadata, 'incomplete')
  }

  /** @param startMs earliest start of the spans; `tree` holds their tree */
  private publish(index: number, spans: SpanTable, startMs: number): void {
    const { window, consumer, limit } = this.options
    const isOutside = !isInWindow(spans, startMs, this.options)
    if (isOutside || this.traces >= limit) {
      this.ledger.mark(index, startMs >= window.toMs ? TraceState.late : TraceState.closed)
      if (isOutside) this.outsideWindow++
      else this.overLimit++
      if (startMs < window.fromMs) this.leaveOutEarly(index, spans)
      else if (startMs === Number.POSITIVE_INFINITY) this.leftOut.addUntimed(index, spans)
      return
    }
    this.ledger.recordPublished(index, spans, this.tree)
    this.traces++
    this.spans += spans.length
    consumer.add(spans, this.tree)
  }

  /** Notes spans of a trace that starts before the window. */
  private leaveOutEarly(index: number, part: SpanTable): void {
    this.ledger.mark(index, TraceState.early)
    const spans = this.leftOut.add(index, part)
    this.options.consumer.onBeforeWindow?.(spans)
  }
}
