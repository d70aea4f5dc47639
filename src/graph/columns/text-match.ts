import { withRoom } from './grow.ts'
import type { StringTable } from './string-table.ts'

const unknown = 0
const matching = 1
const other = 2

/** Decides once for each string of a table whether it matches. */
export class TextMatch {
  private readonly strings: StringTable
  private readonly matches: (text: string) => boolean
  /** By string index. */
  private decisions = new Uint8Array(1024)

  constructor(strings: StringTable, matches: (text: string) => boolean) {
    this.strings = strings
    this.matches = matches
  }

  /** @param index into the strings; `otherIndex` never matches */
  has(index: number): boolean {
    if (index < 0) return false
    if (index >= this.decisions.length) this.decisions = withRoom(this.decisions, this.strings.size)
    if (this.decisions[index] === unknown) {
      this.decisions[index] = this.matches(this.strings.text(index)) ? matching : other
    }
    return this.decisions[index] === matching
  }
}
