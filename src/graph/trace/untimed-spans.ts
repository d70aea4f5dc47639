import { RowList } from '../columns/row-lists.ts'
import { isTimedHi, type SpanTable } from '../spans/span-table.ts'
import { ParentState, type TraceTree } from './trace-tree.ts'

const word = 4294967296

/**
 * Gives the untimed spans of a trace a start while the trace is counted. Their own is impossible (`SpanTable.isTimed`).
 * They take that of the nearest timed span above, or else of the earliest timed span of the trace.
 *
 * A trace without any timed span stays as it is: its times may be relative.
 */
export class UntimedSpans {
  /** The rows that were given a start. */
  readonly rows = new RowList()
  private startHi = new Uint32Array(0)
  private startLo = new Uint32Array(0)
  private durationNs = new Float64Array(0)

  /** Gives the untimed rows a start. `tree` must have been built from `spans`. */
  settle(spans: SpanTable, tree: TraceTree): void {
    const { rows } = this
    rows.clear()
    const { startHi, length } = spans
    for (let row = 0; row < length; row++) {
      if (!isTimedHi(startHi[row]!) && tree.parent[row] !== ParentState.duplicate) rows.push(row)
    }
    if (rows.length > 0) this.giveStarts(spans, tree)
  }

  /** Gives the rows their own times back, so that the table can be removed again. */
  restore(spans: SpanTable): void {
    const { rows } = this
    for (let at = 0; at < rows.length; at++) {
      const row = rows.rows[at]!
      spans.startHi[row] = this.startHi[at]!
      spans.startLo[row] = this.startLo[at]!
      spans.durationNs[row] = this.durationNs[at]!
    }
  }

  private giveStarts(spans: SpanTable, tree: TraceTree): void {
    const { rows } = this
    const earliest = earliestTimed(spans, tree)
    if (earliest < 0) {
      rows.clear()
      return
    }
    this.save(spans)
    for (let at = 0; at < rows.length; at++) {
      const row = rows.rows[at]!
      let above = row
      // A row that has a start by now is timed, so a long chain is walked once.
      while (above >= 0 && !spans.isTimed(above)) above = tree.parent[above]!
      const anchor = above >= 0 ? above : earliest
      for (let next = row; next >= 0 && !spans.isTimed(next); next = tree.parent[next]!) {
        start(spans, next, spans.startHi[anchor]!, spans.startLo[anchor]!)
      }
    }
  }

  private save(spans: SpanTable): void {
    const { rows } = this
    if (rows.length > this.startHi.length) {
      this.startHi = new Uint32Array(rows.length * 2)
      this.startLo = new Uint32Array(rows.length * 2)
      this.durationNs = new Float64Array(rows.length * 2)
    }
    for (let at = 0; at < rows.length; at++) {
      const row = rows.rows[at]!
      this.startHi[at] = spans.startHi[row]!
      this.startLo[at] = spans.startLo[row]!
      this.durationNs[at] = spans.durationNs[row]!
    }
  }
}

/** Returns the row of the earliest timed span, -1 without one. */
function earliestTimed(spans: SpanTable, tree: TraceTree): number {
  const { startHi, startLo } = spans
  let earliest = -1
  for (let row = 0; row < spans.length; row++) {
    if (tree.parent[row] === ParentState.duplicate || !spans.isTimed(row)) continue
    const isEarlier =
      earliest < 0 ||
      startHi[row]! < startHi[earliest]! ||
      (startHi[row] === startHi[earliest] && startLo[row]! < startLo[earliest]!)
    if (isEarlier) earliest = row
  }
  return earliest
}

/** Gives a row a start. If its end was possible, it stays, and so the duration changes. */
function start(spans: SpanTable, row: number, hi: number, lo: number): void {
  const ownHi = spans.startHi[row]!
  const ownLo = spans.startLo[row]!
  const durationNs = spans.durationNs[row]!
  if (isTimedHi(Math.floor((ownHi * word + ownLo + durationNs) / word))) {
    // Large terms first, so that no digit is lost.
    spans.durationNs[row] = Math.max(0, durationNs - (hi - ownHi) * word - (lo - ownLo))
  }
  spans.startHi[row] = hi
  spans.startLo[row] = lo
}
