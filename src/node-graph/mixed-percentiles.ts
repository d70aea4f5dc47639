/** What is known of the durations of some calls, ms. */
export interface KnownDurations {
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
/** Halvings: 2^-50 of the range is less than a digit that is shown. */
const halvings = 50

/**
 * Percentiles of the calls of several rows together, as far as those of each row tell: an estimate, because between
 * two percentiles nobody knows how durations lie, and they are taken to lie evenly. Each lies between the smallest
 * and the largest of the rows'.
 */
export function mixedPercentiles(rows: readonly KnownDurations[]): Record<Percentile, number> {
  const mixed = levels.map(([name, level]) => [name, quantile(rows, name, level)])
  return Object.fromEntries(mixed) as Record<Percentile, number>
}

function quantile(rows: readonly KnownDurations[], name: Percentile, level: number): number {
  const known = rows.map((row) => row[name])
  let low = known.reduce((a, b) => Math.min(a, b))
  let high = known.reduce((a, b) => Math.max(a, b))
  const wanted = level * rows.reduce((sum, { count }) => sum + count, 0)
  for (let halving = 0; halving < halvings && low < high; halving++) {
    const middle = (low + high) / 2
    const calls = rows.reduce((sum, row) => sum + row.count * shareWithin(row, middle), 0)
    if (calls < wanted) low = middle
    else high = middle
  }
  return high
}

/** Share of the calls of a row that take at most so long. */
function shareWithin(row: KnownDurations, ms: number): number {
  let [from, below] = [0, 0]
  for (const [name, level] of levels) {
    const to = row[name]
    if (ms < to) return below + ((level - below) * (ms - from)) / (to - from)
    ;[from, below] = [to, level]
  }
  return below
}
