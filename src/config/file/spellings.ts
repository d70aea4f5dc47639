import type { FieldError } from '../../base/errors.ts'
import { isTextMap, keys, readText, schemaAt } from '../sections/keys.ts'
import { isTree, mapLeaves, setAt, type Tree, valueAt } from './tree.ts'

/** Numbers that the demo also takes as text (it calls `float` or `int` on them, and its own defaults are text). */
const numbersAsText = new Set([
  'query.trace_threshold_ms',
  'search.from',
  'loop.interval',
  'tempo.timeout',
  'nodegraph_provider.timeout',
])

/**
 * Brings one layer of the configuration (file, environment or command line) to one spelling, so that layers can be
 * laid over each other: `query.tag_filter` becomes `query.filter`, header names lower case (RFC 9110: they have no
 * case), numbers written as text numbers.
 */
export function oneSpelling(layer: Tree): { tree: Tree; errors: FieldError[] } {
  const tree = mapLeaves(layer, (value, path) => {
    const asText = typeof value === 'string' && numbersAsText.has(path.join('.'))
    return asText ? readText(value, schemaAt(path)) : value
  })
  nameOnly(tree)
  return { tree, errors: [...renameTagFilter(tree), ...lowerCaseHeaders(tree)] }
}

/** `graphs: { shop: }` is a graph with nothing of its own; elsewhere a section without keys says nothing. */
function nameOnly({ graphs }: Tree): void {
  if (!isTree(graphs)) return
  for (const [name, entry] of Object.entries(graphs)) if (entry === null) setAt(graphs, [name], {})
}

/** The demo's example says `filter`, its code reads `tag_filter`: both mean the same. */
function renameTagFilter(tree: Tree): FieldError[] {
  const { query } = tree
  if (!isTree(query) || typeof query.tag_filter !== 'string') return []
  const { tag_filter: tagFilter } = query
  if (typeof query.filter === 'string' && query.filter !== tagFilter) {
    const message = 'must be the same as query.filter, of which it is another spelling; give one of them'
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
      const message = 'is given twice: header names have no upper and lower case'
      if (lowered.has(lower)) errors.push({ field: [...path, name].join('.'), message })
      lowered.set(lower, value)
    }
    setAt(tree, path, Object.fromEntries(lowered))
  }
  return errors
}
