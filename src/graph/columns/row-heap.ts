import { grown } from './column.ts'

/** Rows waiting to be taken in an order of their own: a binary heap that allocates only when it grows. */
export class RowHeap {
  size = 0
  private rows = new Int32Array(64)
  private readonly precedes: (a: number, b: number) => boolean

  /** `precedes` says whether row `a` is taken before row `b`; a total order, or ties come out as they fall. */
  constructor(precedes: (a: number, b: number) => boolean) {
    this.precedes = precedes
  }

  /** The row that is next to be taken. The heap must not be empty. */
  get first(): number {
    return this.rows[0]!
  }

  clear(): void {
    this.size = 0
  }

  push(row: number): void {
    let at = this.size++
    if (at === this.rows.length) this.grow()
    while (at > 0) {
      const above = (at - 1) >> 1
      if (!this.precedes(row, this.rows[above]!)) break
      this.rows[at] = this.rows[above]!
      at = above
    }
    this.rows[at] = row
  }

  /** Takes the first row. The heap must not be empty. */
  pop(): number {
    const first = this.rows[0]!
    const last = this.rows[--this.size]!
    let at = 0
    for (let below = 1; below < this.size; below = 2 * at + 1) {
      if (below + 1 < this.size && this.precedes(this.rows[below + 1]!, this.rows[below]!)) below++
      if (!this.precedes(this.rows[below]!, last)) break
      this.rows[at] = this.rows[below]!
      at = below
    }
    this.rows[at] = last
    return first
  }

  private grow(): void {
    this.rows = grown(this.rows, this.rows.length * 2)
  }
}
