import type { ProviderGraph, ProviderRow } from './rows.ts'

/**
 * Compares the graph that the provider holds with the expected one. Compares only what the provider returns: nodes with
 * an edge, every edge once, and every number. Ignores text, and the ids of edges, which the provider invents.
 *
 * @param expected null: no graph, or an empty one
 * @param held null: the provider has no graph
 * @returns null if both are equal; else the difference, as the end of a sentence that starts with the provider's name
 */
export function difference(expected: ProviderGraph | null, held: ProviderGraph | null): string | null {
  if (!expected) {
    return held && held.edges.length > 0 ? `still holds ${size(held.nodes.length, held.edges.length)}` : null
  }
  if (!held) return 'does not hold the graph'
  const ends = new Set(expected.edges.flatMap(({ source, target }) => [source, target]))
  const nodes = expected.nodes.filter(({ id }) => ends.has(id))
  if (held.nodes.length !== nodes.length || held.edges.length !== expected.edges.length) {
    const [actual, correct] = [
      size(held.nodes.length, held.edges.length),
      size(nodes.length, expected.edges.length),
    ]
    return `holds ${actual} instead of ${correct}`
  }
  if (!sameRows(nodes, held.nodes, nodeKey)) return 'holds different nodes, or different numbers on them'
  if (!sameRows(expected.edges, held.edges, edgeKey))
    return 'holds different edges, or different numbers on them'
  return null
}

const size = (nodes: number, edges: number) => `${nodes} nodes and ${edges} edges`
const nodeKey = ({ id }: ProviderRow) => [id]
const edgeKey = ({ source, target }: ProviderRow) => [source, target]

/** Whether both have the same rows in any order, with repeated rows. */
function sameRows(
  expected: ProviderRow[],
  held: ProviderRow[],
  key: (row: ProviderRow) => unknown[],
): boolean {
  const print = (row: ProviderRow) => JSON.stringify([key(row), numbersOf(row)])
  const prints = held.map(print).sort()
  return expected
    .map(print)
    .sort()
    .every((line, index) => line === prints[index])
}

/** Rounds numbers, because the provider's store keeps about 15 digits. */
function numbersOf(row: ProviderRow): string[] {
  return Object.entries(row)
    .filter(([, value]) => typeof value === 'number')
    .map(([name, value]) => `${name}=${(value as number).toPrecision(12)}`)
    .sort()
}
