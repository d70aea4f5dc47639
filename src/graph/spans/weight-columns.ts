import { resized } from '../columns/grow.ts'
import { ListColumn } from '../columns/row-lists.ts'

/** Adjusted counts are summed in whole millionths, so that order cannot change a digit. */
export const adjustedScale = 1e6
/** The least threshold of the convention that is not "drop all" leaves one call of so many. */
export const maxAdjustedCount = 2 ** 56
/** Most calls that one span may stand for: sketches count in 31 bits. */
export const maxCalls = 2 ** 31 - 1

/** Durations of calls, a row for each span; a `SpanTable` has them. */
export interface MeasuredSpans {
  durationNs: Float64Array
  weights?: WeightColumns | undefined
}

/**
 * How many calls each span of a table stands for: columns for the few tables in which a span stands for more than
 * itself. A sampled span stands for calls of which nothing was recorded, which only the adjusted count tells; a
 * summary span stands for calls that were recorded and then pruned, which count as if they were there.
 */
export class WeightColumns {
  /** Calls that the span stands for: 1, unless it is a summary. */
  calls = new Float64Array(0)
  /** 1 where the span says something of what it stands for that cannot be. */
  bad = new Uint8Array(0)
  /** Of a summary: sum of the durations of its calls, ns. */
  totalNs = new Float64Array(0)
  /** Of a summary: durations, ns, and how many calls had each, in turn; they add up to `calls`. */
  readonly durations = new ListColumn()
  /** Adjusted count of a call less 1, in whole millionths. */
  private unseen = new Float64Array(0)

  reset(row: number): void {
    if (row >= this.calls.length) this.grow(Math.max(64, row * 2))
    this.calls[row] = 1
    this.bad[row] = 0
    this.totalNs[row] = 0
    this.unseen[row] = 0
    this.durations.reset(row)
  }

  copy(row: number, other: WeightColumns, from: number): void {
    this.calls[row] = other.calls[from]!
    this.bad[row] = other.bad[from]!
    this.totalNs[row] = other.totalNs[from]!
    this.unseen[row] = other.unseen[from]!
    this.durations.copy(row, other.durations, from)
  }

  /** Whether the span stands for nothing but itself. */
  isPlain(row: number): boolean {
    return this.unseen[row] === 0 && this.calls[row] === 1
  }

  /** @param count how many calls each of the span's calls stands for, 1 to `maxAdjustedCount` */
  setAdjustedCount(row: number, count: number): void {
    this.unseen[row] = Math.round((count - 1) * adjustedScale)
  }

  /** Calls of which nothing was recorded, for each call of the span, in whole millionths. */
  unseenPerCall(row: number): number {
    return this.unseen[row]!
  }

  /**
   * Makes the span a summary of `calls` calls, 1 to `maxCalls`.
   *
   * @param durations pairs of a duration, ns, and how many calls had it, adding up to `calls`
   */
  setSummary(
    row: number,
    calls: number,
    totalNs: number,
    durations: [durationNs: number, calls: number][],
  ): void {
    this.calls[row] = calls
    this.totalNs[row] = totalNs
    const at = this.durations.append(row, durations.length * 2)
    this.durations.values.set(durations.flat(), at)
  }

  /** A total order on what two spans stand for; of two versions of a span, the one that says more comes first. */
  compare(a: number, b: number): number {
    return (
      this.calls[b]! - this.calls[a]! ||
      this.unseen[b]! - this.unseen[a]! ||
      this.totalNs[b]! - this.totalNs[a]! ||
      this.bad[a]! - this.bad[b]! ||
      this.durations.compare(a, b)
    )
  }

  private grow(capacity: number): void {
    this.calls = resized(this.calls, capacity)
    this.bad = resized(this.bad, capacity)
    this.totalNs = resized(this.totalNs, capacity)
    this.unseen = resized(this.unseen, capacity)
  }
}
