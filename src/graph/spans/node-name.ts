import { PairIndex } from '../columns/hash-index.ts'
import type { StringTable } from '../columns/string-table.ts'

/** Most parts of a name after the title. */
const maxParts = 15
/** Separates the parts of a name. An attribute value that contains it is read as several parts. */
const separator = '\u0000'

/**
 * Joins the parts that identify a node into one name, so that a node is one string index for the totals. A node that has
 * only a title is named by the title.
 *
 * @param parts the title, then further parts; '' for an absent one
 */
export function joinParts(parts: readonly string[]): string {
  let length = parts.length
  while (length > 1 && parts[length - 1] === '') length--
  return parts.slice(0, length).join(separator)
}

/** Returns the parts of a name, the title first. Absent parts at the end are left out. */
export const partsOf = (name: string): string[] => name.split(separator)

/** Returns a span name as people read it: an empty or blank one has no letter to show. */
export const shownSpanName = (name: string) => (name.trim() === '' ? '(no name)' : name)

/** Returns the title of a name, without its further parts. */
export function titleOf(name: string): string {
  const end = name.indexOf(separator)
  return end < 0 ? name : name.slice(0, end)
}

/** Returns the fields of a graph node that a name consists of; `parts` is absent without further parts. */
export function nameFields(name: string): { title: string; parts?: string[] } {
  const [title = '', ...parts] = partsOf(name)
  return parts.length === 0 ? { title } : { title, parts }
}

/** Returns the name whose fields these are. */
export const nameOfFields = ({ title, parts = [] }: { title: string; parts?: readonly string[] }) =>
  joinParts([title, ...parts])

/** Joins names that are indexes into a string table. A pair that came before allocates nothing. */
export class NodeNames {
  private readonly strings: StringTable
  private readonly pairs = new PairIndex()
  private readonly joined: number[] = []

  constructor(strings: StringTable) {
    this.strings = strings
  }

  /**
   * Returns the index of a name with one more part.
   *
   * @param name index of the title, or of a name with parts
   * @param part index of the part; 0: it is absent
   * @param position which part it is, 1 to `maxParts`; parts between are absent
   */
  withPart(name: number, part: number, position: number): number {
    if (part === 0) return name
    const pair = this.pairs.indexOf(name, part * (maxParts + 1) + position)
    this.joined[pair] ??= this.join(name, part, position)
    return this.joined[pair]!
  }

  private join(name: number, part: number, position: number): number {
    const parts = partsOf(this.strings.text(name))
    while (parts.length < position) parts.push('')
    parts[position] = this.strings.text(part)
    return this.strings.internText(joinParts(parts))
  }
}
