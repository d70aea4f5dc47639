import { resized } from '../columns/grow.ts'
import type { StringTable } from '../columns/string-table.ts'
import { PeerColumns } from './peer-columns.ts'
import { WeightColumns } from './span-weights.ts'

/** Span kind, numbered as in OTLP (opentelemetry-proto trace/v1/trace.proto, Span.SpanKind). */
export const SpanKind = {
  unspecified: 0,
  internal: 1,
  server: 2,
  client: 3,
  producer: 4,
  consumer: 5,
} as const

/** Span status, numbered as in OTLP (trace.proto, Status.StatusCode). Only `error` makes a call failed. */
export const SpanStatus = { unset: 0, ok: 1, error: 2 } as const

/** High words of 1971-01-01 and 2100-01-01, Unix ns: no span starts outside of them. */
const firstTimedHi = Math.ceil(31_536_000e9 / 2 ** 32)
const timedHis = Math.floor(4_102_444_800e9 / 2 ** 32) - firstTimedHi

/** Whether a start with this high word is possible: neither absent nor in the far future. */
export const isTimedHi = (startHi: number) => startHi >= firstTimedHi && startHi - firstTimedHi < timedHis

/**
 * The spans of one trace, a column for each field and a row for each span.
 *
 * A decoder fills it row by row. It is then cleared and filled again for the next trace, so reading a million spans
 * allocates next to nothing. Ids and times are two 32-bit words, because 64-bit integers do not fit a JavaScript number
 * and BigInt allocates.
 */
export class SpanTable {
  length = 0
  /** Trace id, 16 bytes as four words, most significant first. */
  readonly traceId = new Uint32Array(4)

  spanIdHi = new Uint32Array(64)
  spanIdLo = new Uint32Array(64)
  /** 0, 0 for a root, which has no parent. */
  parentIdHi = new Uint32Array(64)
  parentIdLo = new Uint32Array(64)
  /** Start, Unix ns: `startHi` * 2^32 + `startLo`. */
  startHi = new Uint32Array(64)
  startLo = new Uint32Array(64)
  /** End - start, ns, >= 0. */
  durationNs = new Float64Array(64)
  /** A `SpanKind`. */
  kind = new Uint8Array(64)
  /** A `SpanStatus`. */
  status = new Uint8Array(64)
  /** 1 if the span ends before it starts, because a clock was set back. Its duration is then 0. */
  skewed = new Uint8Array(64)
  /** Span name, index into `strings`. */
  name = new Int32Array(64)
  /**
   * The service, index into `strings`; 0 = absent. Its name is `service.name`, and further parts if more attributes
   * identify a service (`node-name.ts`).
   */
  service = new Int32Array(64)
  /** Value of the tag that the query selects on, index into `strings`; 0 = absent. */
  tagValue = new Int32Array(64)
  /** Value of the grouping attribute, index into `strings`; 0 = absent. Undefined unless `enableGroups` was called. */
  groups: Int32Array | undefined
  /** The peers that the spans name; undefined unless `enablePeers` was called. */
  peers: PeerColumns | undefined
  /** 1 for a span that only says who called, and is not counted; undefined if all are counted (`ContextSpans`). */
  context: Uint8Array | undefined
  /** How many calls each span represents; undefined if every span represents one call. */
  weights: WeightColumns | undefined

  /** The strings of `name`, `service` and `tagValue`; shared by all tables of a build. */
  readonly strings: StringTable

  constructor(strings: StringTable) {
    this.strings = strings
  }

  /** Removes all rows and the trace id. */
  clear(): void {
    this.length = 0
    this.traceId.fill(0)
  }

  /** Appends a row in which every field is zero, and returns its index. */
  addRow(): number {
    const row = this.length++
    if (row === this.kind.length) this.grow(row * 2)
    this.spanIdHi[row] = 0
    this.spanIdLo[row] = 0
    this.parentIdHi[row] = 0
    this.parentIdLo[row] = 0
    this.startHi[row] = 0
    this.startLo[row] = 0
    this.durationNs[row] = 0
    this.kind[row] = 0
    this.status[row] = 0
    this.skewed[row] = 0
    this.name[row] = 0
    this.service[row] = 0
    this.tagValue[row] = 0
    if (this.groups) this.groups[row] = 0
    this.peers?.reset(row)
    this.weights?.reset(row)
    return row
  }

  /** Returns the columns of the peers, which are kept from now on. */
  enablePeers(): PeerColumns {
    if (this.peers) return this.peers
    this.peers = new PeerColumns()
    for (let row = 0; row < this.length; row++) this.peers.reset(row)
    return this.peers
  }

  /** Returns the column of the groups, which is kept from now on. */
  enableGroups(): Int32Array {
    this.groups ??= new Int32Array(this.kind.length)
    return this.groups
  }

  /** Returns the columns of the weights, which are kept from now on. */
  enableWeights(): WeightColumns {
    if (this.weights) return this.weights
    this.weights = new WeightColumns()
    for (let row = 0; row < this.length; row++) this.weights.reset(row)
    return this.weights
  }

  /** Appends row `from` of `other`, which must share this table's strings. */
  copyRow(other: SpanTable, from: number): void {
    if (other.peers) this.enablePeers()
    if (other.weights) this.enableWeights()
    if (other.groups) this.enableGroups()
    this.setRow(this.addRow(), other, from)
  }

  /** Gives a row all fields of row `from` of `other`, which must share this table's strings and have its columns. */
  setRow(row: number, other: SpanTable, from: number): void {
    this.spanIdHi[row] = other.spanIdHi[from]!
    this.spanIdLo[row] = other.spanIdLo[from]!
    this.parentIdHi[row] = other.parentIdHi[from]!
    this.parentIdLo[row] = other.parentIdLo[from]!
    this.startHi[row] = other.startHi[from]!
    this.startLo[row] = other.startLo[from]!
    this.durationNs[row] = other.durationNs[from]!
    this.kind[row] = other.kind[from]!
    this.status[row] = other.status[from]!
    this.skewed[row] = other.skewed[from]!
    this.name[row] = other.name[from]!
    this.service[row] = other.service[from]!
    this.tagValue[row] = other.tagValue[from]!
    if (other.peers) this.peers?.copy(row, other.peers, from)
    if (other.weights) this.weights?.copy(row, other.weights, from)
    if (other.groups && this.groups) this.groups[row] = other.groups[from]!
  }

  /** Returns the start of a row, Unix ms. A start on a whole ms is exact, other fractions are exact to 1 µs. */
  startMs(row: number): number {
    // 2^32 ns are 4294 ms and 967296 ns: in this order no step exceeds 2^53.
    const hi = this.startHi[row]!
    return hi * 4294 + (hi * 967296 + this.startLo[row]!) / 1e6
  }

  /** Whether the start of a row is possible. A span with another start is untimed (`UntimedSpans`). */
  isTimed(row: number): boolean {
    return isTimedHi(this.startHi[row]!)
  }

  /** Returns the first start and the last end of the timed spans, Unix ms; Infinity and -Infinity without such a span. */
  extentMs(): { startMs: number; endMs: number } {
    let startMs = Number.POSITIVE_INFINITY
    let endMs = Number.NEGATIVE_INFINITY
    for (let row = 0; row < this.length; row++) {
      if (!isTimedHi(this.startHi[row]!)) continue
      const start = this.startMs(row)
      if (start < startMs) startMs = start
      const end = start + this.durationNs[row]! / 1e6
      if (end > endMs) endMs = end
    }
    return { startMs, endMs }
  }

  /** Returns a copy that stays valid when this table is cleared, with room for its rows only. */
  snapshot(): SpanTable {
    const copy = new SpanTable(this.strings)
    copy.traceId.set(this.traceId)
    copy.grow(Math.max(1, this.length))
    for (let row = 0; row < this.length; row++) copy.copyRow(this, row)
    return copy
  }

  private grow(capacity: number): void {
    this.spanIdHi = resized(this.spanIdHi, capacity)
    this.spanIdLo = resized(this.spanIdLo, capacity)
    this.parentIdHi = resized(this.parentIdHi, capacity)
    this.parentIdLo = resized(this.parentIdLo, capacity)
    this.startHi = resized(this.startHi, capacity)
    this.startLo = resized(this.startLo, capacity)
    this.durationNs = resized(this.durationNs, capacity)
    this.kind = resized(this.kind, capacity)
    this.status = resized(this.status, capacity)
    this.skewed = resized(this.skewed, capacity)
    this.name = resized(this.name, capacity)
    this.service = resized(this.service, capacity)
    this.tagValue = resized(this.tagValue, capacity)
    if (this.groups) this.groups = resized(this.groups, capacity)
  }
}

/** Returns whether the status of a span is ERROR. */
export const hasFailed = ({ status }: SpanTable, row: number): boolean => status[row] === SpanStatus.error

/**
 * Compares two spans by all their fields, the start first and an impossible one last: negative, positive, or 0 if all
 * fields are equal.
 */
export function compareSpans(spans: SpanTable, a: number, b: number): number {
  return (
    Number(spans.isTimed(b)) - Number(spans.isTimed(a)) ||
    spans.startHi[a]! - spans.startHi[b]! ||
    spans.startLo[a]! - spans.startLo[b]! ||
    spans.spanIdHi[a]! - spans.spanIdHi[b]! ||
    spans.spanIdLo[a]! - spans.spanIdLo[b]! ||
    spans.kind[a]! - spans.kind[b]! ||
    spans.durationNs[b]! - spans.durationNs[a]! ||
    spans.status[b]! - spans.status[a]! ||
    spans.parentIdHi[b]! - spans.parentIdHi[a]! ||
    spans.parentIdLo[b]! - spans.parentIdLo[a]! ||
    compareTexts(spans, spans.service[a]!, spans.service[b]!) ||
    compareTexts(spans, spans.name[a]!, spans.name[b]!) ||
    compareTexts(spans, spans.tagValue[a]!, spans.tagValue[b]!) ||
    spans.skewed[a]! - spans.skewed[b]! ||
    (spans.groups ? compareTexts(spans, spans.groups[a]!, spans.groups[b]!) : 0) ||
    comparePeers(spans, a, b) ||
    (spans.weights?.compare(a, b) ?? 0)
  )
}

/**
 * Compares spans that share an id: 0 if they are the same span. A client and the server it calls may share an id. So may
 * two servers that answer one client; their own addresses distinguish them if these are known.
 */
export function compareIdentities(spans: SpanTable, a: number, b: number): number {
  const { peers } = spans
  const byKind = spans.kind[a]! - spans.kind[b]!
  if (byKind !== 0 || !peers) return byKind
  return compareTexts(spans, peers.instance[a]!, peers.instance[b]!)
}

function comparePeers(spans: SpanTable, a: number, b: number): number {
  const { peers } = spans
  if (!peers) return 0
  return (
    peers.role[b]! - peers.role[a]! ||
    peers.attribute[a]! - peers.attribute[b]! ||
    compareTexts(spans, peers.name[a]!, peers.name[b]!) ||
    peers.action[b]! - peers.action[a]! ||
    peers.messages[b]! - peers.messages[a]! ||
    compareTexts(spans, peers.instance[a]!, peers.instance[b]!) ||
    peers.links.compare(a, b)
  )
}

/** Compares texts, an absent one last, so that of two versions of a span the more complete one counts. */
function compareTexts(spans: SpanTable, a: number, b: number): number {
  if (a === b) return 0
  if (a === 0 || b === 0) return a === 0 ? 1 : -1
  return spans.strings.text(a) < spans.strings.text(b) ? -1 : 1
}
