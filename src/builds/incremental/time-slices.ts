import type { Window } from '../../sources/trace-source.ts'

/**
 * The division of time into slices. Slice n is [originMs + n * lengthMs, originMs + (n + 1) * lengthMs), Unix ms. The
 * origin is the start of a window, so that windows of a regular schedule start on edges.
 */
export class TimeSlices {
  readonly originMs: number
  readonly lengthMs: number

  constructor(originMs: number, lengthMs: number) {
    this.originMs = originMs
    this.lengthMs = lengthMs
  }

  /** Returns the number of the slice that a time is in. */
  numberOf(ms: number): number {
    return Math.floor((ms - this.originMs) / this.lengthMs)
  }

  /** Returns the start of a slice, Unix ms. */
  startMs(number: number): number {
    return this.originMs + number * this.lengthMs
  }

  /** Returns the last edge at or before a time, Unix ms. */
  edgeBefore(ms: number): number {
    return this.startMs(this.numberOf(ms))
  }

  /** Returns the first edge at or after a time, Unix ms. */
  edgeAfter(ms: number): number {
    return this.startMs(Math.ceil((ms - this.originMs) / this.lengthMs))
  }

  /** Moves a window back to start on an edge, if that is at most `mostMs` earlier. Its length stays. */
  aligned({ fromMs, toMs }: Window, mostMs: number): Window {
    const lateMs = fromMs - this.edgeBefore(fromMs)
    return lateMs <= mostMs ? { fromMs: fromMs - lateMs, toMs: toMs - lateMs } : { fromMs, toMs }
  }
}
