/** The calls of a row, and those before sampling with the upper end of their 95 % interval. */
export interface SampledCount {
  count: number
  adjustedCount: number
  adjustedCountHigh: number
}

/** The failed calls of a row, in the same way. */
export interface SampledFailures {
  failed: number
  adjustedFailed: number
  adjustedFailedHigh: number
}

/** Returns the failed calls as a count of their own. */
export const failedCalls = (row: SampledFailures): SampledCount => ({
  count: row.failed,
  adjustedCount: row.adjustedFailed,
  adjustedCountHigh: row.adjustedFailedHigh,
})

/** A standard normal value is within this distance of 0 with 95 % probability. */
const z = 1.959964

/**
 * Returns the variance that each call adds to the row's adjusted count: 1 without sampling, and n if every nth call was
 * kept.
 *
 * A weight is 1 + V / N, where N is the adjusted count and V the variance of its estimate. The interval was computed from both
 * (`SampledCalls`), so it gives V back: exactly if all calls of the row are sampled, otherwise slightly too large.
 */
export function callWeight({ count, adjustedCount, adjustedCountHigh }: SampledCount): number {
  if (count === 0) return 1
  const above = adjustedCountHigh - adjustedCount
  const ofInterval = above ** 2 / (z ** 2 * (adjustedCount + above))
  // No sampling has less variance than an equal one. Rows of earlier versions have no interval.
  return 1 + Math.max(ofInterval, adjustedCount / count - 1)
}

/** Returns the number of unsampled calls that would be as exact an estimate. It is at most `count`. */
export const effectiveCalls = (row: SampledCount): number => row.adjustedCount / callWeight(row)

/** Returns how many calls a recorded call of these rows represents on average; 1 without any. */
export function meanWeight(rows: SampledCount[]): number {
  const count = rows.reduce((sum, row) => sum + row.count, 0)
  return count === 0 ? 1 : rows.reduce((sum, row) => sum + row.adjustedCount, 0) / count
}
