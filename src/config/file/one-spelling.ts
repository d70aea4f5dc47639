import type { FieldError } from '../../base/errors.ts'
import { isTextMap, keys, readText, schemaAt } from '../sections/schema-keys.ts'
import { isTree, mapLeaves, setAt, type Tree, valueAt } from './tree.ts'

/** Numbers that the Python demo accepts as text too. */
const numbersAsText = new Set([
  'query.trace_threshold_ms',
  'search.from',
  'loop.interval',
  'tempo.timeout',
  'nodegraph_provider.timeout',
])

/**
 * Brings one layer (file, environment or command line) to one spelling, so that layers can be merged.
 * `query.tag_filter` becomes `query.filter`, header names become lower case (RFC 9110 ignores case), and the
 * numbers of the demo that are text become numbers.
 */
export function oneSpelling(layer: Tree): { tree: Tree; errors: FieldError[] } {
  const tree = mapLeaves(layer, (value, path) => {
    const asText = typeof value === 'string' && numbersAsText.has(path.join('.'))
    return asText ? readText(value, schemaAt(path)) : value
  })
  keepEmptyGraphs(tree)
  return { tree, errors: [...renameTagFilter(tree), ...lowerCaseHeaders(tree)] }
}

/** `graphs: { shop: }` is a graph without own keys, while an empty section elsewhere counts as absent. */
function keepEmptyGraphs({ graphs }: Tree): void {
  if (!isTree(graphs)) return
  for (const [name, entry] of Object.entries(graphs)) if (entry === null) setAt(graphs, [name], {})
}

/** The demo's example has `filter` and its code reads `tag_filter`, so both are accepted. */
function renameTagFilter(tree: Tree): FieldError[] {
  const { query } = tree
  if (!isTree(query) || typeof query.tag_filter !== 'string') return []
  const { tag_filter: tagFilter } = query
  if (typeof query.filter === 'string' && query.filter !== tagFilter) {
    const message = 'must equal query.filter, which is the same key; set one of the two'
    return [{ field: 'query.tag_filter', value: tagFilter, message }]
  }
  query.filter ??= tagFilter
  delete query.tag_filter
  return []
}

function lowerCaseHeaders(tree: Tree): FieldError[] {
  const errors: FieldError[] = []
  for (const { path } of keys.filter(({ schema }) => isTextMap(schema))) {
    const headers = valueAt(tree, path)
    if (!isTree(headers)) continue
    const lowered = new Map<string, unknown>()
    for (const [name, value] of Object.entries(headers)) {
      const lower = name.toLowerCase()
      const message = 'is set twice: header names ignore case'
      if (lowered.has(lower)) errors.push({ field: [...path, name].join('.'), message })
      lowered.set(lower, value)
    }
    setAt(tree, path, Object.fromEntries(lowered))
  }
  return errors
}
