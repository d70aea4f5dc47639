import { badRequest, TtaError } from '../base/errors.ts'
import type { GraphDocument } from '../model/graph-document.ts'
import type { NodeRow } from '../model/node-graph-rows.ts'

/** Most nodes that are named to who asks for one that is not there, or for several. */
const maxNamed = 20

/**
 * The node that a caller means: by id, `title/subTitle` or title.
 *
 * @param field the parameter in which the text stood
 * @throws {TtaError} 400 several nodes have this title; 404 none has, with those that are spelled much the same
 */
export function findNode(document: GraphDocument, field: string, text: string): NodeRow {
  const found = findNodes(document, field, text)
  if (found.length > 1) throw ambiguous(field, text, found)
  return found[0] as NodeRow
}

/**
 * The nodes that a caller means: as findNode, but a title may be that of several.
 *
 * @returns at least one
 * @throws {TtaError} 404 none has it
 */
export function findNodes({ name, nodes }: GraphDocument, field: string, text: string): NodeRow[] {
  const candidates = [
    ({ id }: NodeRow) => id === text,
    (node: NodeRow) => nameOf(node) === text,
    hasTitle(text),
  ]
  for (const isMeant of candidates) {
    const found = nodes.filter(isMeant)
    if (found.length > 0) return found
  }
  const near = nearTo(nodes, text)
  const like = near.length === 0 ? '' : `; like it are ${near.join(', ')}`
  throw new TtaError('TTA_NOT_FOUND', `The graph ${name} has no node ${cut(text)}${like}`, {
    errors: [{ field, value: text, message: 'must be the id, the title or title/subTitle of a node' }],
    details: { near },
  })
}

export const nameOf = ({ title, subTitle }: NodeRow) => `${title}/${subTitle}`
const hasTitle = (text: string) => (node: NodeRow) => node.title === text

function ambiguous(field: string, text: string, found: NodeRow[]): TtaError {
  const names = found.slice(0, maxNamed).map(nameOf)
  const more = found.length > names.length ? ` and ${found.length - names.length} more` : ''
  const message = `must name one node, and ${found.length} have this title: ${names.join(', ')}${more}`
  return badRequest([{ field, value: text, message }])
}

/** Names that contain the text, or that it contains, or that differ from it in a few characters. */
function nearTo(nodes: NodeRow[], text: string): string[] {
  const asked = text.toLowerCase()
  const ranked = nodes
    .map((node) => ({
      name: nameOf(node),
      distance: Math.min(...spellings(node).map((word) => distance(asked, word))),
    }))
    .filter(({ distance }) => distance <= Math.max(2, asked.length / 3))
  ranked.sort((a, b) => a.distance - b.distance || (a.name < b.name ? -1 : 1))
  return ranked.slice(0, maxNamed).map(({ name }) => name)
}

const spellings = (node: NodeRow) =>
  [node.title, node.subTitle, nameOf(node)].map((word) => word.toLowerCase())

/** 1 where one holds the other, else Levenshtein's; texts of very different length are far apart. */
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
