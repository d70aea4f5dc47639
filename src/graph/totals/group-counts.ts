import { withRoom } from '../columns/grow.ts'
import { PairIndex } from '../columns/hash-index.ts'
import type { StringTable } from '../columns/string-table.ts'

/** Counts how often the spans of each node have each value of the grouping attribute. */
export class GroupCounts {
  /** Pairs (node, value); a value is an index into the strings. */
  private readonly pairs = new PairIndex()
  private counts = new Float64Array(64)

  /** Adds a span with the value, or removes it if `times` is -1. An absent value, 0, is not counted. */
  add(node: number, value: number, times: number): void {
    if (value === 0) return
    const pair = this.pairs.indexOf(node, value)
    if (pair >= this.counts.length) this.counts = withRoom(this.counts, pair + 1)
    this.counts[pair]! += times
  }

  /** Adds the counts of `other`; `nodeOf` maps its nodes to those of these counts. */
  merge(other: GroupCounts, nodeOf: Int32Array, strings: StringTable, otherStrings: StringTable): void {
    const { pairs, counts } = other
    for (let pair = 0; pair < pairs.length; pair++) {
      const value = strings.internFrom(otherStrings, pairs.second[pair]!)
      this.add(nodeOf[pairs.first[pair]!]!, value, counts[pair]!)
    }
  }

  /**
   * Returns the group of each shown node: its most frequent value; among equals the first in the order of code units.
   *
   * @param shownAs maps a node to the shown node that contains it; -1: it is not shown
   */
  read(shownAs: (node: number) => number, strings: StringTable): Map<number, string> {
    const shown = new GroupCounts()
    for (let pair = 0; pair < this.pairs.length; pair++) {
      const node = shownAs(this.pairs.first[pair]!)
      if (node >= 0 && this.counts[pair]! > 0) shown.add(node, this.pairs.second[pair]!, this.counts[pair]!)
    }
    const best = new Map<number, { value: string; count: number }>()
    for (let pair = 0; pair < shown.pairs.length; pair++) {
      const node = shown.pairs.first[pair]!
      const count = shown.counts[pair]!
      const value = strings.text(shown.pairs.second[pair]!)
      const known = best.get(node)
      const isFirst = known === undefined || count > known.count
      if (isFirst || (count === known.count && value < known.value)) best.set(node, { value, count })
    }
    return new Map([...best].map(([node, { value }]) => [node, value]))
  }
}
