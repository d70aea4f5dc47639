import { DurationSketches, type Percentiles } from './duration-sketch.ts'
import { SpanStatus, type SpanTable } from './span-table.ts'

/** RED totals of one node or edge: rate, errors, duration; all 0 where there was no call. */
export interface Red extends Percentiles {
  /** Calls. */
  count: number
  /** Calls with status ERROR. */
  failed: number
  /** Calls that did not fail and took longer than the threshold. */
  slow: number
  /** Mean duration, ns. */
  meanNs: number
}

/** Durations are summed in two limbs of this many ns, so that a sum of integers stays exact. */
const limbNs = 2 ** 52

/**
 * RED totals of many nodes or edges, a column for each figure.
 *
 * Sums are exact, so the order in which spans arrive cannot change a digit of the result: a plain float sum
 * is exact only below 2^53 ns, 104 days of span time.
 */
export class RedColumns {
  length = 0
  count = new Float64Array(64)
  failed = new Float64Array(64)
  slow = new Float64Array(64)
  private sumHi = new Float64Array(64)
  private sumLo = new Float64Array(64)
  private readonly durations = new DurationSketches()

  /** Adds one span to row `row`, or takes it back when `sign` is -1. */
  addSpan(row: number, spans: SpanTable, span: number, slowThresholdNs: number, sign: 1 | -1): void {
    const failed = spans.status[span] === SpanStatus.error
    this.addCall(row, spans.durationNs[span]!, failed, slowThresholdNs, sign)
  }

  /** Adds one call to row `row`, or takes it back when `sign` is -1. */
  addCall(row: number, durationNs: number, failed: boolean, slowThresholdNs: number, sign: 1 | -1): void {
    if (row >= this.count.length) this.grow(row)
    if (row >= this.length) this.length = row + 1
    this.count[row]! += sign
    if (failed) this.failed[row]! += sign
    else if (durationNs > slowThresholdNs) this.slow[row]! += sign
    // Nearly every duration fits the low limb; % on floats is slow.
    const hi = durationNs < limbNs ? 0 : Math.floor(durationNs / limbNs)
    this.addToSum(row, sign * hi, sign * (durationNs - hi * limbNs))
    this.durations.add(row, durationNs, sign)
  }

  /** Adds row `from` of `other` to row `row`. */
  addRow(row: number, other: RedColumns, from: number): void {
    if (row >= this.count.length) this.grow(row)
    if (row >= this.length) this.length = row + 1
    this.count[row]! += other.count[from]!
    this.failed[row]! += other.failed[from]!
    this.slow[row]! += other.slow[from]!
    this.addToSum(row, other.sumHi[from]!, other.sumLo[from]!)
    this.durations.addRow(row, other.durations, from)
  }

  read(row: number): Red {
    const count = this.count[row] ?? 0
    if (count === 0) return { count: 0, failed: 0, slow: 0, meanNs: 0, p50Ns: 0, p95Ns: 0, p99Ns: 0 }
    const meanNs = (this.sumHi[row]! * limbNs + this.sumLo[row]!) / count
    // Of a single call the duration is known.
    const percentiles =
      count === 1 ? { p50Ns: meanNs, p95Ns: meanNs, p99Ns: meanNs } : this.durations.percentiles(row, count)
    return { count, failed: this.failed[row]!, slow: this.slow[row]!, meanNs, ...percentiles }
  }

  private addToSum(row: number, hi: number, lo: number): void {
    const sum = this.sumLo[row]! + lo
    let carry = 0
    if (sum >= limbNs) carry = 1
    else if (sum < 0) carry = -1
    this.sumLo[row] = sum - carry * limbNs
    this.sumHi[row]! += hi + carry
  }

  private grow(row: number): void {
    const capacity = Math.max(row + 1, this.count.length * 2)
    this.count = grown(this.count, capacity)
    this.failed = grown(this.failed, capacity)
    this.slow = grown(this.slow, capacity)
    this.sumHi = grown(this.sumHi, capacity)
    this.sumLo = grown(this.sumLo, capacity)
  }
}

function grown(column: Float64Array<ArrayBuffer>, capacity: number): Float64Array<ArrayBuffer> {
  const next = new Float64Array(capacity)
  next.set(column)
  return next
}
