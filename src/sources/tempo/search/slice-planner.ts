import { isTooLarge, isTooSlow } from '../client/tempo-errors.ts'
import type { SpanHistogram } from './span-histogram.ts'

/** A part of the window, Unix s, both ends inclusive as in Tempo. */
export interface Slice {
  startSec: number
  endSec: number
  /** How often this part of the window timed out in a larger slice. */
  timeouts: number
}

export interface SlicePlannerOptions {
  startSec: number
  endSec: number
  /** The width of a slice is chosen so that its answer holds about this many spans. */
  targetSpans: number
  /** The distribution of the spans over the window, if known. */
  histogram?: SpanHistogram | undefined
}

/** Width of the first slice without a histogram, as a share of the window: a busy system is not asked for all at once. */
const firstShare = 1 / 32
/** Largest ratio of a slice's width to that of the one before. */
const maxGrowth = 3
/** Largest factor by which one answer corrects the histogram. */
const maxCorrection = 8
/** Parts of a slice with too much for one answer. */
const partsOfLarge = 4
/** Parts of a slice that timed out. */
const partsOfSlow = 2
/** Timeouts of the same part of the window after which its slices are not split further: Tempo is overloaded. */
const maxTimeouts = 3

/**
 * Cuts the window into slices, newest first, and decides when a slice is split. If a limit ends the read early, the
 * newest part has been read.
 *
 * The width of a slice follows the histogram, corrected by the answers. Without a histogram it follows the density in
 * the answers.
 */
export class SlicePlanner {
  private readonly options: SlicePlannerOptions
  private readonly totalSec: number
  /** Parts of split slices, newest last. */
  private readonly parts: Slice[] = []
  private readonly inFlight = new Set<Slice>()
  private histogram: SpanHistogram | undefined
  /** Spans in answers per span of the histogram. */
  private yield = 1
  /** Everything older is not planned yet. */
  private cursorSec: number
  private widthSec: number
  private doneSec = 0
  /** Spans of the histogram in slices that have been read. */
  private doneSpans = 0

  constructor(options: SlicePlannerOptions) {
    this.options = options
    this.histogram = options.histogram
    this.totalSec = options.endSec - options.startSec
    this.cursorSec = options.endSec
    this.widthSec = Math.max(1, this.totalSec * firstShare)
  }

  /** Returns the next slice to read, at most `maxSec` wide; undefined if nothing is left that is not in flight. */
  next(maxSec: number): Slice | undefined {
    const slice = this.parts.pop() ?? this.cut(maxSec)
    if (slice) this.inFlight.add(slice)
    return slice
  }

  /** Records that the slice has been read and holds `spans`. */
  done(slice: Slice, spans: number): void {
    const lengthSec = slice.endSec - slice.startSec
    this.inFlight.delete(slice)
    this.doneSec += lengthSec
    const ideal = spans === 0 ? Number.POSITIVE_INFINITY : (lengthSec * this.options.targetSpans) / spans
    this.widthSec = Math.max(1, Math.min(ideal, Math.max(lengthSec, this.widthSec) * maxGrowth))
    const expected = this.options.histogram?.between(slice.startSec, slice.endSec) ?? 0
    this.doneSpans += expected
    // On some Tempos metrics miss spans: a histogram that misses whole slices is dropped.
    if (expected * maxCorrection ** 2 < spans) this.histogram = undefined
    if (expected > 0) {
      const seen = spans / expected
      this.yield = Math.min(this.yield * maxCorrection, Math.max(this.yield / maxCorrection, seen))
    }
  }

  /** Splits a slice with an unfinished answer. @returns false if it is 1 s wide */
  splitUnfinished(slice: Slice): boolean {
    return this.split(slice, partsOfLarge)
  }

  /**
   * Splits a slice after an error if its parts may succeed. They may if the range was too long, the answer was too
   * large, or Tempo ran out of time.
   *
   * @param maxSec longest range that Tempo allows, as known after the error
   * @returns false if the parts would not succeed either
   */
  splitAfterError(slice: Slice, error: unknown, maxSec: number): boolean {
    const parts = Math.ceil((slice.endSec - slice.startSec) / maxSec)
    if (parts > 1) return this.split(slice, parts)
    if (isTooLarge(error)) return this.split(slice, partsOfLarge)
    const timeouts = slice.timeouts + 1
    return isTooSlow(error) && timeouts <= maxTimeouts && this.split(slice, partsOfSlow, timeouts)
  }

  /** Replaces a slice by `parts` parts, which `next` returns first. @returns false if it is 1 s wide */
  private split(slice: Slice, parts: number, timeouts = slice.timeouts): boolean {
    const lengthSec = slice.endSec - slice.startSec
    if (lengthSec <= 1) return false
    this.inFlight.delete(slice)
    const stepSec = Math.max(1, Math.ceil(lengthSec / parts))
    for (let startSec = slice.startSec; startSec < slice.endSec; startSec += stepSec) {
      this.parts.push({ startSec, endSec: Math.min(slice.endSec, startSec + stepSec), timeouts })
    }
    this.widthSec = Math.min(this.widthSec, stepSec)
    return true
  }

  /** Whether everything in the window between the two times, Unix ms, has been read. */
  hasRead(startMs: number, endMs: number): boolean {
    const unplanned = this.cursorSec > this.options.startSec && startMs <= this.cursorSec * 1000
    if (unplanned) return false
    const overlaps = (slice: Slice) => startMs <= slice.endSec * 1000 && endMs >= slice.startSec * 1000
    for (const slice of this.inFlight) if (overlaps(slice)) return false
    return !this.parts.some(overlaps)
  }

  /** Plans no further slices. @returns the oldest second of those that are planned */
  stop(): number {
    const oldestSec = this.cursorSec
    this.cursorSec = this.options.startSec
    return oldestSec
  }

  /** Share of the window that has been read, 0..1: by spans with a histogram, otherwise by time. */
  get fraction(): number {
    const { histogram } = this.options
    return Math.min(1, histogram ? this.doneSpans / histogram.total : this.doneSec / this.totalSec)
  }

  private cut(maxSec: number): Slice | undefined {
    if (this.cursorSec <= this.options.startSec) return undefined
    const widthSec = this.histogram ? this.widthByHistogram(this.histogram) : Math.round(this.widthSec)
    const lengthSec = Math.max(1, Math.min(widthSec, Math.floor(maxSec)))
    const slice = {
      startSec: Math.max(this.options.startSec, this.cursorSec - lengthSec),
      endSec: this.cursorSec,
      timeouts: 0,
    }
    this.cursorSec = slice.startSec
    return slice
  }

  /** The width, s, at which the histogram predicts `targetSpans` spans. */
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
