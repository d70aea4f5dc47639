import { ExactSums } from './exact-sums.ts'
import { SpanKind, type SpanTable } from './span-table.ts'
import type { MeasuredSpans } from './weight-columns.ts'

/** What each end of an edge saw of its calls. A mean is null where no span tells of that side. */
export interface Sides {
  /** Mean duration of the caller's client or producer spans, ns. */
  clientMeanNs: number | null
  /** Mean duration of the spans in which the callee did the work, ns. */
  serverMeanNs: number | null
  /** Mean time between the two sides, ns: on the network, or in a queue. */
  gapMeanNs: number | null
  /** Calls whose gap came out negative; they are in no mean of gaps. */
  negativeGaps: number
}

export const noSides: Sides = { clientMeanNs: null, serverMeanNs: null, gapMeanNs: null, negativeGaps: 0 }

/** Spans of which one side of a call is known. */
export interface SideSpans extends MeasuredSpans {
  /** 1 where the span ends before it starts. */
  skewed: Uint8Array
}

/** What is counted of an edge; of the first three the times are summed as well. */
const clients = 0
const servers = 1
const gaps = 2
const negativeGaps = 3
const counted = 4
const summed = 3

/**
 * Client and server side of the calls of many edges, kept apart, and the gap between them.
 *
 * A call has two sides where it leaves its service, or its callee is a server or a consumer. The client side is a
 * client or producer span right above the callee; the server side is the callee's span unless that is itself a caller.
 * The gap of a request is the client's duration less the server's, in which clocks play no part; that of a message
 * is the time from the producer's end to the consumer's start. A negative one tells of clocks apart, or of a caller
 * that did not wait: it is left out and counted. A span that ends before it starts has no side, and a summary span has
 * one for each of its calls and no gap. Where one client span has several servers below it, each of the calls counts
 * with both of its sides.
 */
export class CallSides {
  /** The figures of an edge stand side by side, because they are always touched together. */
  private counts = new Float64Array(64 * counted)
  private readonly timesNs = new ExactSums()

  /** Adds what is known of the call of `callee` by `caller`, two rows of a trace; takes it back where `sign` is -1. */
  addCall(edge: number, spans: SpanTable, caller: number, callee: number, sign: 1 | -1): void {
    const kind = spans.kind[callee]!
    if (!isReceiver(kind) && spans.service[caller] === spans.service[callee]) return
    const isSent = isSender(spans.kind[caller]!)
    const isServed = !isSender(kind)
    if (isSent) this.addClient(edge, spans, caller, sign)
    if (isServed) this.addServer(edge, spans, callee, sign)
    if (isSent && isServed) this.addGap(edge, spans, caller, callee, sign)
  }

  addClient(edge: number, spans: SideSpans, row: number, sign: 1 | -1): void {
    if (spans.skewed[row] === 0) this.addSide(edge, clients, spans, row, sign)
  }

  addServer(edge: number, spans: SideSpans, row: number, sign: 1 | -1): void {
    if (spans.skewed[row] === 0) this.addSide(edge, servers, spans, row, sign)
  }

  /** Adds the gap between two spans, of which `caller` is a client or a producer. */
  addGap(edge: number, spans: SpanTable, caller: number, callee: number, sign: 1 | -1): void {
    const { durationNs, kind, skewed } = spans
    if ((skewed[caller]! | skewed[callee]!) === 1 || isSummary(spans, caller) || isSummary(spans, callee))
      return
    const isMessage = kind[caller] === SpanKind.producer || kind[callee] === SpanKind.consumer
    const gapNs = isMessage ? waitNs(spans, caller, spans, callee) : durationNs[caller]! - durationNs[callee]!
    this.addGapTime(edge, gapNs, sign)
  }

  /** Whether gaps of the edge are known. */
  hasGaps(edge: number): boolean {
    const first = edge * counted
    return (this.counts[first + gaps] ?? 0) > 0 || (this.counts[first + negativeGaps] ?? 0) > 0
  }

  /** @param gapNs may be negative */
  addGapTime(edge: number, gapNs: number, sign: 1 | -1): void {
    this.count(edge, gapNs < 0 ? negativeGaps : gaps, sign)
    if (gapNs >= 0) this.timesNs.add(edge * summed + gaps, gapNs, sign)
  }

  /** Adds edge `from` of `other` to edge `edge`. */
  addRow(edge: number, other: CallSides, from: number): void {
    for (let field = 0; field < counted; field++) {
      this.count(edge, field, other.counts[from * counted + field] ?? 0)
    }
    for (let field = 0; field < summed; field++) {
      this.timesNs.addRow(edge * summed + field, other.timesNs, from * summed + field)
    }
  }

  read(edge: number): Sides {
    const mean = (field: number) => {
      const count = this.counts[edge * counted + field] ?? 0
      return count === 0 ? null : this.timesNs.read(edge * summed + field) / count
    }
    return {
      clientMeanNs: mean(clients),
      serverMeanNs: mean(servers),
      gapMeanNs: mean(gaps),
      negativeGaps: this.counts[edge * counted + negativeGaps] ?? 0,
    }
  }

  private addSide(
    edge: number,
    field: number,
    { durationNs, weights }: SideSpans,
    row: number,
    sign: 1 | -1,
  ): void {
    const calls = weights === undefined ? 1 : weights.calls[row]!
    this.count(edge, field, sign * calls)
    this.timesNs.add(edge * summed + field, calls === 1 ? durationNs[row]! : weights!.totalNs[row]!, sign)
  }

  private count(edge: number, field: number, times: number): void {
    const at = edge * counted + field
    if (at >= this.counts.length) {
      const grown = new Float64Array(Math.max(at + counted, this.counts.length * 2))
      grown.set(this.counts)
      this.counts = grown
    }
    this.counts[at]! += times
  }
}

const isSummary = ({ weights }: SpanTable, row: number) => weights !== undefined && weights.calls[row] !== 1
const isSender = (kind: number) => kind === SpanKind.client || kind === SpanKind.producer
const isReceiver = (kind: number) => kind === SpanKind.server || kind === SpanKind.consumer

/** Times as two words, and durations, of spans or messages. */
type Times = Pick<SpanTable, 'startHi' | 'startLo' | 'durationNs'>

/** From the end of row `sent` of `from` to the start of row `received` of `to`, ns; may be negative. */
export function waitNs(from: Times, sent: number, to: Times, received: number): number {
  const hiNs = (to.startHi[received]! - from.startHi[sent]!) * 4294967296
  // Large terms first: exact for all that lies less than 104 days apart.
  return hiNs - from.durationNs[sent]! + (to.startLo[received]! - from.startLo[sent]!)
}
