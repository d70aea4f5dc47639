import {
  callWeight,
  effectiveCalls,
  failedCalls,
  type SampledCount,
  type SampledFailures,
} from './sampled-count.ts'

/** The figures of a row that the tests use. */
export interface Sample extends SampledCount, SampledFailures {
  meanMs: number
  p50Ms: number
  p95Ms: number
  p99Ms: number
}

/** With fewer calls on one side nothing is significant, because the tests are approximations for many calls. */
const fewestCalls = 30
/** Expected share of chance findings among the significant ones, at most. */
const falseDiscoveryRate = 0.05

/**
 * Tests whether one side fails more often: two-proportion z test, pooled, with Yates' continuity correction. Assumes
 * that calls are independent of each other. Of a sampled side the share is that before sampling.
 *
 * @returns two-sided p-value, 0 to 1
 */
export function failurePValue(a: Sample, b: Sample): number {
  if (Math.min(effectiveCalls(a), effectiveCalls(b)) < fewestCalls) return 1
  const pooled = (a.adjustedFailed + b.adjustedFailed) / (a.adjustedCount + b.adjustedCount)
  const perCall = perEffectiveCall(a, pooled) + perEffectiveCall(b, pooled)
  const difference = Math.abs(failureShare(a) - failureShare(b)) - perCall / 2
  return difference <= 0 ? 1 : twoSided(difference / Math.sqrt(pooled * (1 - pooled) * perCall))
}

/** Returns the share of failed calls before sampling. */
export const failureShare = (sample: Sample) => sample.adjustedFailed / sample.adjustedCount

/**
 * Returns the variance of the estimated share of failed calls, divided by that of one call. Without sampling it is
 * 1 / count.
 *
 * The numbers of failed and of other calls are estimates with a variance of their own. They are taken as independent,
 * which gives the largest variance of the share.
 *
 * @param share share of failed calls, 0 to 1
 */
function perEffectiveCall(sample: Sample, share: number): number {
  const { adjustedCount, adjustedFailed } = sample
  const all = callWeight(sample) - 1
  const ofFailed = adjustedFailed > 0 ? callWeight(failedCalls(sample)) - 1 : all
  const others = adjustedCount - adjustedFailed
  const ofOthers =
    others > 0 ? Math.max(0, all * adjustedCount - ofFailed * adjustedFailed) / others : ofFailed
  return (1 + (1 - share) * ofFailed + share * ofOthers) / adjustedCount
}

/**
 * Tests whether one side had more calls for its time before sampling. Without sampling, the calls of a side have the
 * variance of a Poisson distribution; the weight of a sampled side's calls multiplies it.
 *
 * @param share share of side b in the time of both windows, 0 to 1
 * @returns two-sided p-value, 0 to 1
 */
export function trafficPValue(a: Sample, b: Sample, share: number): number {
  if (Math.min(effectiveCalls(a), effectiveCalls(b)) < fewestCalls) return 1
  const difference = a.adjustedCount / (1 - share) - b.adjustedCount / share
  const variance = (a.adjustedCount + b.adjustedCount) * (callWeight(a) / (1 - share) + callWeight(b) / share)
  return twoSided(Math.abs(difference) / Math.sqrt(variance))
}

/**
 * Tests whether one side is slower: Welch's test of the means, which are exact. Rows have no variance, so
 * `varianceMs2` estimates it.
 *
 * @returns two-sided p-value, 0 to 1
 */
export function latencyPValue(a: Sample, b: Sample): number {
  if (Math.min(a.count, b.count) < fewestCalls || a.meanMs === b.meanMs) return 1
  const squaredError = varianceMs2(a) / a.count + varianceMs2(b) / b.count
  return twoSided(Math.abs(a.meanMs - b.meanMs) / Math.sqrt(squaredError))
}

/**
 * Tests whether a row that only one side has is more than chance, if calls were equally frequent on both sides. A side
 * that samples more has fewer calls to show.
 *
 * @param share share of this side in the time of both windows, 0 to 1
 * @param missingWeight mean weight of a call on the side without the row; its calls of this row have at least this
 *   side's weight
 * @returns two-sided p-value, 0 to 1
 */
export function presencePValue(sample: Sample, share: number, missingWeight = 1): number {
  const calls = effectiveCalls(sample)
  if (calls < fewestCalls) return 1
  const weight = callWeight(sample)
  const expected = share / (share + (1 - share) * (weight / Math.max(weight, missingWeight)))
  return Math.min(1, 2 * expected ** calls)
}

/**
 * Estimates the variance, ms², from the mean and the percentiles of a row. Half of the calls are below the median,
 * 45 % between it and the 95th percentile, 4 % up to the 99th, and 1 % above.
 *
 * The mean decides where the calls of each part are in its range: first the second part moves, then the first. The
 * remainder comes from outliers in the top 1 %.
 */
export function varianceMs2({ meanMs, p50Ms, p95Ms, p99Ms }: Sample): number {
  const high = (p95Ms + p99Ms) / 2
  const left = meanMs - 0.04 * high - 0.01 * p99Ms
  const middle = within((left - 0.5 * (p50Ms / 2)) / 0.45, p50Ms, p95Ms)
  const low = within((left - 0.45 * middle) / 0.5, 0, p50Ms)
  const top = p99Ms + Math.max(0, left - 0.45 * middle - 0.5 * low) / 0.01
  const parts: [share: number, ms: number, from: number, to: number][] = [
    [0.5, low, 0, p50Ms],
    [0.45, middle, p50Ms, p95Ms],
    [0.04, high, p95Ms, p99Ms],
    [0.01, top, top, top],
  ]
  // The second term is the variance of a uniform distribution in the middle of a range, and 0 at its ends.
  return parts.reduce(
    (sum, [share, ms, from, to]) => sum + share * ((ms - meanMs) ** 2 + ((ms - from) * (to - ms)) / 3),
    0,
  )
}

const within = (value: number, least: number, most: number) => Math.min(Math.max(value, least), most)

/**
 * Returns the largest p-value that counts as significant (Benjamini and Hochberg 1995). The correction is needed
 * because some of a thousand edges differ by chance alone.
 *
 * @returns -1 if no p-value is significant
 */
export function significanceLimit(pValues: number[]): number {
  const sorted = [...pValues].sort((a, b) => a - b)
  const last = sorted.findLastIndex((p, index) => p <= ((index + 1) / sorted.length) * falseDiscoveryRate)
  return sorted[last] ?? -1
}

/** Returns the probability that a standard normal value is at least `z` away from 0. @param z not negative */
const twoSided = (z: number) => Math.min(1, complementaryError(z / Math.SQRT2))

/** Returns erfc(x) by a Chebyshev fit, relative error below 1.2e-7 (Press et al., Numerical Recipes, 6.2). */
function complementaryError(x: number): number {
  if (x === Number.POSITIVE_INFINITY) return 0
  const t = 1 / (1 + x / 2)
  const fit = [
    -1.26551223, 1.00002368, 0.37409196, 0.09678418, -0.18628806, 0.27886807, -1.13520398, 1.48851587,
    -0.82215223, 0.17087277,
  ]
  return t * Math.exp(-x * x + fit.reduceRight((sum, factor) => sum * t + factor, 0))
}
