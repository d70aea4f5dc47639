import { ProtobufError, type ProtobufReader, WireType } from '../protobuf/protobuf-reader.ts'
import { type Field, type MessageShape, maxDepth } from './message-shape.ts'

/**
 * Walks a whole message up to `end`, also the parts no one has asked for yet.
 *
 * @throws {ProtobufError} it is cut short, nested deeper than `maxDepth`, or a field has another wire type than
 *   its shape says
 */
export function checkMessage(reader: ProtobufReader, end: number, shape: MessageShape, depth = 0): void {
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
    if (field.shape) checkMessage(reader, reader.endOfBytes(end), field.shape(), depth + 1)
    else reader.skip(tag, end)
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
