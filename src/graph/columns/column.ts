interface Column<T> {
  set(from: T): void
  constructor: unknown
}

/** A typed array of the same kind that has room for `capacity` values and begins with those of `column`. */
export function grown<T extends Column<T>>(column: T, capacity: number): T {
  const next = new (column.constructor as new (length: number) => T)(capacity)
  next.set(column)
  return next
}

/** Fills the first `length` values: most traces are small, and for these a loop beats the call of `fill`. */
export function fillStart(column: Int32Array | Float64Array, value: number, length: number): void {
  if (length > 128) column.fill(value, 0, length)
  else for (let at = 0; at < length; at++) column[at] = value
}
