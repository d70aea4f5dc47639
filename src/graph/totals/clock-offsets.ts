import { withRoom } from '../columns/grow.ts'
import type { SpanTable } from '../spans/span-table.ts'
import { DurationSketches } from './duration-sketch.ts'
import { CurrentTrace, ExemplarColumns } from './exemplars.ts'

/** Calls of an edge in which the server starts before its client: one of their clocks is wrong. */
export interface ClockOffset {
  /** Calls with a client and a server span. */
  calls: number
  /** Those in which the server starts before the client. */
  early: number
  /** Median of how much earlier it starts, ns. */
  medianNs: number
  /** A trace with about that offset, 32 hex digits. */
  traceId: string | null
}

/** Cells of an edge: calls and early calls. */
const calls = 0
const early = 1
const cellsPerEdge = 2

/**
 * How much earlier than their clients servers start, for many edges. Of two clocks that agree, a server starts later.
 * Spans that end before they start, and spans that represent several calls, are not compared.
 */
export class ClockOffsets {
  private cells = new Float64Array(0)
  private readonly sketches = new DurationSketches()
  private readonly exemplars: ExemplarColumns

  /** @param trace the trace whose calls are added; optional if only whole edges are added */
  constructor(trace = new CurrentTrace()) {
    this.exemplars = new ExemplarColumns(trace)
  }

  /** Adds the call of a client that a server answered, or removes it if `sign` is -1. */
  addCall(edge: number, spans: SpanTable, client: number, server: number, sign: 1 | -1): void {
    const { startHi, startLo, skewed, weights } = spans
    if ((skewed[client]! | skewed[server]!) === 1) return
    if (weights !== undefined && (weights.calls[client] !== 1 || weights.calls[server] !== 1)) return
    const cells = this.reserve(edge)
    const at = edge * cellsPerEdge
    cells[at + calls]! += sign
    const earlyNs = (startHi[client]! - startHi[server]!) * 4294967296 + (startLo[client]! - startLo[server]!)
    if (earlyNs <= 0) return
    cells[at + early]! += sign
    this.sketches.add(edge, earlyNs, sign)
    this.exemplars.add(edge, earlyNs, false, sign)
  }

  /** Adds edge `from` of `other` to edge `edge`. */
  addRow(edge: number, other: ClockOffsets, from: number): void {
    if ((from + 1) * cellsPerEdge > other.cells.length) return
    const cells = this.reserve(edge)
    for (let cell = 0; cell < cellsPerEdge; cell++) {
      cells[edge * cellsPerEdge + cell]! += other.cells[from * cellsPerEdge + cell]!
    }
    this.sketches.addRow(edge, other.sketches, from)
    this.exemplars.addRow(edge, other.exemplars, from)
  }

  /** Returns the offset of an edge; undefined if no server starts early. */
  read(edge: number): ClockOffset | undefined {
    const at = edge * cellsPerEdge
    const found = this.cells[at + early] ?? 0
    if (found === 0) return undefined
    const medianNs = this.sketches.percentiles(edge, found).p50Ns
    const { typical } = this.exemplars.read(edge, medianNs)
    return { calls: this.cells[at + calls]!, early: found, medianNs, traceId: typical }
  }

  private reserve(edge: number): Float64Array {
    const needed = (edge + 1) * cellsPerEdge
    if (needed > this.cells.length) this.cells = withRoom(this.cells, needed)
    return this.cells
  }
}
