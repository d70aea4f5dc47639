import { ExactSums } from '../columns/exact-sums.ts'
import { withRoom } from '../columns/grow.ts'
import { adjustedScale } from '../spans/span-weights.ts'
import type { CurrentTrace } from './exemplars.ts'

/** Calls before sampling, with the uncertainty of the estimate. All equal to the count if no span was sampled. */
export interface AdjustedCount {
  /** Estimated calls before sampling, exact to a millionth. */
  adjustedCount: number
  /** Lower end of the 95 % interval; never below the recorded calls. */
  adjustedCountLow: number
  /** Upper end of the 95 % interval. */
  adjustedCountHigh: number
  /** Variance of the estimate, calls²; 0 if no span was sampled. */
  adjustedCountVariance: number
}

/** A standard normal value is within this distance of 0 with 95 % probability. */
const z = 1.959964
/** Variances above `fineLimit`, in millionths, are summed in units of `coarseUnit`, so that all sums stay exact. */
const fineLimit = 2 ** 84
const coarseUnit = 2 ** 64
const maxVariance = 2 ** 150

/**
 * Estimated calls before sampling of many nodes or edges, and the variance of the estimates (Horvitz and Thompson).
 * Only rows with sampled calls have entries.
 *
 * The spans of a trace share one random number. A call with the adjusted count a is kept if that number is below 1/a.
 * Calls of different traces are independent, so the variances of traces are added up. The variance of one trace's part of
 * a row has the unbiased estimate
 *
 *     sum over all pairs i, j of its calls: (min(a_i, a_j) - 1) * max(a_i, a_j)
 *
 * docs/graph-semantics.md derives it. All sums are in whole millionths, so order changes no digit and a trace can be
 * removed again.
 */
export class SampledCalls {
  private readonly trace: CurrentTrace
  /** Adjusted count less count, in millionths. */
  private readonly unrecorded = new ExactSums()
  /** Recorded calls whose adjusted count is above 1. */
  private readonly recorded = new ExactSums()
  /** Variance, in millionths and in `coarseUnit` millionths. */
  private readonly fine = new ExactSums()
  private readonly coarse = new ExactSums()
  /** Sum of the standard deviations, in millionths, of rows that may share traces. */
  private readonly deviations = new ExactSums()
  /** For each row 0, 1, or 2 for more rows that may share traces and were added to it. */
  private sources = new Uint8Array(0)

  private pending = new PendingCalls()
  private pendingOf = -1
  private pendingSign: 1 | -1 = 1

  /** @param trace the trace whose calls are added; each must have been started once */
  constructor(trace: CurrentTrace) {
    this.trace = trace
  }

  /**
   * Adds calls of the current trace to a row, or removes them if `sign` is -1.
   *
   * @param unrecorded adjusted count of each call less 1, in millionths
   */
  add(row: number, unrecorded: number, calls: number, sign: 1 | -1): void {
    if (this.pendingOf !== this.trace.serial) {
      this.settle()
      this.pendingOf = this.trace.serial
      this.pendingSign = sign
    }
    this.unrecorded.add(row, unrecorded * calls, sign)
    this.recorded.add(row, calls, sign)
    this.pending.add(row, unrecorded, calls)
  }

  /** Adds row `from` of `other`, which counts other traces. */
  addRow(row: number, other: SampledCalls, from: number): void {
    this.addSums(row, other, from)
    this.fine.addRow(row, other.fine, from)
    this.coarse.addRow(row, other.coarse, from)
    this.deviations.addRow(row, other.deviations, from)
  }

  /**
   * Adds row `from` of `other`, which may count calls of the same traces. The standard deviations are added, which is
   * the most that the standard deviation of the sum can be.
   */
  addDependentRow(row: number, other: SampledCalls, from: number): void {
    this.addSums(row, other, from)
    const variance = other.varianceOf(from)
    if (variance === 0) return
    this.sources = withRoom(this.sources, row + 1)
    if (this.sources[row] === 0) {
      this.addVariance(row, variance, 1)
      this.sources[row] = 1
      return
    }
    if (this.sources[row] === 1) {
      const first = this.varianceOf(row)
      this.addVariance(row, first, -1)
      this.addDeviation(row, first)
      this.sources[row] = 2
    }
    this.addDeviation(row, variance)
  }

  /** @param count recorded calls of the row */
  read(row: number, count: number): AdjustedCount {
    this.settle()
    const unrecorded = this.unrecorded.read(row)
    const recorded = this.recorded.read(row)
    const adjustedCount = (count * adjustedScale + unrecorded) / adjustedScale
    const variance = this.varianceOf(row) / adjustedScale
    if (variance === 0) return { ...certain(count), adjustedCount }
    // The variance is proportional to the true count. The interval consists of the counts for which the estimate is at
    // most z standard deviations away. With few traces it is right more often than the estimate +- z deviations.
    const sampled = recorded + unrecorded / adjustedScale
    const ratio = variance / sampled
    const middle = count - recorded + sampled + (z * z * ratio) / 2
    const half = z * Math.sqrt(variance + (z * z * ratio * ratio) / 4)
    return {
      adjustedCount,
      adjustedCountLow: Math.max(count, Math.min(middle - half, adjustedCount)),
      adjustedCountHigh: Math.max(middle + half, adjustedCount),
      adjustedCountVariance: variance,
    }
  }

  private addSums(row: number, other: SampledCalls, from: number): void {
    other.settle()
    this.unrecorded.addRow(row, other.unrecorded, from)
    this.recorded.addRow(row, other.recorded, from)
  }

  /** Returns the variance of a row, in millionths. */
  private varianceOf(row: number): number {
    const deviation = this.deviations.read(row)
    return this.fine.read(row) + this.coarse.read(row) * coarseUnit + (deviation * deviation) / adjustedScale
  }

  private addVariance(row: number, variance: number, sign: 1 | -1): void {
    if (variance < fineLimit) this.fine.add(row, Math.round(variance), sign)
    else this.coarse.add(row, Math.round(Math.min(variance, maxVariance) / coarseUnit), sign)
  }

  /** @param variance in millionths */
  private addDeviation(row: number, variance: number): void {
    this.deviations.add(row, Math.round(Math.sqrt(variance / adjustedScale) * adjustedScale), 1)
  }

  /** Adds the variance of the trace whose calls were added last. */
  private settle(): void {
    const { pending } = this
    if (pending.length === 0) return
    pending.forEachRow((row, variance) => this.addVariance(row, variance, this.pendingSign))
    pending.length = 0
    this.pendingOf = -1
  }
}

/** Returns the adjusted count of calls that were not sampled. */
export const certain = (count: number): AdjustedCount => ({
  adjustedCount: count,
  adjustedCountLow: count,
  adjustedCountHigh: count,
  adjustedCountVariance: 0,
})

/** The sampled calls of one trace. */
class PendingCalls {
  length = 0
  private rows = new Int32Array(16)
  private unrecorded = new Float64Array(16)
  private calls = new Float64Array(16)
  private order = new Int32Array(16)
  private readonly compare = (a: number, b: number) =>
    this.rows[a]! - this.rows[b]! || this.unrecorded[a]! - this.unrecorded[b]!

  add(row: number, unrecorded: number, calls: number): void {
    const last = this.length - 1
    if (last >= 0 && this.rows[last] === row && this.unrecorded[last] === unrecorded) {
      this.calls[last]! += calls
      return
    }
    const at = this.length++
    if (at === this.rows.length) this.grow(at + 1)
    this.rows[at] = row
    this.unrecorded[at] = unrecorded
    this.calls[at] = calls
  }

  /** Calls `addVariance` with each row and the estimated variance, in millionths, of the trace's part of its sum. */
  forEachRow(addVariance: (row: number, variance: number) => void): void {
    const { length, rows, unrecorded, calls, order } = this
    for (let at = 0; at < length; at++) order[at] = at
    if (length > 1) order.subarray(0, length).sort(this.compare)
    for (let at = 0; at < length; ) {
      const row = rows[order[at]!]!
      let variance = 0
      // Of the calls with smaller adjusted counts.
      let unrecordedBefore = 0
      while (at < length && rows[order[at]!] === row) {
        const each = unrecorded[order[at]!]!
        let times = 0
        for (; at < length && rows[order[at]!] === row && unrecorded[order[at]!] === each; at++) {
          times += calls[order[at]!]!
        }
        const adjusted = times * (each / adjustedScale + 1)
        variance += adjusted * (times * each + 2 * unrecordedBefore)
        unrecordedBefore += times * each
      }
      addVariance(row, variance)
    }
  }

  private grow(length: number): void {
    this.rows = withRoom(this.rows, length)
    this.unrecorded = withRoom(this.unrecorded, length)
    this.calls = withRoom(this.calls, length)
    this.order = withRoom(this.order, length)
  }
}
