import type { SpanTable } from '../../graph/spans/span-table.ts'
import { ProtobufError, type ProtobufReader, WireType } from '../protobuf/protobuf-reader.ts'
import { type Field, type MessageShape, maxDepth } from './message-shape.ts'
import type { SpanIds } from './span-decoder.ts'

/** Most messages inside a request, such as spans and attributes. An empty one has two bytes, and takes far more memory. */
const maxMessages = 2_000_000

/** A request has too many messages inside. */
export class TooManyMessagesError extends ProtobufError {
  override name = 'TooManyMessagesError'
}

/**
 * Checks a whole message up to `end`, also the fields that no decoder reads.
 *
 * @throws {ProtobufError} it is cut short, nested deeper than `maxDepth`, or a field has another wire type than
 *   its shape says
 * @throws {TooManyMessagesError}
 */
export function validateMessage(
  reader: ProtobufReader,
  end: number,
  shape: MessageShape,
  depth = 0,
  count = { messages: 0 },
): void {
  if (depth > maxDepth) throw new ProtobufError(`messages are nested deeper than ${maxDepth}`)
  while (reader.position < end) {
    const tag = reader.tag(end)
    const field = shape[tag >>> 3]
    if (field === undefined) {
      reader.skip(tag, end)
      continue
    }
    if ((tag & 7) !== wireTypeOf(field)) {
      throw new ProtobufError(`${field.name} has wire type ${tag & 7}`)
    }
    if (field.shape) {
      if (++count.messages > maxMessages)
        throw new TooManyMessagesError(`has more than ${maxMessages} messages, such as spans and attributes`)
      validateMessage(reader, reader.endOfBytes(end), field.shape(), depth + 1, count)
    } else reader.skip(tag, end)
  }
}

function wireTypeOf({ type }: Field): number {
  switch (type) {
    case 'fixed64':
    case 'double':
      return WireType.fixed64
    case 'fixed32':
      return WireType.fixed32
    case 'bool':
    case 'uint32':
    case 'enum':
    case 'int64':
      return WireType.varint
    default:
      return WireType.bytes
  }
}

/**
 * Checks the ids of a span by the rules of trace.proto. A trace id must have 16 bytes and a span id 8, neither all zero.
 * A parent id must be empty or have 8 bytes; all zero means no parent.
 *
 * @returns why the span is invalid; null if it is valid
 */
export function invalidSpanReason(table: SpanTable, row: number, ids: SpanIds): string | null {
  const [a, b, c, d] = ids.traceId
  if (ids.traceIdBytes !== 16) return `trace_id must have 16 bytes, not ${ids.traceIdBytes}`
  if (a === 0 && b === 0 && c === 0 && d === 0) return 'trace_id must not be all zero'
  if (ids.spanIdBytes !== 8) return `span_id must have 8 bytes, not ${ids.spanIdBytes}`
  if (table.spanIdHi[row] === 0 && table.spanIdLo[row] === 0) return 'span_id must not be all zero'
  if (ids.parentIdBytes !== 0 && ids.parentIdBytes !== 8) {
    return `parent_span_id must be empty or have 8 bytes, not ${ids.parentIdBytes}`
  }
  return null
}
