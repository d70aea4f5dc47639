import { withRoom } from './grow.ts'

/** Times are summed in two limbs of this many ns, so that a sum of integers stays exact. */
const limbNs = 2 ** 52

/**
 * Adds a duration, ns, >= 0, to the sum in the limbs `cells[at]`, the low one, and `cells[at + 1]`, or takes it back
 * when `sign` is -1.
 *
 * Exact for whole ns, so the order in which spans arrive cannot change a digit, and what was added can be taken
 * back: a plain float sum is exact only below 2^53 ns, 104 days of span time.
 */
export function addExactly(cells: Float64Array, at: number, durationNs: number, sign: 1 | -1): void {
  // Nearly every duration fits the low limb; % on floats is slow.
  const hi = durationNs < limbNs ? 0 : Math.floor(durationNs / limbNs)
  addLimbs(cells, at, sign * (durationNs - hi * limbNs), sign * hi)
}

/** Adds the sum in `others[from]` and the cell after it. */
export function addSum(cells: Float64Array, at: number, others: Float64Array, from: number): void {
  addLimbs(cells, at, others[from]!, others[from + 1]!)
}

/** The sum, ns, rounded once: where it exceeds 2^53, to the nearest double. */
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

/** Sums of durations, ns, a row for each; 0 where nothing was added. */
export class ExactSums {
  private cells = new Float64Array(64)

  /** Adds a duration, ns, >= 0, to a row, or takes it back when `sign` is -1. */
  add(row: number, durationNs: number, sign: 1 | -1): void {
    addExactly(this.reserve(row), row * 2, durationNs, sign)
  }

  /** Adds row `from` of `other` to row `row`. */
  addRow(row: number, other: ExactSums, from: number): void {
    if (from * 2 < other.cells.length) addSum(this.reserve(row), row * 2, other.cells, from * 2)
  }

  /** As `readSum`. */
  read(row: number): number {
    return row * 2 < this.cells.length ? readSum(this.cells, row * 2) : 0
  }

  private reserve(row: number): Float64Array {
    if (row * 2 >= this.cells.length) this.cells = withRoom(this.cells, (row + 1) * 2)
    return this.cells
  }
}
