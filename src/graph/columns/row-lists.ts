import { resized } from './grow.ts'

/**
 * Rows, or other numbers, that are collected for each trace again. It allocates only when it grows. An array would free
 * its memory with each `length = 0`.
 */
export class RowList {
  length = 0
  /** Only the first `length` are valid. */
  rows = new Int32Array(16)

  clear(): void {
    this.length = 0
  }

  push(row: number): void {
    if (this.length === this.rows.length) this.rows = resized(this.rows, this.length * 2)
    this.rows[this.length++] = row
  }

  sort(compare: (a: number, b: number) => number): void {
    if (this.length > 1) this.rows.subarray(0, this.length).sort(compare)
  }
}

/** A binary heap of rows, which allocates only when it grows. */
export class RowHeap {
  size = 0
  private rows = new Int32Array(64)
  private readonly precedes: (a: number, b: number) => boolean

  /** @param precedes whether row `a` is taken before row `b`; without a total order, ties come in no certain order */
  constructor(precedes: (a: number, b: number) => boolean) {
    this.precedes = precedes
  }

  /** The row that `pop` takes next. The heap must not be empty. */
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

  /** Removes and returns the first row. The heap must not be empty. */
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
    this.rows = resized(this.rows, this.rows.length * 2)
  }
}

/**
 * A column whose values are lists of numbers, most of them empty. A row costs two numbers, and all lists share one array.
 * Only the list of the row that was appended to last can grow.
 */
export class ListColumn {
  values = new Float64Array(0)
  private used = 0
  private starts = new Int32Array(0)
  private lengths = new Int32Array(0)

  /** Gives a row an empty list. Row 0 starts the next table: all lists are dropped. */
  reset(row: number): void {
    if (row >= this.starts.length) {
      this.starts = resized(this.starts, Math.max(64, row * 2))
      this.lengths = resized(this.lengths, this.starts.length)
    }
    if (row === 0) this.used = 0
    this.lengths[row] = 0
  }

  length(row: number): number {
    return this.lengths[row]!
  }

  /** Returns the index in `values` at which the list of a row starts. */
  start(row: number): number {
    return this.starts[row]!
  }

  /** Appends `count` zeros to the list of a row and returns the index in `values` at which they start. */
  append(row: number, count: number): number {
    const at = this.used
    if (this.lengths[row] === 0) this.starts[row] = at
    this.lengths[row]! += count
    this.used += count
    if (this.used > this.values.length) this.values = resized(this.values, Math.max(64, this.used * 2))
    this.values.fill(0, at, this.used)
    return at
  }

  /** Gives a row the list of row `from` of `other`. */
  copy(row: number, other: ListColumn, from: number): void {
    this.lengths[row] = 0
    const length = other.length(from)
    if (length === 0) return
    const start = other.start(from)
    const at = this.append(row, length)
    for (let index = 0; index < length; index++) this.values[at + index] = other.values[start + index]!
  }

  /** Appends to the list of a row what it lacks of the list of row `from`: items of `size` numbers each. */
  addMissing(row: number, from: number, size: number): void {
    for (let at = 0; at < this.length(from); at += size) {
      if (this.hasItem(row, this.start(from) + at, size)) continue
      this.moveToEnd(row)
      const end = this.append(row, size)
      this.values.copyWithin(end, this.start(from) + at, this.start(from) + at + size)
    }
  }

  /** Whether the list of a row has the item at `item` in `values`. */
  private hasItem(row: number, item: number, size: number): boolean {
    for (let at = this.start(row); at < this.start(row) + this.length(row); at += size) {
      let equal = 0
      while (equal < size && this.values[at + equal] === this.values[item + equal]) equal++
      if (equal === size) return true
    }
    return false
  }

  /** Makes the list of a row the last one, so that it can grow. */
  private moveToEnd(row: number): void {
    const length = this.length(row)
    const start = this.start(row)
    if (length === 0 || start + length === this.used) return
    this.lengths[row] = 0
    const at = this.append(row, length)
    this.values.copyWithin(at, start, start + length)
  }

  /** Compares the lists of two rows, longer ones first: negative, positive, or 0 if they are equal. */
  compare(a: number, b: number): number {
    let order = this.length(b) - this.length(a)
    for (let index = 0; order === 0 && index < this.length(a); index++) {
      order = this.values[this.start(a) + index]! - this.values[this.start(b) + index]!
    }
    return order
  }
}
