import { maxCalls } from './weight-columns.ts'

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
export function isSummary({ calls }: PrunedCalls): boolean {
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
