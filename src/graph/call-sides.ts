import { ExactSums } from './exact-sums.ts'
import { SpanKind, type SpanTable } from './span-table.ts'

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

const fields = 4
const clients = 0
const servers = 1
const gaps = 2
const negativeGaps = 3

/**
 * Client and server side of the calls of many edges, kept apart, and the gap between them.
 *
 * A call has two sides where it leaves its service, or its callee is a server or a consumer. The client side is a
 * client or producer span right above the callee; the server side is the callee's span unless that is itself a caller.
 * The gap of a request is the client's duration less the server's, in which clocks play no part; that of a message
 * is the time from the producer's end to the consumer's start. A negative one tells of clocks apart, or of a caller
 * that did not wait: it is left out and counted. A span that ends before it starts has no side. Where one client span
 * has several servers below it, each of the calls counts with both of its sides.
 */
export class CallSides {
  private counts = new Float64Array(64 * fields)
  private readonly clientNs = new ExactSums()
  private readonly serverNs = new ExactSums()
  private readonly gapNs = new ExactSums()

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

  addClient(edge: number, { durationNs, skewed }: SpanTable, row: number, sign: 1 | -1): void {
    if (skewed[row] === 0) this.addClientTime(edge, durationNs[row]!, sign)
  }

  addServer(edge: number, { durationNs, skewed }: SpanTable, row: number, sign: 1 | -1): void {
    if (skewed[row] === 0) this.addServerTime(edge, durationNs[row]!, sign)
  }

  /** Adds the gap between two spans, of which `caller` is a client or a producer. */
  addGap(edge: number, spans: SpanTable, caller: number, callee: number, sign: 1 | -1): void {
    const { durationNs, kind, skewed } = spans
    if ((skewed[caller]! | skewed[callee]!) === 1) return
    const isMessage = kind[caller] === SpanKind.producer || kind[callee] === SpanKind.consumer
    const gapNs = isMessage
      ? waitNs(spans.startHi[caller]!, spans.startLo[caller]!, durationNs[caller]!, spans, callee)
      : durationNs[caller]! - durationNs[callee]!
    this.addGapTime(edge, gapNs, sign)
  }

  addClientTime(edge: number, durationNs: number, sign: 1 | -1): void {
    this.count(edge, clients, sign)
    this.clientNs.add(edge, durationNs, sign)
  }

  addServerTime(edge: number, durationNs: number, sign: 1 | -1): void {
    this.count(edge, servers, sign)
    this.serverNs.add(edge, durationNs, sign)
  }

  /** @param gapNs may be negative */
  addGapTime(edge: number, gapNs: number, sign: 1 | -1): void {
    this.count(edge, gapNs < 0 ? negativeGaps : gaps, sign)
    if (gapNs >= 0) this.gapNs.add(edge, gapNs, sign)
  }

  /** Adds edge `from` of `other` to edge `edge`. */
  addRow(edge: number, other: CallSides, from: number): void {
    for (let field = 0; field < fields; field++) {
      this.count(edge, field, other.counts[from * fields + field] ?? 0)
    }
    this.clientNs.addRow(edge, other.clientNs, from)
    this.serverNs.addRow(edge, other.serverNs, from)
    this.gapNs.addRow(edge, other.gapNs, from)
  }

  read(edge: number): Sides {
    const mean = (sums: ExactSums, field: number) => {
      const count = this.counts[edge * fields + field] ?? 0
      return count === 0 ? null : sums.read(edge) / count
    }
    return {
      clientMeanNs: mean(this.clientNs, clients),
      serverMeanNs: mean(this.serverNs, servers),
      gapMeanNs: mean(this.gapNs, gaps),
      negativeGaps: this.counts[edge * fields + negativeGaps] ?? 0,
    }
  }

  private count(edge: number, field: number, times: number): void {
    const at = edge * fields + field
    if (at >= this.counts.length) {
      const grown = new Float64Array(Math.max(at + fields, this.counts.length * 2))
      grown.set(this.counts)
      this.counts = grown
    }
    this.counts[at]! += times
  }
}

const isSender = (kind: number) => kind === SpanKind.client || kind === SpanKind.producer
const isReceiver = (kind: number) => kind === SpanKind.server || kind === SpanKind.consumer

/** From the end of a span that starts at `startHi`, `startLo` to the start of `row`, ns. */
function waitNs(
  startHi: number,
  startLo: number,
  durationNs: number,
  { startHi: hi, startLo: lo }: Pick<SpanTable, 'startHi' | 'startLo'>,
  row: number,
): number {
  // Large terms first: exact for all that lies less than 104 days apart.
  return (hi[row]! - startHi) * 4294967296 - durationNs + (lo[row]! - startLo)
}
