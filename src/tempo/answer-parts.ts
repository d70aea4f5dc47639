import { ProtobufReader } from '../protobuf/protobuf-reader.ts'

/** About a thousand spans: a fraction of a millisecond, and enough for what is set up for each part not to matter. */
const partBytes = 131_072

/**
 * Cuts a protobuf message between its fields. Each part is a message of its own, and together they say the same.
 *
 * @throws {ProtobufError} the message is cut short or is not protobuf
 */
export function* answerParts(bytes: Uint8Array): Generator<Uint8Array> {
  const reader = new ProtobufReader(bytes)
  const end = bytes.length
  let from = 0
  while (reader.position < end) {
    reader.skip(reader.tag(end), end)
    if (reader.position - from < partBytes && reader.position < end) continue
    yield bytes.subarray(from, reader.position)
    from = reader.position
  }
}
