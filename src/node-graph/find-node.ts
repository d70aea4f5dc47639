import { badRequest, TtaError } from '../base/errors.ts'
import type { GraphDocument } from '../model/graph-document.ts'
import type { NodeRow } from '../model/node-graph-rows.ts'

/** Most nodes that an error message lists. */
const maxListed = 20

/**
 * Finds a node by id, `title/subTitle`, title, or the values of its identity joined by `/`, such as `shop/cart`.
 *
 * @param field the parameter that contains the text
 * @throws {TtaError} 400 if several nodes have this title; 404 if none has, with similar names
 */
export function findNode(document: GraphDocument, field: string, text: string): NodeRow {
  const found = findNodes(document, field, text)
  if (found.length > 1) throw ambiguous(field, text, found)
  return found[0] as NodeRow
}

/**
 * Finds nodes like findNode, but several nodes may have the title.
 *
 * @returns at least one node
 * @throws {TtaError} 404 if no node matches, with similar names
 */
export function findNodes({ name, nodes }: GraphDocument, field: string, text: string): NodeRow[] {
  const candidates = [
    ({ id }: NodeRow) => id === text,
    (node: NodeRow) => nameOf(node) === text,
    hasTitle(text),
    (node: NodeRow) => identityNamesOf(node).includes(text),
  ]
  for (const matches of candidates) {
    const found = nodes.filter(matches)
    if (found.length > 0) return found
  }
  const near = similarNames(nodes, text)
  const like = near.length === 0 ? '' : `; similar nodes: ${near.join(', ')}`
  throw new TtaError('TTA_NOT_FOUND', `Node ${cut(text)} not found in graph ${name}${like}`, {
    errors: [{ field, value: text, message: 'must be the id, the title or title/subTitle of a node' }],
    details: { near },
  })
}

const nameOf = ({ title, subTitle }: NodeRow) => `${title}/${subTitle}`

/** Returns the values of an identity joined by `/`, and the same with the subtitle and the span name. */
function identityNamesOf({ identity, subTitle, operation }: NodeRow): string[] {
  const values = Object.values(identity ?? {})
  if (values.length < 2) return []
  const name = values.join('/')
  return [name, `${name}/${subTitle}`, `${name}/${operation}`]
}
const hasTitle = (text: string) => (node: NodeRow) => node.title === text

function ambiguous(field: string, text: string, found: NodeRow[]): TtaError {
  const names = found.slice(0, maxListed).map(nameOf)
  const more = found.length > names.length ? ` and ${found.length - names.length} more` : ''
  const message = `must match one node, but ${found.length} have this title: ${names.join(', ')}${more}`
  return badRequest([{ field, value: text, message }])
}

/** Returns names that contain the text, are contained in it, or differ from it in a few characters. */
function similarNames(nodes: NodeRow[], text: string): string[] {
  const asked = text.toLowerCase()
  const ranked = nodes
    .map((node) => ({
      name: nameOf(node),
      distance: Math.min(...spellings(node).map((word) => distance(asked, word))),
    }))
    .filter(({ distance }) => distance <= Math.max(2, asked.length / 3))
  ranked.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
  return ranked.slice(0, maxListed).map(({ name }) => name)
}

const spellings = (node: NodeRow) =>
  [node.title, node.subTitle, nameOf(node)].map((word) => word.toLowerCase())

/** Returns 1 if one text contains the other, else the Levenshtein distance; infinity for very different lengths. */
function distance(a: string, b: string): number {
  if (a.length > 2 && b.length > 2 && (a.includes(b) || b.includes(a))) return 1
  if (Math.abs(a.length - b.length) > 5 || a.length > 100) return Number.POSITIVE_INFINITY
  let previous = Array.from({ length: b.length + 1 }, (_, at) => at)
  for (let i = 0; i < a.length; i++) {
    const row = [i + 1]
    for (let j = 0; j < b.length; j++) {
      const replaced = (previous[j] ?? 0) + (a[i] === b[j] ? 0 : 1)
      row.push(Math.min(replaced, (previous[j + 1] ?? 0) + 1, (row[j] ?? 0) + 1))
    }
    previous = row
  }
  return previous[b.length] ?? 0
}

const cut = (text: string) => (text.length <= 200 ? text : `${text.slice(0, 200)}…`)
