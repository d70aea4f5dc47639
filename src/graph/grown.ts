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
