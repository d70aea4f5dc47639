import { RowList } from '../columns/row-lists.ts'
import type { StringTable } from '../columns/string-table.ts'
import { TextMatch } from '../columns/text-match.ts'
import { titleOf } from '../spans/node-name.ts'
import type { SpanTable } from '../spans/span-table.ts'
import { ParentState, type TraceTree } from './trace-tree.ts'

const unknown = 0
const kept = 1
const excluded = 2

/** Takes the spans that count nowhere out of a trace: those of an excluded service or name, and all below them. */
export class ExcludedSpans {
  private readonly services: TextMatch
  private readonly names: TextMatch
  /** For each row of the current trace whether it is excluded. */
  private state = new Uint8Array(64)
  private readonly path = new RowList()

  /** @param isExcluded called once for each service and each span name */
  constructor(strings: StringTable, isExcluded: (text: string) => boolean) {
    this.services = new TextMatch(strings, (name) => isExcluded(titleOf(name)))
    this.names = new TextMatch(strings, isExcluded)
  }

  /**
   * Makes the excluded rows of a tree `ParentState.duplicate`, which all totals leave out.
   *
   * @returns whether there are any
   */
  mark(spans: SpanTable, tree: TraceTree): boolean {
    if (this.state.length < spans.length) this.state = new Uint8Array(spans.length * 2)
    this.state.fill(unknown, 0, spans.length)
    if (!this.markOwn(spans, tree)) return false
    this.excludeCycles(tree)
    for (let row = 0; row < spans.length; row++) this.settle(row, tree)
    for (let row = 0; row < spans.length; row++) {
      if (this.state[row] === excluded) tree.parent[row] = ParentState.duplicate
    }
    return true
  }

  /** Whether a row of the last trace is excluded. */
  has(row: number): boolean {
    return this.state[row] === excluded
  }

  /** Marks the rows whose own service or name is excluded. Returns whether there are any. */
  private markOwn(spans: SpanTable, tree: TraceTree): boolean {
    let isAny = false
    for (let row = 0; row < spans.length; row++) {
      if (tree.parent[row] === ParentState.duplicate) continue
      const service = spans.service[row]!
      if (!this.names.has(spans.name[row]!) && (service === 0 || !this.services.has(service))) continue
      this.state[row] = excluded
      isAny = true
    }
    return isAny
  }

  /** Each member of a cycle is below each other one: all are excluded if one is. */
  private excludeCycles(tree: TraceTree): void {
    const cuts = tree.cuts.rows.slice(0, tree.cuts.length)
    tree.cuts.clear()
    for (let cut = 0; cut < cuts.length; cut += 2) {
      const first = cuts[cut]!
      let isExcluded = this.state[first] === excluded
      for (let row = cuts[cut + 1]!; row !== first; row = tree.parent[row]!) {
        isExcluded ||= this.state[row] === excluded
      }
      if (isExcluded) this.state[first] = excluded
      else {
        tree.cuts.push(first)
        tree.cuts.push(cuts[cut + 1]!)
      }
    }
  }

  /** Decides on a row by the rows above it. Those are decided too, so that a long chain is walked once. */
  private settle(start: number, { parent }: TraceTree): void {
    const { state, path } = this
    path.clear()
    let row = start
    for (; row >= 0 && state[row] === unknown; row = parent[row]!) path.push(row)
    const decision = row < 0 ? kept : state[row]!
    for (let at = 0; at < path.length; at++) state[path.rows[at]!] = decision
  }
}
