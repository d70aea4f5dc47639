/** A nested part of a configuration that is not checked yet. */
export interface Tree {
  [key: string]: unknown
}

export function isTree(value: unknown): value is Tree {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

/** Returns the value at `path`, or undefined. */
export function valueAt(tree: object, path: readonly string[]): unknown {
  return path.reduce<unknown>(
    (value, key) => (isTree(value) && Object.hasOwn(value, key) ? value[key] : undefined),
    tree,
  )
}

/** Sets the value at `path` and creates missing sections. */
export function setAt(tree: Tree, path: readonly string[], value: unknown): void {
  const [key, ...rest] = path
  if (key === undefined) return
  if (rest.length === 0) {
    put(tree, key, value)
    return
  }
  const below = Object.hasOwn(tree, key) ? tree[key] : undefined
  const next = isTree(below) ? below : {}
  put(tree, key, next)
  setAt(next, rest, value)
}

/**
 * Returns `lower` overridden by `upper`, key by key. `undefined` and `null` override nothing: a section whose keys
 * are all commented out is null in YAML.
 */
export function overlay(lower: Tree, upper: Tree): Tree {
  const merged: Tree = { ...lower }
  for (const [key, value] of Object.entries(upper)) {
    if (value === undefined || value === null) continue
    const below = merged[key]
    put(merged, key, isTree(value) ? overlay(isTree(below) ? below : {}, value) : value)
  }
  return merged
}

/** Replaces every value that is not a tree. A key for which `change` returns undefined is dropped. */
export function mapLeaves(
  tree: Tree,
  change: (value: unknown, path: string[]) => unknown,
  path: string[] = [],
): Tree {
  const mapped: Tree = {}
  for (const [key, value] of Object.entries(tree)) {
    const here = [...path, key]
    const next = isTree(value) ? mapLeaves(value, change, here) : change(value, here)
    if (next !== undefined) put(mapped, key, next)
  }
  return mapped
}

/** Freezes a value and everything inside it. */
export function deepFreeze<Value>(value: Value): Value {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value)
    for (const part of Object.values(value)) deepFreeze(part)
  }
  return value
}

/** A plain assignment to `__proto__` would change the prototype, and the key could not be reported. */
function put(tree: Tree, key: string, value: unknown): void {
  Object.defineProperty(tree, key, { value, writable: true, enumerable: true, configurable: true })
}
