import { PairIndex } from '../columns/hash-index.ts'
import { otherIndex, type StringTable } from '../columns/string-table.ts'
import type { Folding } from '../graph.ts'
import { CallTotals } from '../totals/call-totals.ts'
import { RedColumns } from '../totals/red.ts'
import type { TagSums } from './tag-totals.ts'

/** While traces are read, this many times the shown nodes are kept, because only the end shows which have most calls. */
export const nodeLimitFactor = 10

/** Orders texts by UTF-16 code units, which is the same in every locale. */
export function compareTexts(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/**
 * Chooses the rows to fold into `other`. If more than `max` rows have calls, those with the fewest calls are folded.
 * Among rows with equally many calls the last in the order of `compare` are.
 *
 * @returns the rows to fold, and how many rows have calls
 */
export function leastCalled(
  rows: number,
  countOf: (row: number) => number,
  compare: (a: number, b: number) => number,
  max: number,
): { least: number[]; total: number } {
  const ranked = Array.from({ length: rows }, (_, row) => row)
    .filter((row) => countOf(row) > 0)
    .sort((a, b) => countOf(b) - countOf(a) || compare(a, b))
  return { least: ranked.slice(max), total: ranked.length }
}

export interface FoldedOperations {
  totals: CallTotals
  /** Maps a node from before folding to its node in `totals`. */
  nodeOf: (node: number) => number
  folding: Folding
}

/**
 * Folds the least called operations if there are more than `max`: those of one service become one node. If more than
 * `max` services have such a node, those with the fewest folded calls share one. Sums stay exact. Calls between
 * operations that are now one node count as self calls.
 */
export function foldOperations(operations: CallTotals, strings: StringTable, max: number): FoldedOperations {
  const { nodes, nodeRed } = operations
  const isOverflow = (node: number) => nodes.second[node] === otherIndex
  const countOf = (node: number) => nodeRed.countOf(node)
  const textOf = (index: number) => strings.text(index)
  const { least, total } = leastCalled(
    nodes.length,
    (node) => (isOverflow(node) ? 0 : countOf(node)),
    (a, b) =>
      compareTexts(textOf(nodes.first[a]!), textOf(nodes.first[b]!)) ||
      compareTexts(textOf(nodes.second[a]!), textOf(nodes.second[b]!)),
    max,
  )
  let overflowCalls = 0
  for (let node = 0; node < nodes.length; node++) if (isOverflow(node)) overflowCalls += countOf(node)
  const folding: Folding = { kind: 'operations', folded: least.length, total, overflowCalls }
  if (least.length === 0) return { totals: operations, nodeOf: (node) => node, folding }
  const first = nodes.first.slice(0, nodes.length)
  const second = nodes.second.slice(0, nodes.length)
  const foldedCalls = new Map<number, number>()
  for (const node of least) {
    second[node] = otherIndex
    foldedCalls.set(first[node]!, (foldedCalls.get(first[node]!) ?? 0) + countOf(node))
  }
  const services = [...foldedCalls.keys()]
  const { least: smallest } = leastCalled(
    services.length,
    (at) => foldedCalls.get(services[at]!) ?? 0,
    (a, b) => compareTexts(textOf(services[a]!), textOf(services[b]!)),
    max,
  )
  const foldedServices = new Set(smallest.map((at) => services[at]!))
  for (const node of least) if (foldedServices.has(first[node]!)) first[node] = otherIndex
  const totals = new CallTotals(0)
  const nodeOf = first.map((service, node) => totals.nodes.indexOf(service, second[node]!))
  totals.addAll(operations, nodeOf, 'addDependentRow')
  return { totals, nodeOf: (node) => nodeOf[node]!, folding }
}

/**
 * Folds the tag values with the fewest traces into one node if there are more than `max`.
 *
 * @param nodeOf maps a node at which traces begin to the node that it was folded into
 */
export function foldTags(
  from: TagSums,
  nodeOf: (node: number) => number,
  strings: StringTable,
  max: number,
): { sums: TagSums; folding: Folding } {
  const { tags, tagRed, entries, entryRed } = from
  const isOverflow = (tag: number) => tags.first[tag] === otherIndex
  const { least, total } = leastCalled(
    tags.length,
    (tag) => (isOverflow(tag) ? 0 : tagRed.countOf(tag)),
    (a, b) => compareTexts(strings.text(tags.first[a]!), strings.text(tags.first[b]!)),
    max,
  )
  let overflowCalls = 0
  for (let tag = 0; tag < tags.length; tag++) if (isOverflow(tag)) overflowCalls += tagRed.countOf(tag)
  const values = tags.first.slice(0, tags.length)
  for (const tag of least) values[tag] = otherIndex
  const sums = {
    tags: new PairIndex(),
    tagRed: new RedColumns(),
    entries: new PairIndex(),
    entryRed: new RedColumns(),
  }
  const tagOf = values.map((value) => sums.tags.indexOf(value, 0))
  for (let tag = 0; tag < tags.length; tag++) sums.tagRed.addDependentRow(tagOf[tag]!, tagRed, tag)
  for (let entry = 0; entry < entries.length; entry++) {
    const to = sums.entries.indexOf(tagOf[entries.first[entry]!]!, nodeOf(entries.second[entry]!))
    sums.entryRed.addDependentRow(to, entryRed, entry)
  }
  return { sums, folding: { kind: 'tag values', folded: least.length, total, overflowCalls } }
}
