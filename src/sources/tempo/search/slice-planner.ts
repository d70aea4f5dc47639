import type { SpanHistogram } from './span-histogram.ts'

/** A part of the window, Unix s, both ends inclusive as in Tempo. */
export interface Slice {
  startSec: number
  endSec: number
  /** How often this part of the window ran out of time in a larger slice. */
  timeouts: number
}

export interface SlicePlannerOptions {
  startSec: number
  endSec: number
  /** A slice is made so wide that its answer holds about this many spans. */
  targetSpans: number
  /** Where the spans are, if that is known. */
  histogram?: SpanHistogram | undefined
}

/** Without a histogram the first slice is this share of the window: a busy system is not asked for all at once. */
const firstShare = 1 / 32
/** A slice is at most this many times wider than the one before. */
const maxGrowth = 3
/** How far the number of spans that come may drive the expectation away from the histogram at once. */
const maxCorrection = 8

/**
 * Cuts the window into slices, newest first: where a limit ends the reading early, the newest part is what one
 * wants to have. Widths follow the histogram, corrected by what answers hold, or else the density that answers
 * show.
 */
export class SlicePlanner {
  private readonly options: SlicePlannerOptions
  private readonly totalSec: number
  /** Slices that were split off, newest last. */
  private readonly again: Slice[] = []
  private readonly inFlight = new Set<Slice>()
  private histogram: SpanHistogram | undefined
  /** Spans that come for each span of the histogram. */
  private yield = 1
  /** What is older than this has not been planned yet. */
  private cursorSec: number
  private widthSec: number
  private doneSec = 0
  /** Spans of the histogram that are in slices which have been read. */
  private doneSpans = 0

  constructor(options: SlicePlannerOptions) {
    this.options = options
    this.histogram = options.histogram
    this.totalSec = options.endSec - options.startSec
    this.cursorSec = options.endSec
    this.widthSec = Math.max(1, this.totalSec * firstShare)
  }

  /** The next slice to read, at most `maxSec` wide; undefined while nothing is left or all is in flight. */
  next(maxSec: number): Slice | undefined {
    const slice = this.again.pop() ?? this.cut(maxSec)
    if (slice) this.inFlight.add(slice)
    return slice
  }

  /** The slice has been read and held `spans`. */
  done(slice: Slice, spans: number): void {
    const lengthSec = slice.endSec - slice.startSec
    this.inFlight.delete(slice)
    this.doneSec += lengthSec
    const ideal = spans === 0 ? Number.POSITIVE_INFINITY : (lengthSec * this.options.targetSpans) / spans
    this.widthSec = Math.max(1, Math.min(ideal, Math.max(lengthSec, this.widthSec) * maxGrowth))
    const expected = this.options.histogram?.between(slice.startSec, slice.endSec) ?? 0
    this.doneSpans += expected
    // Metrics do not cover everything on every Tempo: one that misses whole slices is no help.
    if (expected * maxCorrection ** 2 < spans) this.histogram = undefined
    if (expected > 0) {
      const seen = spans / expected
      this.yield = Math.min(this.yield * maxCorrection, Math.max(this.yield / maxCorrection, seen))
    }
  }

  /**
   * Has the slice read again in `parts` parts.
   *
   * @returns false where it is 1 s wide already
   */
  split(slice: Slice, parts: number, timeouts = slice.timeouts): boolean {
    const lengthSec = slice.endSec - slice.startSec
    if (lengthSec <= 1) return false
    this.inFlight.delete(slice)
    const stepSec = Math.max(1, Math.ceil(lengthSec / parts))
    for (let startSec = slice.startSec; startSec < slice.endSec; startSec += stepSec) {
      this.again.push({ startSec, endSec: Math.min(slice.endSec, startSec + stepSec), timeouts })
    }
    this.widthSec = Math.min(this.widthSec, stepSec)
    return true
  }

  /** Whether everything between the two times, Unix ms, has been read, as far as it is in the window. */
  hasRead(startMs: number, endMs: number): boolean {
    const unplanned = this.cursorSec > this.options.startSec && startMs <= this.cursorSec * 1000
    if (unplanned) return false
    const overlaps = (slice: Slice) => startMs <= slice.endSec * 1000 && endMs >= slice.startSec * 1000
    for (const slice of this.inFlight) if (overlaps(slice)) return false
    return !this.again.some(overlaps)
  }

  /** Leaves unread what has not been planned yet. @returns the oldest second that is read all the same */
  stop(): number {
    const oldestSec = this.cursorSec
    this.cursorSec = this.options.startSec
    return oldestSec
  }

  /** Share of the window that has been read, by spans where it is known where they are; 0..1. */
  get fraction(): number {
    const { histogram } = this.options
    return Math.min(1, histogram ? this.doneSpans / histogram.total : this.doneSec / this.totalSec)
  }

  private cut(maxSec: number): Slice | undefined {
    if (this.cursorSec <= this.options.startSec) return undefined
    const wanted = this.histogram ? this.widthByHistogram(this.histogram) : Math.round(this.widthSec)
    const lengthSec = Math.max(1, Math.min(wanted, Math.floor(maxSec)))
    const slice = {
      startSec: Math.max(this.options.startSec, this.cursorSec - lengthSec),
      endSec: this.cursorSec,
      timeouts: 0,
    }
    this.cursorSec = slice.startSec
    return slice
  }

  /** The width, s, at which the histogram promises as many spans as are wanted. */
  private widthByHistogram(histogram: SpanHistogram): number {
    const { targetSpans, startSec } = this.options
    const leftSec = this.cursorSec - startSec
    const spansIn = (widthSec: number) =>
      histogram.between(this.cursorSec - widthSec, this.cursorSec) * this.yield
    let low = 1
    let high = leftSec
    while (low < high) {
      const middle = Math.ceil((low + high) / 2)
      if (spansIn(middle) <= targetSpans) low = middle
      else high = middle - 1
    }
    return low
  }
}
