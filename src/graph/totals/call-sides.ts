import { addExactly, addSum, readSum } from '../columns/exact-sums.ts'
import { withRoom } from '../columns/grow.ts'
import { SpanKind, type SpanTable } from '../spans/span-table.ts'
import type { MeasuredSpans } from '../spans/span-weights.ts'

/** Durations of the calls on an edge as each side measured them. A mean is null if no span of that side is known. */
export interface Sides {
  /** Mean duration of the caller's client or producer spans, ns. */
  clientMeanNs: number | null
  /** Mean duration of the callee's spans, ns. */
  serverMeanNs: number | null
  /** Mean time between the two sides, ns: in the network or in a queue. */
  gapMeanNs: number | null
  /** Calls with a negative gap, which is excluded from the mean. */
  negativeGaps: number
}

export const noSides: Sides = { clientMeanNs: null, serverMeanNs: null, gapMeanNs: null, negativeGaps: 0 }

/** Spans from which one side of a call is measured. */
export interface SideSpans extends MeasuredSpans {
  /** 1 if the span ends before it starts. */
  skewed: Uint8Array
}

/** The cells of an edge. Each of the first three counts is followed by two cells with the sum of its times. */
const clients = 0
const servers = 3
const gaps = 6
const negativeGaps = 9
const cellsPerEdge = 10

/**
 * Client side, server side and gap of the calls of many edges.
 *
 * A call has two sides if it leaves its service, or if its callee is a server or a consumer. The client side is a client
 * or producer span right above the callee. The server side is the callee's span, unless that is a client or producer
 * itself.
 *
 * The gap of a request is the client's duration less the server's, which does not depend on clocks. The gap of a message
 * is the time from the producer's end to the consumer's start. A negative gap comes from clock skew, or from a caller
 * that did not wait. It is counted and excluded from the mean.
 *
 * A span that ends before it starts has no side. A summary span has a side for each of its calls, and no gap. If one
 * client span has several servers below it, each call counts with both sides.
 */
export class CallSides {
  private cells = new Float64Array(64 * cellsPerEdge)

  /** Adds the sides and the gap of a call between two rows of a trace, or removes them if `sign` is -1. */
  addCall(edge: number, spans: SpanTable, caller: number, callee: number, sign: 1 | -1): void {
    const kind = spans.kind[callee]!
    if (!isReceiver(kind) && spans.service[caller] === spans.service[callee]) return
    const isSent = isSender(spans.kind[caller]!)
    const isServed = !isSender(kind)
    if (isSent) this.addClient(edge, spans, caller, sign)
    if (isServed) this.addServer(edge, spans, callee, sign)
    if (isSent && isServed) this.addGap(edge, spans, caller, callee, sign)
  }

  /** Adds a client side. */
  /** Adds a client side. */
  addClient(edge: number, spans: SideSpans, row: number, sign: 1 | -1): void {
    if (spans.skewed[row] === 0) this.addSide(edge, clients, spans, row, sign)
  }

  /** Adds a server side. */
  /** Adds a server side. */
  addServer(edge: number, spans: SideSpans, row: number, sign: 1 | -1): void {
    if (spans.skewed[row] === 0) this.addSide(edge, servers, spans, row, sign)
  }

  /** Adds the gap between two spans; `caller` is a client or a producer. */
  addGap(edge: number, spans: SpanTable, caller: number, callee: number, sign: 1 | -1): void {
    const { durationNs, kind, skewed } = spans
    if ((skewed[caller]! | skewed[callee]!) === 1 || isSummary(spans, caller) || isSummary(spans, callee))
      return
    const isMessage = kind[caller] === SpanKind.producer || kind[callee] === SpanKind.consumer
    const gapNs = isMessage ? waitNs(spans, caller, spans, callee) : durationNs[caller]! - durationNs[callee]!
    this.addGapTime(edge, gapNs, sign)
  }

  /** Returns whether the edge has gaps. */
  hasGaps(edge: number): boolean {
    return this.countOf(edge, gaps) > 0 || this.countOf(edge, negativeGaps) > 0
  }

  /** Adds a gap. @param gapNs may be negative */
  addGapTime(edge: number, gapNs: number, sign: 1 | -1): void {
    if (gapNs < 0) this.reserve(edge)[edge * cellsPerEdge + negativeGaps]! += sign
    else this.addTime(edge, gaps, 1, gapNs, sign)
  }

  /** Adds edge `from` of `other` to edge `edge`. */
  addRow(edge: number, other: CallSides, from: number): void {
    if ((from + 1) * cellsPerEdge > other.cells.length) return
    const cells = this.reserve(edge)
    const at = edge * cellsPerEdge
    const otherAt = from * cellsPerEdge
    for (const side of [clients, servers, gaps]) {
      cells[at + side]! += other.cells[otherAt + side]!
      addSum(cells, at + side + 1, other.cells, otherAt + side + 1)
    }
    cells[at + negativeGaps]! += other.cells[otherAt + negativeGaps]!
  }

  read(edge: number): Sides {
    const mean = (side: number) => {
      const count = this.countOf(edge, side)
      return count === 0 ? null : readSum(this.cells, edge * cellsPerEdge + side + 1) / count
    }
    return {
      clientMeanNs: mean(clients),
      serverMeanNs: mean(servers),
      gapMeanNs: mean(gaps),
      negativeGaps: this.countOf(edge, negativeGaps),
    }
  }

  private addSide(
    edge: number,
    side: number,
    { durationNs, weights }: SideSpans,
    row: number,
    sign: 1 | -1,
  ): void {
    const calls = weights === undefined ? 1 : weights.calls[row]!
    this.addTime(edge, side, calls, calls === 1 ? durationNs[row]! : weights!.totalNs[row]!, sign)
  }

  private addTime(edge: number, side: number, calls: number, ns: number, sign: 1 | -1): void {
    const cells = this.reserve(edge)
    const at = edge * cellsPerEdge + side
    cells[at]! += sign * calls
    addExactly(cells, at + 1, ns, sign)
  }

  private countOf(edge: number, count: number): number {
    return this.cells[edge * cellsPerEdge + count] ?? 0
  }

  private reserve(edge: number): Float64Array {
    const needed = (edge + 1) * cellsPerEdge
    if (needed > this.cells.length) this.cells = withRoom(this.cells, needed)
    return this.cells
  }
}

const isSummary = ({ weights }: SpanTable, row: number) => weights !== undefined && weights.calls[row] !== 1
const isSender = (kind: number) => kind === SpanKind.client || kind === SpanKind.producer
const isReceiver = (kind: number) => kind === SpanKind.server || kind === SpanKind.consumer

/** Start, as two words, and duration of spans or messages. */
type Times = Pick<SpanTable, 'startHi' | 'startLo' | 'durationNs'>

/** Returns the time from the end of row `sent` to the start of row `received`, ns; it may be negative. */
export function waitNs(from: Times, sent: number, to: Times, received: number): number {
  const hiNs = (to.startHi[received]! - from.startHi[sent]!) * 4294967296
  // Large terms first: exact for times less than 104 days apart.
  return hiNs - from.durationNs[sent]! + (to.startLo[received]! - from.startLo[sent]!)
}
