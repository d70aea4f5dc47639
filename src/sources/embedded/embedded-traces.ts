import { deflateRawSync, inflateRawSync } from 'node:zlib'
import { StringTable } from '../../graph/columns/string-table.ts'
import { SpanTable } from '../../graph/spans/span-table.ts'
import { checkMessage } from '../otlp/check-message.ts'
import { traceRequest } from '../otlp/message-shape.ts'
import { SpanDecoder, type SpanIds } from '../otlp/span-decoder.ts'
import { spanFault } from '../otlp/span-fault.ts'
import { ProtobufReader } from '../protobuf/protobuf-reader.ts'
import { DroppedSpans } from './dropped-spans.ts'

export interface EmbeddedTracesOptions {
  /** Most bytes held, compressed, with `requestOverheadBytes` for each request. */
  maxBytes: number
  /** How long a request is held from its arrival, s. */
  maxAgeSec: number
  /** Unix ms. */
  now: () => number
}

/** What became of the spans of a request. */
export interface Acceptance {
  acceptedSpans: number
  rejectedSpans: number
  /** Why the first rejected span was rejected; '' where none was. */
  reason: string
}

/** A request that is held. */
export interface HeldRequest {
  /** ExportTraceServiceRequest in protobuf, compressed: `inflated` gives it. */
  readonly deflated: Uint8Array
  /** Of it before, bytes. */
  readonly length: number
  readonly arrivedMs: number
  readonly spans: number
  /** Earliest start of its spans, Unix ms. */
  readonly firstStartMs: number
}

/** What a held request costs besides its bytes. */
export const requestOverheadBytes = 256

/** ExportTraceServiceRequest in protobuf, as it came. */
export const inflated = ({ deflated, length }: HeldRequest): Uint8Array =>
  inflateRawSync(deflated, { chunkSize: Math.max(length, 64) })

/**
 * Deflated (RFC 1951) a request of 500 spans takes a quarter to an eighth of its bytes, for half a millisecond. It is
 * copied: what zlib returns is the beginning of a larger buffer.
 */
const deflatedCopy = (body: Uint8Array) => new Uint8Array(deflateRawSync(body, { level: 1 }))

/** Holds OTLP requests in memory, compressed, the oldest first out. */
export class EmbeddedTraces {
  /** Bytes held, compressed, with `requestOverheadBytes` for each request. */
  bytes = 0
  /** Spans held. */
  spans = 0
  /** Spans received since the start. */
  readonly received = { accepted: 0, rejected: 0 }
  /** Spans that were held until they were too old. */
  readonly outlived = new DroppedSpans()
  /** Spans that had to go before, to make room. */
  readonly displaced = new DroppedSpans()
  readonly options: EmbeddedTracesOptions
  /** In order of arrival; the first `gone` are no longer there. */
  private requests: (HeldRequest | undefined)[] = []
  private gone = 0

  constructor(options: EmbeddedTracesOptions) {
    this.options = options
  }

  /**
   * Keeps an ExportTraceServiceRequest in protobuf for its valid spans; the bytes are copied.
   *
   * @throws {ProtobufError} `body` is not an ExportTraceServiceRequest; nothing of it is kept
   */
  add(body: Uint8Array): Acceptance {
    const inspected = inspect(body)
    const deflated = inspected.acceptedSpans === 0 ? new Uint8Array() : deflatedCopy(body)
    const { firstStartMs, ...acceptance } = this.inBounds(inspected, deflated.length)
    this.received.accepted += acceptance.acceptedSpans
    this.received.rejected += acceptance.rejectedSpans
    const spans = acceptance.acceptedSpans
    if (spans > 0) {
      const arrivedMs = this.options.now()
      this.requests.push({ deflated, length: body.length, arrivedMs, spans, firstStartMs })
      this.bytes += deflated.length + requestOverheadBytes
      this.spans += spans
    }
    this.evict()
    return acceptance
  }

  /** What is too large for the store as a whole is rejected as a whole. */
  private inBounds<Inspected extends Acceptance>(inspected: Inspected, deflatedBytes: number): Inspected {
    const { maxBytes } = this.options
    const cost = deflatedBytes + requestOverheadBytes
    if (cost <= maxBytes) return inspected
    const reason = `the request takes ${cost} bytes, and the store holds at most ${maxBytes}`
    const rejectedSpans = inspected.acceptedSpans + inspected.rejectedSpans
    return { ...inspected, acceptedSpans: 0, rejectedSpans, reason }
  }

  /** The requests held now, oldest first. */
  held(): HeldRequest[] {
    this.evict()
    return this.requests.slice(this.gone) as HeldRequest[]
  }

  private evict(): void {
    const { maxBytes, maxAgeSec, now } = this.options
    const oldestMs = now() - maxAgeSec * 1000
    for (let oldest = this.requests[this.gone]; oldest; oldest = this.requests[this.gone]) {
      const isTooOld = oldest.arrivedMs < oldestMs
      if (this.bytes <= maxBytes && !isTooOld) break
      this.bytes -= oldest.deflated.length + requestOverheadBytes
      this.spans -= oldest.spans
      const dropped = isTooOld ? this.outlived : this.displaced
      dropped.add(oldest.firstStartMs, oldest.spans)
      this.requests[this.gone++] = undefined
    }
    if (this.gone * 2 > this.requests.length) {
      this.requests = this.requests.slice(this.gone)
      this.gone = 0
    }
  }
}

/** @throws {ProtobufError} */
function inspect(body: Uint8Array): Acceptance & { firstStartMs: number } {
  checkMessage(new ProtobufReader(body), body.length, traceRequest)
  const table = new SpanTable(new StringTable())
  const result = { acceptedSpans: 0, rejectedSpans: 0, reason: '', firstStartMs: Number.POSITIVE_INFINITY }
  const visit = (row: number, ids: SpanIds): boolean => {
    const fault = spanFault(table, row, ids)
    if (fault === null) {
      result.acceptedSpans++
      result.firstStartMs = Math.min(result.firstStartMs, table.startMs(row))
    } else if (result.rejectedSpans++ === 0) result.reason = fault
    return false
  }
  const decoder = new SpanDecoder(table, { scope: 'resource', key: 'service.name' }, visit)
  decoder.tracesData(new ProtobufReader(body), body.length)
  return result
}
