import { withRoom } from './grow.ts'

/** Times are summed in two limbs, the low one below this many ns, so that a sum of integers stays exact. */
const limbNs = 2 ** 52

/**
 * Adds a duration, ns, >= 0, to the sum in the limbs `cells[at]`, the low one, and `cells[at + 1]`. If `sign` is -1,
 * subtracts it.
 *
 * The sum of whole ns is exact, so the order of spans changes no digit, and a duration can be subtracted again. A plain
 * float sum is exact only below 2^53 ns, which is 104 days of span time.
 */
export function addExactly(cells: Float64Array, at: number, durationNs: number, sign: 1 | -1): void {
  // Nearly every duration fits the low limb, and a division of floats is slow.
  const hi = durationNs < limbNs ? 0 : Math.floor(durationNs / limbNs)
  addLimbs(cells, at, sign * (durationNs - hi * limbNs), sign * hi)
}

/** Adds the sum in `others[from]` and the cell after it to that in `cells[at]` and the cell after it. */
export function addSum(cells: Float64Array, at: number, others: Float64Array, from: number): void {
  addLimbs(cells, at, others[from]!, others[from + 1]!)
}

/** Returns the sum, ns, rounded once: beyond 2^53 to the nearest double. */
export function readSum(cells: Float64Array, at: number): number {
  return cells[at + 1]! * limbNs + cells[at]!
}

function addLimbs(cells: Float64Array, at: number, lo: number, hi: number): void {
  const sum = cells[at]! + lo
  if (sum >= limbNs) {
    cells[at] = sum - limbNs
    cells[at + 1]! += hi + 1
  } else if (sum < 0) {
    cells[at] = sum + limbNs
    cells[at + 1]! += hi - 1
  } else {
    cells[at] = sum
    if (hi !== 0) cells[at + 1]! += hi
  }
}

/** Sums of durations, ns, one for each row; 0 for a row without durations. */
export class ExactSums {
  private cells = new Float64Array(64)

  /** Adds a duration, ns, >= 0, to a row, or subtracts it if `sign` is -1. */
  add(row: number, durationNs: number, sign: 1 | -1): void {
    addExactly(this.reserve(row), row * 2, durationNs, sign)
  }

  /** Adds row `from` of `other` to row `row`. */
  addRow(row: number, other: ExactSums, from: number): void {
    if (from * 2 < other.cells.length) addSum(this.reserve(row), row * 2, other.cells, from * 2)
  }

  /** Returns the sum of a row, as `readSum` does. */
  read(row: number): number {
    return row * 2 < this.cells.length ? readSum(this.cells, row * 2) : 0
  }

  private reserve(row: number): Float64Array {
    if (row * 2 >= this.cells.length) this.cells = withRoom(this.cells, (row + 1) * 2)
    return this.cells
  }
}
