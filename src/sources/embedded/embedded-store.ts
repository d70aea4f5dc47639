import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { StringTable } from '../../graph/columns/string-table.ts'
import { SpanTable } from '../../graph/spans/span-table.ts'
import { maxWindowHours } from '../../model/parameters.ts'
import { traceRequest } from '../otlp/message-shape.ts'
import { SpanDecoder, type SpanIds } from '../otlp/span-decoder.ts'
import { invalidSpanReason, validateMessage } from '../otlp/validate.ts'
import { ProtobufReader } from '../protobuf/protobuf-reader.ts'
import type { Window } from '../trace-source.ts'

const minuteMs = 60_000
/** Minutes that are remembered: the longest window. */
const maxMinutes = maxWindowHours * 60

export interface EmbeddedStoreOptions {
  /** Most bytes stored, compressed, with `requestOverheadBytes` for each request. */
  maxBytes: number
  /** How long a request is stored after its arrival, s. */
  maxAgeSec: number
  /** Unix ms. */
  now: () => number
}

/** The result of adding a request. */
export interface IngestResult {
  acceptedSpans: number
  rejectedSpans: number
  /** Why the first rejected span was rejected; '' if all were accepted. */
  reason: string
}

/** A stored request. */
export interface StoredRequest {
  /** ExportTraceServiceRequest in protobuf, compressed; see `inflated`. */
  readonly deflated: Uint8Array
  /** Bytes before compression. */
  readonly length: number
  readonly arrivedMs: number
  readonly spans: number
  /** Earliest start of its timed spans, Unix ms; Infinity without such a span. */
  readonly firstStartMs: number
}

/** Memory of a stored request in addition to its bytes. */
export const requestOverheadBytes = 256

/** Returns the ExportTraceServiceRequest in protobuf as it was received. */
export const inflated = ({ deflated, length }: StoredRequest): Uint8Array =>
  inflateRawSync(deflated, { chunkSize: Math.max(length, 64) })

/**
 * Compresses a request (RFC 1951). 500 spans shrink to a quarter or an eighth of their bytes in half a millisecond. Copies
 * the result, since zlib returns the beginning of a larger buffer.
 */
const deflatedCopy = (body: Uint8Array) => new Uint8Array(deflateRawSync(body, { level: 1 }))

/** Stores OTLP requests in memory, compressed. Removes the oldest first. */
export class EmbeddedStore {
  /** Bytes stored, compressed, with `requestOverheadBytes` for each request. */
  bytes = 0
  /** Spans stored. */
  spans = 0
  /** Spans received since the start. */
  readonly received = { accepted: 0, rejected: 0 }
  /** Spans removed because of their age. */
  readonly expired = new DroppedSpans()
  /** Spans removed earlier, to make room. */
  readonly evicted = new DroppedSpans()
  readonly options: EmbeddedStoreOptions
  /** In order of arrival; the first `gone` are removed. */
  private stored: (StoredRequest | undefined)[] = []
  private gone = 0

  constructor(options: EmbeddedStoreOptions) {
    this.options = options
  }

  /**
   * Stores an ExportTraceServiceRequest in protobuf if it has valid spans. Copies the bytes.
   *
   * @throws {ProtobufError} `body` is not an ExportTraceServiceRequest; nothing is stored
   */
  add(body: Uint8Array): IngestResult {
    const inspected = inspect(body)
    const deflated = inspected.acceptedSpans === 0 ? new Uint8Array() : deflatedCopy(body)
    const { firstStartMs, ...result } = this.inBounds(inspected, deflated.length)
    this.received.accepted += result.acceptedSpans
    this.received.rejected += result.rejectedSpans
    const spans = result.acceptedSpans
    if (spans > 0) {
      const arrivedMs = this.options.now()
      this.stored.push({ deflated, length: body.length, arrivedMs, spans, firstStartMs })
      this.bytes += deflated.length + requestOverheadBytes
      this.spans += spans
    }
    this.evict()
    return result
  }

  /** Rejects all spans of a request that is larger than the whole store. */
  private inBounds<Inspected extends IngestResult>(inspected: Inspected, deflatedBytes: number): Inspected {
    const { maxBytes } = this.options
    const cost = deflatedBytes + requestOverheadBytes
    if (cost <= maxBytes) return inspected
    const reason = `the request takes ${cost} bytes; the store holds at most ${maxBytes}`
    const rejectedSpans = inspected.acceptedSpans + inspected.rejectedSpans
    return { ...inspected, acceptedSpans: 0, rejectedSpans, reason }
  }

  /** Returns the stored requests, oldest first. */
  requests(): StoredRequest[] {
    this.evict()
    return this.stored.slice(this.gone) as StoredRequest[]
  }

  private evict(): void {
    const { maxBytes, maxAgeSec, now } = this.options
    const oldestMs = now() - maxAgeSec * 1000
    for (let oldest = this.stored[this.gone]; oldest; oldest = this.stored[this.gone]) {
      const isTooOld = oldest.arrivedMs < oldestMs
      if (this.bytes <= maxBytes && !isTooOld) break
      this.bytes -= oldest.deflated.length + requestOverheadBytes
      this.spans -= oldest.spans
      const dropped = isTooOld ? this.expired : this.evicted
      dropped.add(oldest.firstStartMs, oldest.spans)
      this.stored[this.gone++] = undefined
    }
    if (this.gone * 2 > this.stored.length) {
      this.stored = this.stored.slice(this.gone)
      this.gone = 0
    }
  }
}

/** @throws {ProtobufError} */
function inspect(body: Uint8Array): IngestResult & { firstStartMs: number } {
  validateMessage(new ProtobufReader(body), body.length, traceRequest)
  const table = new SpanTable(new StringTable())
  const result = { acceptedSpans: 0, rejectedSpans: 0, reason: '', firstStartMs: Number.POSITIVE_INFINITY }
  const visit = (row: number, ids: SpanIds): boolean => {
    const fault = invalidSpanReason(table, row, ids)
    if (fault === null) {
      result.acceptedSpans++
      if (table.isTimed(row)) result.firstStartMs = Math.min(result.firstStartMs, table.startMs(row))
    } else if (result.rejectedSpans++ === 0) result.reason = fault
    return false
  }
  const decoder = new SpanDecoder(table, { scope: 'resource', key: 'service.name' }, visit)
  decoder.tracesData(new ProtobufReader(body), body.length)
  return result
}

/** The number of removed spans, by the minute in which the first span of their request started. */
class DroppedSpans {
  /** Since the start of the process. */
  total = 0
  /** Spans by minute since 1970, in order of removal. */
  private readonly spansOf = new Map<number, number>()

  add(firstStartMs: number, spans: number): void {
    this.total += spans
    const minute = Math.floor(firstStartMs / minuteMs)
    this.spansOf.set(minute, (this.spansOf.get(minute) ?? 0) + spans)
    if (this.spansOf.size <= maxMinutes) return
    for (const oldest of this.spansOf.keys()) {
      this.spansOf.delete(oldest)
      return
    }
  }

  /** Returns the number of spans in the minutes that the window overlaps. */
  within({ fromMs, toMs }: Window): number {
    let count = 0
    for (const [minute, spans] of this.spansOf) {
      if (minute * minuteMs < toMs && (minute + 1) * minuteMs > fromMs) count += spans
    }
    return count
  }
}
