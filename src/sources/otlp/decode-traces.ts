import type { SpanTable } from '../../graph/spans/span-table.ts'
import { ProtobufError, ProtobufReader } from '../protobuf/protobuf-reader.ts'
import { skipOther } from './any-value.ts'
import { SpanDecoder, type SpanIds, type SpanProjection, type TagKey } from './span-decoder.ts'

/** What Tempo says about a trace besides its spans. */
export interface TraceByIdStatus {
  /** The trace is longer than Tempo wants to answer: spans are missing. */
  partial: boolean
  /** Tempo's words for it; '' where it said nothing. */
  message: string
}

const partialStatus = 1
/** What newer Tempos call partial as well: a trace of which all they have is summaries. */
const prunedBefore = /already pruned/
const tooLong = /exceeds maximum size/

/**
 * Decodes the protobuf answer of Tempo's `/api/v2/traces/{id}`, a TraceByIDResponse (tempo.proto: 1 trace,
 * 3 status, 4 message), into `table`, which is cleared first. A trace Tempo does not have leaves it empty.
 *
 * @throws {ProtobufError} cut short, not protobuf, or spans of more than one trace
 */
export function decodeTraceById(
  bytes: Uint8Array,
  table: SpanTable,
  tag: TagKey,
  wants: SpanProjection = {},
): TraceByIdStatus {
  const reader = new ProtobufReader(bytes)
  const decoder = oneTrace(table, tag, wants)
  const end = bytes.length
  const status: TraceByIdStatus = { partial: false, message: '' }
  while (reader.position < end) {
    const field = reader.tag(end)
    if (field === 0x0a) decoder.tracesData(reader, reader.endOfBytes(end))
    else if (field === 0x18) status.partial = reader.varint32(end) === partialStatus
    else if (field === 0x22) status.message = text(reader, reader.endOfBytes(end))
    else skipOther(reader, field, end, 0b1_1010)
  }
  if (prunedBefore.test(status.message) && !tooLong.test(status.message)) status.partial = false
  return status
}

/**
 * Decodes OTLP TracesData that holds one trace, as Tempo's `/api/traces/{id}` (v1) answers it, into `table`,
 * which is cleared first.
 *
 * @throws {ProtobufError} cut short, not protobuf, or spans of more than one trace
 */
export function decodeTracesData(
  bytes: Uint8Array,
  table: SpanTable,
  tag: TagKey,
  wants: SpanProjection = {},
): void {
  oneTrace(table, tag, wants).tracesData(new ProtobufReader(bytes), bytes.length)
}

/** A decoder that takes the table's trace id from the first span and insists on it. */
function oneTrace(table: SpanTable, tag: TagKey, wants: SpanProjection): SpanDecoder {
  table.clear()
  const visit = (row: number, ids: SpanIds) => {
    if (ids.traceIdBytes > 16 || ids.spanIdBytes > 8 || ids.parentIdBytes > 8) {
      throw new ProtobufError('an id is longer than 16 or 8 bytes')
    }
    if (row === 0) table.traceId.set(ids.traceId)
    else if (!sameId(table.traceId, ids.traceId)) throw new ProtobufError('spans of more than one trace')
    return true
  }
  return new SpanDecoder(table, tag, visit, wants)
}

function sameId(a: Uint32Array, b: Uint32Array): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3]
}

function text(reader: ProtobufReader, end: number): string {
  const { position } = reader
  reader.position = end
  return new TextDecoder().decode(reader.bytes.subarray(position, end))
}
