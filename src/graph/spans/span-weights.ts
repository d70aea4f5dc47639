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
  invalid = new Uint8Array(0)
  /** Of a summary: sum of the durations of its calls, ns. */
  totalNs = new Float64Array(0)
  /** Of a summary: durations, ns, and how many calls had each, in turn; they add up to `calls`. */
  readonly durations = new ListColumn()
  /** Adjusted count of a call less 1, in whole millionths. */
  private unrecorded = new Float64Array(0)

  reset(row: number): void {
    if (row >= this.calls.length) this.grow(Math.max(64, row * 2))
    this.calls[row] = 1
    this.invalid[row] = 0
    this.totalNs[row] = 0
    this.unrecorded[row] = 0
    this.durations.reset(row)
  }

  copy(row: number, other: WeightColumns, from: number): void {
    this.calls[row] = other.calls[from]!
    this.invalid[row] = other.invalid[from]!
    this.totalNs[row] = other.totalNs[from]!
    this.unrecorded[row] = other.unrecorded[from]!
    this.durations.copy(row, other.durations, from)
  }

  /** Whether the span stands for nothing but itself. */
  countsOnce(row: number): boolean {
    return this.unrecorded[row] === 0 && this.calls[row] === 1
  }

  /** @param count how many calls each of the span's calls stands for, 1 to `maxAdjustedCount` */
  setAdjustedCount(row: number, count: number): void {
    this.unrecorded[row] = Math.round((count - 1) * adjustedScale)
  }

  /** Calls of which nothing was recorded, for each call of the span, in whole millionths. */
  unrecordedPerCall(row: number): number {
    return this.unrecorded[row]!
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
      this.unrecorded[b]! - this.unrecorded[a]! ||
      this.totalNs[b]! - this.totalNs[a]! ||
      this.invalid[a]! - this.invalid[b]! ||
      this.durations.compare(a, b)
    )
  }

  private grow(capacity: number): void {
    this.calls = resized(this.calls, capacity)
    this.invalid = resized(this.invalid, capacity)
    this.totalNs = resized(this.totalNs, capacity)
    this.unrecorded = resized(this.unrecorded, capacity)
  }
}

/** What a summary span says of the calls that were pruned; NaN and [] where it does not say. */
export interface PrunedCalls {
  calls: number
  minNs: number
  maxNs: number
  avgNs: number
  totalNs: number
  /** Upper bounds of the buckets, s, without the last, which has none. */
  boundsSec: number[]
  /** Calls in each bucket and in those before it. */
  cumulativeCounts: number[]
}

/** Durations, ns, and how many calls had each; they add up to the calls. */
export type Durations = [durationNs: number, calls: number][]

/** Whether a summary can stand for its calls: how many there were is the least it must say. */
export function isValidSummary({ calls }: PrunedCalls): boolean {
  return Number.isInteger(calls) && calls >= 1 && calls <= maxCalls
}

/**
 * The durations of pruned calls, as near as their summary tells: the shortest and the longest are known, the others
 * lie in the middle of their buckets or, without a histogram, share what is left of the total.
 *
 * @param pruned of which `isSummary` holds
 * @param spanNs duration of the summary span, which is taken for the total where nothing else tells it
 */
export function prunedDurations(
  pruned: PrunedCalls,
  spanNs: number,
): { totalNs: number; durations: Durations } {
  const { calls } = pruned
  const isRange = pruned.minNs >= 0 && pruned.maxNs >= pruned.minNs
  const said = totalOf(pruned, isRange, spanNs)
  if (!isRange || calls === 1) return { totalNs: said, durations: [[Math.round(said / calls), calls]] }
  const { minNs, maxNs } = pruned
  const others = calls - 2
  const totalNs = Math.min(Math.max(said, minNs * (calls - 1) + maxNs), minNs + maxNs * (calls - 1))
  const buckets = bucketsOf(pruned) ?? [[others > 0 ? (totalNs - minNs - maxNs) / others : 0, calls]]
  buckets[0]![1]--
  buckets[buckets.length - 1]![1]--
  const durations: Durations = [[minNs, 1], ...buckets, [maxNs, 1]]
  return {
    totalNs,
    durations: durations.filter(([, count]) => count > 0).map(([ns, count]) => [Math.round(ns), count]),
  }
}

function totalOf(
  { calls, minNs, maxNs, avgNs, totalNs }: PrunedCalls,
  isRange: boolean,
  spanNs: number,
): number {
  if (totalNs >= 0) return totalNs
  if (avgNs >= 0) return Math.round(avgNs * calls)
  return isRange ? Math.round(((minNs + maxNs) / 2) * calls) : spanNs
}

/** The buckets that hold calls, each with its middle; undefined where the histogram does not fit the calls. */
function bucketsOf({ calls, minNs, maxNs, boundsSec, cumulativeCounts }: PrunedCalls): Durations | undefined {
  const isAscending = boundsSec.every((bound, at) => bound > (boundsSec[at - 1] ?? 0))
  const isCumulative = cumulativeCounts.every(
    (count, at) => Number.isInteger(count) && count >= (cumulativeCounts[at - 1] ?? 0),
  )
  if (cumulativeCounts.length !== boundsSec.length + 1 || cumulativeCounts.at(-1) !== calls) return undefined
  if (!isAscending || !isCumulative) return undefined
  const clamped = (ns: number) => Math.min(Math.max(ns, minNs), maxNs)
  const buckets = cumulativeCounts.map((count, at): [number, number] => {
    const lower = clamped((boundsSec[at - 1] ?? 0) * 1e9)
    const upper = clamped((boundsSec[at] ?? Number.POSITIVE_INFINITY) * 1e9)
    return [(lower + upper) / 2, count - (cumulativeCounts[at - 1] ?? 0)]
  })
  return buckets.filter(([, count]) => count > 0)
}
