import { grown } from './column.ts'

/**
 * Rows, or other numbers, that are collected anew for each trace. It allocates only when it grows; an array gives up
 * its store with every `length = 0`.
 */
export class RowList {
  length = 0
  /** Only the first `length` count. */
  rows = new Int32Array(16)

  clear(): void {
    this.length = 0
  }

  push(row: number): void {
    if (this.length === this.rows.length) this.rows = grown(this.rows, this.length * 2)
    this.rows[this.length++] = row
  }

  sort(compare: (a: number, b: number) => number): void {
    if (this.length > 1) this.rows.subarray(0, this.length).sort(compare)
  }
}
