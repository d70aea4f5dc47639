/** A typed array, as the functions of this file need it. */
interface Column<T> {
  readonly length: number
  subarray(start: number, end: number): T
  set(from: T): void
  constructor: unknown
}

/** Returns a typed array of the same kind with `length` values: those of `column`, then zeros. */
export function resized<T extends Column<T>>(column: T, length: number): T {
  const next = new (column.constructor as new (length: number) => T)(length)
  next.set(length < column.length ? column.subarray(0, length) : column)
  return next
}

/** Returns `column` if it holds `length` values, otherwise a copy with room for at least twice as many as before. */
export function withRoom<T extends Column<T>>(column: T, length: number): T {
  return length <= column.length ? column : resized(column, Math.max(length, column.length * 2))
}

/**
 * The capacity of columns that are overwritten for each trace: the smallest power of two above `rows`. Such columns are
 * allocated again instead of copied.
 */
export function scratchCapacity(rows: number): number {
  return 2 ** (32 - Math.clz32(rows))
}

/** Fills the first `length` values. Most traces are small, and for them a loop is faster than a call of `fill`. */
export function fillStart(column: Int32Array | Float64Array, value: number, length: number): void {
  if (length > 128) column.fill(value, 0, length)
  else for (let at = 0; at < length; at++) column[at] = value
}
