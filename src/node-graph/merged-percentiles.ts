/** Percentiles of the durations of some calls, ms. */
export interface DurationPercentiles {
  count: number
  p50Ms: number
  p95Ms: number
  p99Ms: number
}

type Percentile = 'p50Ms' | 'p95Ms' | 'p99Ms'
const levels: [Percentile, number][] = [
  ['p50Ms', 0.5],
  ['p95Ms', 0.95],
  ['p99Ms', 0.99],
]
/** Bisection steps: 2^-50 of the range is below the displayed precision. */
const steps = 50

/**
 * Estimates the percentiles of the calls of several rows together. Assumes that durations are evenly distributed
 * between two known percentiles. Each estimate lies between the smallest and the largest value of the rows.
 */
export function estimatePercentiles(rows: readonly DurationPercentiles[]): Record<Percentile, number> {
  const estimates = levels.map(([name, level]) => [name, quantile(rows, name, level)])
  return Object.fromEntries(estimates) as Record<Percentile, number>
}

function quantile(rows: readonly DurationPercentiles[], name: Percentile, level: number): number {
  const known = rows.map((row) => row[name])
  let low = known.reduce((a, b) => Math.min(a, b))
  let high = known.reduce((a, b) => Math.max(a, b))
  const target = level * rows.reduce((sum, { count }) => sum + count, 0)
  for (let step = 0; step < steps && low < high; step++) {
    const middle = (low + high) / 2
    const calls = rows.reduce((sum, row) => sum + row.count * shareWithin(row, middle), 0)
    if (calls < target) low = middle
    else high = middle
  }
  return high
}

/** Returns the share of a row's calls that take at most `ms`. */
function shareWithin(row: DurationPercentiles, ms: number): number {
  let [from, below] = [0, 0]
  for (const [name, level] of levels) {
    const to = row[name]
    if (ms < to) return below + ((level - below) * (ms - from)) / (to - from)
    ;[from, below] = [to, level]
  }
  return below
}
