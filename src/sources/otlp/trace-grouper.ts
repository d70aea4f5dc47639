import { TraceIdIndex } from '../../graph/columns/hash-index.ts'
import type { StringTable } from '../../graph/columns/string-table.ts'
import { SpanTable } from '../../graph/spans/span-table.ts'
import { ProtobufReader } from '../protobuf/protobuf-reader.ts'
import type { Attribute } from '../tag-selector.ts'
import { matchShortIds } from './short-trace-ids.ts'
import { SpanDecoder, type SpanIds } from './span-decoder.ts'
import type { SpanProjection } from './span-projection.ts'
import { invalidSpanReason } from './validate.ts'

/** Whether a value of the tag selects its trace; called once for each value. */
export type TagMatch = (value: string) => boolean

/** The largest word of a time. */
const latest = 0xffffffff

const unknown = 0
const no = 1
const yes = 2

/**
 * Groups the spans of many OTLP messages by trace. Call `add` for each message, then `group` once, then read the traces,
 * numbered from 0 to `traces` - 1. All spans are rows of one table, so that a span needs no allocation.
 */
export class TraceGrouper {
  /** The id of each trace, four words. */
  private readonly idWords: number[] = []
  /** The earliest possible start of each trace, two words, Unix ns; the largest words if none is possible. */
  private readonly startHi: number[] = []
  private readonly startLo: number[] = []
  /** Latest end of a timed span of each trace, Unix ms. */
  private readonly endMs: number[] = []
  private readonly selected: boolean[] = []
  private readonly ids = new TraceIdIndex()
  private readonly rows: SpanTable
  private traceOf = new Int32Array(1024)
  /** Rows in order of their traces; trace t has [firstOf[t], firstOf[t + 1]). */
  private order = new Int32Array(0)
  private firstOf = new Int32Array(1)
  private readonly decoder: SpanDecoder
  private readonly matches: TagMatch
  /** Results of `matches` by string index. */
  private matchOf = new Uint8Array(1024)

  constructor(strings: StringTable, tag: Attribute, matches: TagMatch, projection: SpanProjection = {}) {
    this.rows = new SpanTable(strings)
    this.matches = matches
    this.decoder = new SpanDecoder(this.rows, tag, (row, ids) => this.take(row, ids), projection)
  }

  get traces(): number {
    return this.ids.length
  }

  /**
   * Adds the valid spans of an ExportTraceServiceRequest.
   *
   * @throws {ProtobufError}
   */
  add(message: Uint8Array): void {
    this.decoder.tracesData(new ProtobufReader(message), message.length)
  }

  /** Orders the rows by trace (counting sort). */
  group(): void {
    this.joinShortIdTraces()
    const { traces, traceOf } = this
    const { length } = this.rows
    const next = new Int32Array(traces + 1)
    for (let row = 0; row < length; row++) next[traceOf[row]! + 1]!++
    for (let trace = 0; trace < traces; trace++) next[trace + 1]! += next[trace]!
    this.firstOf = next.slice()
    this.order = new Int32Array(length)
    for (let row = 0; row < length; row++) this.order[next[traceOf[row]!]!++] = row
  }

  /** The number of spans of the trace; 0 if they belong to another trace (`matchShortIds`). */
  spansOf(trace: number): number {
    return this.firstOf[trace + 1]! - this.firstOf[trace]!
  }

  /** Whether a span of the trace has a value of the tag that matches. */
  isSelected(trace: number): boolean {
    return this.selected[trace]!
  }

  /** Whether the earliest span of the trace starts before `ns`, Unix ns. Exact, unlike `startMs` of a row. */
  startsBefore(trace: number, ns: bigint): boolean {
    return (BigInt(this.startHi[trace]!) << 32n) + BigInt(this.startLo[trace]!) < ns
  }

  /** Whether a span of the trace has a possible start. */
  isTimed(trace: number): boolean {
    return this.startHi[trace] !== latest
  }

  /** The number of spans of the trace that start in [from, to), Unix ns. */
  spansBetween(trace: number, from: bigint, to: bigint): number {
    const { rows, order, firstOf } = this
    let count = 0
    for (let at = firstOf[trace]!; at < firstOf[trace + 1]!; at++) {
      const row = order[at]!
      const ns = (BigInt(rows.startHi[row]!) << 32n) + BigInt(rows.startLo[row]!)
      if (ns >= from && ns < to) count++
    }
    return count
  }

  /** The id of the trace, four words. */
  traceId(trace: number): Uint32Array {
    return Uint32Array.from(this.idWords.slice(trace * 4, trace * 4 + 4))
  }

  /** Latest end of a span of the trace, Unix ms. */
  lastEndMs(trace: number): number {
    return this.endMs[trace]!
  }

  /** Compares by earliest start, then by trace id. */
  compare(a: number, b: number): number {
    return this.startHi[a]! - this.startHi[b]! || this.startLo[a]! - this.startLo[b]! || this.compareIds(a, b)
  }

  /** Clears `table`, which must share the strings, and fills it with the spans of the trace. */
  copyTo(table: SpanTable, trace: number): void {
    table.clear()
    for (let word = 0; word < 4; word++) table.traceId[word] = this.idWords[trace * 4 + word]!
    const end = this.firstOf[trace + 1]!
    for (let at = this.firstOf[trace]!; at < end; at++) table.copyRow(this.rows, this.order[at]!)
  }

  private compareIds(a: number, b: number): number {
    for (let word = 0; word < 4; word++) {
      const difference = this.idWords[a * 4 + word]! - this.idWords[b * 4 + word]!
      if (difference !== 0) return difference
    }
    return 0
  }

  private take(row: number, ids: SpanIds): boolean {
    const { rows, startHi, startLo } = this
    if (invalidSpanReason(rows, row, ids) !== null) return false
    const trace = this.ids.indexOf(ids.traceId)
    const isTimed = rows.isTimed(row)
    const hi = isTimed ? rows.startHi[row]! : latest
    const lo = isTimed ? rows.startLo[row]! : latest
    const endMs = isTimed ? rows.startMs(row) + rows.durationNs[row]! / 1e6 : 0
    if (trace === startHi.length) {
      this.idWords.push(...ids.traceId)
      startHi.push(hi)
      startLo.push(lo)
      this.endMs.push(endMs)
      this.selected.push(false)
    } else {
      this.startAt(trace, hi, lo)
      if (endMs > this.endMs[trace]!) this.endMs[trace] = endMs
    }
    if (!this.selected[trace] && this.matchesValue(rows.tagValue[row]!)) this.selected[trace] = true
    if (row === this.traceOf.length) this.traceOf = twice(this.traceOf)
    this.traceOf[row] = trace
    return true
  }

  private joinShortIdTraces(): void {
    const belongsTo = matchShortIds(this.idWords)
    if (belongsTo.size === 0) return
    for (const [short, full] of belongsTo) this.widen(full, short)
    for (let row = 0; row < this.rows.length; row++) {
      this.traceOf[row] = belongsTo.get(this.traceOf[row]!) ?? this.traceOf[row]!
    }
  }

  /** Extends the time of `trace` by that of `other`, and its selection. */
  private widen(trace: number, other: number): void {
    this.startAt(trace, this.startHi[other]!, this.startLo[other]!)
    this.endMs[trace] = Math.max(this.endMs[trace]!, this.endMs[other]!)
    if (this.selected[other]) this.selected[trace] = true
  }

  private startAt(trace: number, hi: number, lo: number): void {
    const { startHi, startLo } = this
    if (hi > startHi[trace]! || (hi === startHi[trace] && lo >= startLo[trace]!)) return
    startHi[trace] = hi
    startLo[trace] = lo
  }

  private matchesValue(value: number): boolean {
    if (value === 0) return false
    while (value >= this.matchOf.length) this.matchOf = twice(this.matchOf)
    if (this.matchOf[value] === unknown) {
      this.matchOf[value] = this.matches(this.rows.strings.text(value)) ? yes : no
    }
    return this.matchOf[value] === yes
  }
}

function twice<T extends Int32Array | Uint8Array>(column: T): T {
  const next = new (column.constructor as new (length: number) => T)(column.length * 2)
  next.set(column)
  return next
}
