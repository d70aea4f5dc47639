import { hashPair, mix } from '../columns/hashing.ts'
import { SpanTable } from '../spans/span-table.ts'
import { ParentState, type TraceTree } from './trace-tree.ts'

/**
 * Fingerprint of a set of spans: the number of distinct spans and a 64-bit sum over their ids and kinds. The order of the
 * spans does not matter. A read keeps it instead of the spans, to know later which spans of a trace it counted.
 */
export class SpanSetHash {
  count = 0
  hi = 0
  lo = 0

  /** Sets the fingerprint to that of `spans`. @param tree built from `spans`; its duplicates are left out */
  set(spans: SpanTable, tree: TraceTree): this {
    this.count = this.hi = this.lo = 0
    for (let row = 0; row < spans.length; row++) {
      if (tree.parent[row] !== ParentState.duplicate) this.add(spans, row, 1)
    }
    return this
  }

  /**
   * Returns the spans of a trace that have this fingerprint, undefined if there are none. Only runs of spans in order
   * of their starts are tried, because the spans of a time slice are such a run.
   *
   * @param tree built from `spans`
   */
  findIn(spans: SpanTable, tree: TraceTree): SpanTable | undefined {
    const rows = rowsByStart(spans, tree)
    const some = new SpanSetHash()
    for (let end = 0; end < rows.length; end++) {
      some.add(spans, rows[end]!, 1)
      if (some.count > this.count) some.add(spans, rows[end - this.count]!, -1)
      if (some.count !== this.count || some.hi !== this.hi || some.lo !== this.lo) continue
      const found = new SpanTable(spans.strings)
      found.traceId.set(spans.traceId)
      for (const row of rows.slice(end + 1 - this.count, end + 1)) found.copyRow(spans, row)
      return found
    }
    return undefined
  }

  private add(spans: SpanTable, row: number, sign: 1 | -1): void {
    const hi = spans.spanIdHi[row]!
    const lo = spans.spanIdLo[row]!
    const kind = spans.kind[row]!
    this.count += sign
    this.lo = (this.lo + sign * mix(hashPair(hi, lo) + kind)) >>> 0
    this.hi = (this.hi + sign * mix(hashPair(lo, hi) + kind)) >>> 0
  }
}

function rowsByStart(spans: SpanTable, tree: TraceTree): number[] {
  const rows: number[] = []
  for (let row = 0; row < spans.length; row++) if (tree.parent[row] !== ParentState.duplicate) rows.push(row)
  return rows.sort((a, b) => spans.startHi[a]! - spans.startHi[b]! || spans.startLo[a]! - spans.startLo[b]!)
}
