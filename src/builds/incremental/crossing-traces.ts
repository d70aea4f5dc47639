import { parseTraceId } from '../../graph/columns/ids.ts'
import { LeftOutTraces } from '../../sources/left-out-traces.ts'
import type { Window } from '../../sources/trace-source.ts'
import type { SlicedTraces, TraceExtent } from './sliced-traces.ts'

/**
 * The traces whose spans start in several slices. A window that has moved past the start of such a trace
 * leaves out its other spans.
 */
export class CrossingTraces {
  private readonly extents = new Map<string, TraceExtent>()

  /**
   * Adds the traces of a read, and forgets those without a span in the window.
   *
   * @param resumeMs start of the read, Unix ms
   */
  add({ reaching, before }: SlicedTraces, resumeMs: number, window: Window): void {
    const { extents } = this
    for (const { id, startMs } of extents.values()) {
      if (startMs >= resumeMs && !reaching.has(id)) extents.delete(id)
    }
    for (const extent of reaching.values()) extents.set(extent.id, extent)
    for (const seen of before.values()) {
      if (seen.startMs < window.fromMs) extents.set(seen.id, joined(extents.get(seen.id), seen, resumeMs))
    }
    for (const { id, startsMs } of extents.values()) {
      if (startsMs.every((ms) => ms < window.fromMs)) extents.delete(id)
    }
  }

  /** Whether a trace is known to begin before the window: its spans are in no kept slice of the window. */
  isLeftOut({ id, startMs }: TraceExtent, window: Window): boolean {
    const known = this.extents.get(id)
    return known !== undefined && known.startMs < window.fromMs && startMs < window.fromMs
  }

  /**
   * Counts the traces that begin before the window, with their spans that start in it.
   *
   * @param head the part of the window before its first whole slice: only its read sees traces that cross no edge
   */
  leftOut({ fromMs, toMs }: Window, head: SlicedTraces | undefined): LeftOutTraces {
    const leftOut = new LeftOutTraces()
    const seen = head ? new Map([...head.before, ...this.extents]) : this.extents
    for (const { id, startMs, startsMs } of seen.values()) {
      if (startMs >= fromMs) continue
      const spans = startsMs.reduce((sum, ms) => (ms >= fromMs && ms < toMs ? sum + 1 : sum), 0)
      leftOut.addEarlier(parseTraceId(id), spans)
    }
    return leftOut
  }

  /** Returns the last end of the traces that start in a window, Unix ms; 0 if none crosses an edge. */
  reachMs(window: Window): number {
    return this.startingIn(window).reduce((latest, { endMs }) => Math.max(latest, endMs), 0)
  }

  /** Whether a read of a window shows other traces than those that are known to start in it. */
  differsFrom({ reaching }: SlicedTraces, window: Window): boolean {
    const startsElsewhere = (id: string) => (this.extents.get(id)?.startMs ?? 0) >= window.toMs
    const lacksSpans = ({ id, count }: TraceExtent) => (reaching.get(id)?.count ?? 0) < count
    return [...reaching.keys()].some(startsElsewhere) || this.startingIn(window).some(lacksSpans)
  }

  private startingIn({ fromMs, toMs }: Window): TraceExtent[] {
    return [...this.extents.values()].filter(({ startMs }) => startMs >= fromMs && startMs < toMs)
  }

  /** Adds the traces that a read of the part before the first whole slice found. */
  extend({ reaching }: SlicedTraces): void {
    for (const extent of reaching.values()) this.extents.set(extent.id, extent)
  }

  clear(): void {
    this.extents.clear()
  }
}

/** Returns the extent of a trace with the spans that were known before `resumeMs`, and those that were seen since. */
function joined(known: TraceExtent | undefined, seen: TraceExtent, resumeMs: number): TraceExtent {
  if (known === undefined) return seen
  const older = known.startsMs.filter((ms) => ms < resumeMs)
  const newer = seen.startsMs.filter((ms) => ms >= resumeMs)
  const startsMs = new Float64Array(older.length + newer.length)
  startsMs.set(older)
  startsMs.set(newer, older.length)
  return { ...seen, startMs: Math.min(known.startMs, seen.startMs), startsMs }
}
