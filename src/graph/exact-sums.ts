/** Times are summed in two limbs of this many ns, so that a sum of integers stays exact. */
const limbNs = 2 ** 52

/**
 * Sums of durations, ns, a row for each; 0 where nothing was added.
 *
 * Exact for whole ns, so the order in which spans arrive cannot change a digit, and what was added can be taken
 * back: a plain float sum is exact only below 2^53 ns, 104 days of span time.
 */
export class ExactSums {
  private hi = new Float64Array(64)
  private lo = new Float64Array(64)

  /** Adds a duration, ns, >= 0, to a row, or takes it back when `sign` is -1. */
  add(row: number, durationNs: number, sign: 1 | -1): void {
    // Nearly every duration fits the low limb; % on floats is slow.
    const hi = durationNs < limbNs ? 0 : Math.floor(durationNs / limbNs)
    this.addLimbs(row, sign * hi, sign * (durationNs - hi * limbNs))
  }

  /** Adds row `from` of `other` to row `row`. */
  addRow(row: number, other: ExactSums, from: number): void {
    this.addLimbs(row, other.hi[from] ?? 0, other.lo[from] ?? 0)
  }

  /** The sum, ns, rounded once: where it exceeds 2^53, to the nearest double. */
  read(row: number): number {
    return (this.hi[row] ?? 0) * limbNs + (this.lo[row] ?? 0)
  }

  private addLimbs(row: number, hi: number, lo: number): void {
    if (row >= this.lo.length) this.grow(row)
    const sum = this.lo[row]! + lo
    let carry = 0
    if (sum >= limbNs) carry = 1
    else if (sum < 0) carry = -1
    this.lo[row] = sum - carry * limbNs
    this.hi[row]! += hi + carry
  }

  private grow(row: number): void {
    const capacity = Math.max(row + 1, this.lo.length * 2)
    const { hi, lo } = this
    this.hi = new Float64Array(capacity)
    this.lo = new Float64Array(capacity)
    this.hi.set(hi)
    this.lo.set(lo)
  }
}
