import type { ProviderGraph, ProviderRow } from './rows.ts'

/**
 * In what the provider's graph is not the wanted one, in words that continue "nodegraph-provider ..."; null
 * when it is the same, as far as the provider can give it back: nodes that edges touch, every edge once, and
 * every number. Text is not compared, nor the edges' ids, which the provider makes up.
 *
 * @param wanted null: there should be no graph, or an empty one
 * @param held null: there is none
 */
export function difference(wanted: ProviderGraph | null, held: ProviderGraph | null): string | null {
  if (!wanted) {
    return held && held.edges.length > 0 ? `still holds ${size(held.nodes.length, held.edges.length)}` : null
  }
  if (!held) return 'holds no such graph'
  const ends = new Set(wanted.edges.flatMap(({ source, target }) => [source, target]))
  const nodes = wanted.nodes.filter(({ id }) => ends.has(id))
  if (held.nodes.length !== nodes.length || held.edges.length !== wanted.edges.length) {
    const [is, should] = [size(held.nodes.length, held.edges.length), size(nodes.length, wanted.edges.length)]
    return `holds ${is}, and should hold ${should}`
  }
  if (!sameRows(nodes, held.nodes, nodeKey)) return 'holds other nodes, or other numbers on them'
  if (!sameRows(wanted.edges, held.edges, edgeKey)) return 'holds other edges, or other numbers on them'
  return null
}

const size = (nodes: number, edges: number) => `${nodes} nodes and ${edges} edges`
const nodeKey = ({ id }: ProviderRow) => [id]
const edgeKey = ({ source, target }: ProviderRow) => [source, target]

/** Whether both are the same rows in any order; repeated rows count. */
function sameRows(wanted: ProviderRow[], held: ProviderRow[], key: (row: ProviderRow) => unknown[]): boolean {
  const print = (row: ProviderRow) => JSON.stringify([key(row), numbersOf(row)])
  const prints = held.map(print).sort()
  return wanted
    .map(print)
    .sort()
    .every((line, index) => line === prints[index])
}

/** The provider's store keeps about 15 digits of a number. */
function numbersOf(row: ProviderRow): string[] {
  return Object.entries(row)
    .filter(([, value]) => typeof value === 'number')
    .map(([name, value]) => `${name}=${(value as number).toPrecision(12)}`)
    .sort()
}
