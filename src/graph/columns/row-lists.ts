/**
 * Lists of numbers for the rows of a table, most of which have none: what a row costs is two numbers, and all lists
 * stand in one array. Only the list of the row that was appended to last can grow.
 */
export class RowLists {
  values = new Float64Array(0)
  private used = 0
  private starts = new Int32Array(0)
  private lengths = new Int32Array(0)

  /** Gives a row an empty list. Row 0 is the first of the next table: what the lists held is given up. */
  reset(row: number): void {
    if (row >= this.starts.length) this.growRows(Math.max(64, row * 2))
    if (row === 0) this.used = 0
    this.lengths[row] = 0
  }

  length(row: number): number {
    return this.lengths[row]!
  }

  /** Where the list of a row starts in `values`. */
  start(row: number): number {
    return this.starts[row]!
  }

  /** Appends `count` zeros to the list of a row. @returns where they start in `values` */
  append(row: number, count: number): number {
    const at = this.used
    if (this.lengths[row] === 0) this.starts[row] = at
    this.lengths[row]! += count
    this.used += count
    if (this.used > this.values.length) this.growValues(Math.max(64, this.used * 2))
    this.values.fill(0, at, this.used)
    return at
  }

  /** Appends the list of row `from` of `other` to that of a row. */
  copy(row: number, other: RowLists, from: number): void {
    const length = other.length(from)
    if (length === 0) return
    const start = other.start(from)
    const at = this.append(row, length)
    for (let index = 0; index < length; index++) this.values[at + index] = other.values[start + index]!
  }

  /** A total order on the lists of two rows, longer ones first; 0 only where they are equal. */
  compare(a: number, b: number): number {
    let order = this.length(b) - this.length(a)
    for (let index = 0; order === 0 && index < this.length(a); index++) {
      order = this.values[this.start(a) + index]! - this.values[this.start(b) + index]!
    }
    return order
  }

  private growRows(capacity: number): void {
    const { starts, lengths } = this
    this.starts = new Int32Array(capacity)
    this.lengths = new Int32Array(capacity)
    this.starts.set(starts)
    this.lengths.set(lengths)
  }

  private growValues(capacity: number): void {
    const { values } = this
    this.values = new Float64Array(capacity)
    this.values.set(values)
  }
}
