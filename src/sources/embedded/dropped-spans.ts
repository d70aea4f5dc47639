import type { Window } from '../trace-source.ts'

const minuteMs = 60_000
/** Minutes that are remembered: a week, the longest window there is. */
const maxMinutes = 7 * 24 * 60

/** How many spans were dropped, by the minute in which the first span of their request started. */
export class DroppedSpans {
  /** Since the start. */
  total = 0
  /** Spans by minute since 1970, in order of their first drop. */
  private readonly spansOf = new Map<number, number>()

  add(firstStartMs: number, spans: number): void {
    this.total += spans
    const minute = Math.floor(firstStartMs / minuteMs)
    this.spansOf.set(minute, (this.spansOf.get(minute) ?? 0) + spans)
    if (this.spansOf.size <= maxMinutes) return
    for (const oldest of this.spansOf.keys()) {
      this.spansOf.delete(oldest)
      return
    }
  }

  /** Spans dropped from the minutes that the window touches. */
  within({ fromMs, toMs }: Window): number {
    let count = 0
    for (const [minute, spans] of this.spansOf) {
      if (minute * minuteMs < toMs && (minute + 1) * minuteMs > fromMs) count += spans
    }
    return count
  }
}
