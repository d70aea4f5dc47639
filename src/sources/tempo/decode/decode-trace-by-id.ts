import type { SpanTable } from '../../../graph/spans/span-table.ts'
import { skipOther } from '../../otlp/any-value.ts'
import { SpanDecoder, type SpanIds } from '../../otlp/span-decoder.ts'
import type { SpanProjection } from '../../otlp/span-projection.ts'
import { ProtobufError, ProtobufReader } from '../../protobuf/protobuf-reader.ts'
import type { Attribute } from '../../tag-selector.ts'

/** Tempo's status of a trace by id. */
export interface TraceByIdStatus {
  /** The trace exceeds Tempo's maximum size: spans are missing. */
  partial: boolean
  /** Tempo's message; '' if it sent none. */
  message: string
}

const partialStatus = 1
/** Message for a trace that was stored with summaries of pruned spans. Newer Tempos call it partial; no span is missing. */
const prunedBefore = /already pruned/
const tooLong = /exceeds maximum size/

/**
 * Decodes the protobuf answer of Tempo's `/api/v2/traces/{id}`, a TraceByIDResponse (tempo.proto: 1 trace,
 * 3 status, 4 message), into `table`, which is cleared first. The table stays empty if Tempo does not have the trace.
 *
 * @throws {ProtobufError} cut short, not protobuf, or spans of more than one trace
 */
export function decodeTraceById(
  bytes: Uint8Array,
  table: SpanTable,
  tag: Attribute,
  projection: SpanProjection = {},
): TraceByIdStatus {
  const reader = new ProtobufReader(bytes)
  const decoder = oneTrace(table, tag, projection)
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
  tag: Attribute,
  projection: SpanProjection = {},
): void {
  oneTrace(table, tag, projection).tracesData(new ProtobufReader(bytes), bytes.length)
}

/** Creates a decoder that takes the trace id from the first span and accepts no other. */
function oneTrace(table: SpanTable, tag: Attribute, projection: SpanProjection): SpanDecoder {
  table.clear()
  const visit = (row: number, ids: SpanIds) => {
    if (ids.traceIdBytes > 16 || ids.spanIdBytes > 8 || ids.parentIdBytes > 8) {
      throw new ProtobufError('an id is longer than 16 or 8 bytes')
    }
    if (row === 0) table.traceId.set(ids.traceId)
    else if (!sameId(table.traceId, ids.traceId)) throw new ProtobufError('spans of more than one trace')
    return true
  }
  return new SpanDecoder(table, tag, visit, projection)
}

function sameId(a: Uint32Array, b: Uint32Array): boolean {
  return a[0] === b[0] && a[1] === b[1] && a[2] === b[2] && a[3] === b[3]
}

function text(reader: ProtobufReader, end: number): string {
  const { position } = reader
  reader.position = end
  return new TextDecoder().decode(reader.bytes.subarray(position, end))
}
