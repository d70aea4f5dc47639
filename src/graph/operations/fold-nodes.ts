import { PairIndex } from '../columns/hash-index.ts'
import { folded, type StringTable } from '../columns/string-table.ts'
import type { Folding } from '../graph.ts'
import { CallTotals } from '../totals/call-totals.ts'
import { RedColumns } from '../totals/red.ts'
import type { TagSums } from './tag-totals.ts'

/**
 * While traces are read there may be so many times the nodes that are drawn: which are the most called is known only at
 * the end.
 */
export const nodesWhileReading = 10

/** Rows that have calls, the most called first; of equals the first in order. */
function ranked(rows: number, countOf: (row: number) => number, compare: (a: number, b: number) => number) {
  return Array.from({ length: rows }, (_, row) => row)
    .filter((row) => countOf(row) > 0)
    .sort((a, b) => countOf(b) - countOf(a) || compare(a, b))
}

/** By UTF-16 code units: the same everywhere, whatever the locale. */
export function compareTexts(a: string, b: string): number {
  if (a === b) return 0
  return a < b ? -1 : 1
}

/**
 * The rows that are folded where more than `max` have calls: the least called, by name among equals.
 *
 * @returns the rows, empty where all may stay, and how many rows have calls
 */
export function leastCalled(
  rows: number,
  countOf: (row: number) => number,
  compare: (a: number, b: number) => number,
  max: number,
): { least: number[]; of: number } {
  const order = ranked(rows, countOf, compare)
  return { least: order.slice(max), of: order.length }
}

export interface FoldedOperations {
  totals: CallTotals
  /** For each node of what was folded the node now. */
  of: (node: number) => number
  folding: Folding
}

/**
 * Adds up the least called operations where there are more than `max`: those of one service on one node, and where
 * more than `max` services have such a node, the least called of these on one for all. Sums stay exact; calls that
 * now lead from a node to itself count as such.
 */
export function foldOperations(operations: CallTotals, strings: StringTable, max: number): FoldedOperations {
  const { nodes, nodeRed } = operations
  const isLate = (node: number) => nodes.second[node] === folded
  const countOf = (node: number) => nodeRed.countOf(node)
  const textOf = (index: number) => strings.text(index)
  const { least, of } = leastCalled(
    nodes.length,
    (node) => (isLate(node) ? 0 : countOf(node)),
    (a, b) =>
      compareTexts(textOf(nodes.first[a]!), textOf(nodes.first[b]!)) ||
      compareTexts(textOf(nodes.second[a]!), textOf(nodes.second[b]!)),
    max,
  )
  let late = 0
  for (let node = 0; node < nodes.length; node++) if (isLate(node)) late += countOf(node)
  const folding: Folding = { kind: 'operations', folded: least.length, of, late }
  if (least.length === 0) return { totals: operations, of: (node) => node, folding }
  const first = nodes.first.slice(0, nodes.length)
  const second = nodes.second.slice(0, nodes.length)
  const callsOf = new Map<number, number>()
  for (const node of least) {
    second[node] = folded
    callsOf.set(first[node]!, (callsOf.get(first[node]!) ?? 0) + countOf(node))
  }
  const services = [...callsOf.keys()]
  const { least: small } = leastCalled(
    services.length,
    (at) => callsOf.get(services[at]!) ?? 0,
    (a, b) => compareTexts(textOf(services[a]!), textOf(services[b]!)),
    max,
  )
  const nameless = new Set(small.map((at) => services[at]!))
  for (const node of least) if (nameless.has(first[node]!)) first[node] = folded
  const totals = new CallTotals(0)
  const nodeOf = first.map((service, node) => totals.nodes.indexOf(service, second[node]!))
  totals.addAll(operations, nodeOf)
  return { totals, of: (node) => nodeOf[node]!, folding }
}

/**
 * Adds up the tag values with the fewest traces on one node where there are more than `max`.
 *
 * @param nodeOf for each node at which traces begin the one it is folded into
 */
export function foldTags(
  from: TagSums,
  nodeOf: (node: number) => number,
  strings: StringTable,
  max: number,
): { sums: TagSums; folding: Folding } {
  const { tags, tagRed, entries, entryRed } = from
  const isLate = (tag: number) => tags.first[tag] === folded
  const { least, of } = leastCalled(
    tags.length,
    (tag) => (isLate(tag) ? 0 : tagRed.countOf(tag)),
    (a, b) => compareTexts(strings.text(tags.first[a]!), strings.text(tags.first[b]!)),
    max,
  )
  let late = 0
  for (let tag = 0; tag < tags.length; tag++) if (isLate(tag)) late += tagRed.countOf(tag)
  const values = tags.first.slice(0, tags.length)
  for (const tag of least) values[tag] = folded
  const sums = {
    tags: new PairIndex(),
    tagRed: new RedColumns(),
    entries: new PairIndex(),
    entryRed: new RedColumns(),
  }
  const tagOf = values.map((value) => sums.tags.indexOf(value, 0))
  for (let tag = 0; tag < tags.length; tag++) sums.tagRed.addRow(tagOf[tag]!, tagRed, tag)
  for (let entry = 0; entry < entries.length; entry++) {
    const to = sums.entries.indexOf(tagOf[entries.first[entry]!]!, nodeOf(entries.second[entry]!))
    sums.entryRed.addRow(to, entryRed, entry)
  }
  return { sums, folding: { kind: 'tag values', folded: least.length, of, late } }
}
