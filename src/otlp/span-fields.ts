import type { ProtobufReader } from '../protobuf/protobuf-reader.ts'
import { skipOther } from './any-value.ts'

const maxKind = 5
const maxStatus = 2

/** The big-endian word that ends before `end`; bytes before the reader's position count as zero. */
export function wordBefore(end: number, { bytes, position }: ProtobufReader): number {
  const start = end - 4
  if (start >= position) {
    return (
      ((bytes[start]! << 24) | (bytes[start + 1]! << 16) | (bytes[start + 2]! << 8) | bytes[start + 3]!) >>> 0
    )
  }
  let word = 0
  for (let at = position; at < end; at++) word = (word << 8) | bytes[at]!
  return word >>> 0
}

/** The code of a Status that ends at `end`: a `SpanStatus`. */
export function statusCode(reader: ProtobufReader, end: number): number {
  let code = 0
  while (reader.position < end) {
    const tag = reader.tag(end)
    if (tag === 0x18) code = enumUpTo(maxStatus, reader, end)
    else skipOther(reader, tag, end, 0b1000)
  }
  return code
}

/** An enum value; those that later versions of OTLP may add count as unspecified, 0. */
function enumUpTo(max: number, reader: ProtobufReader, end: number): number {
  reader.varint64(end)
  return reader.hi === 0 && reader.lo <= max ? reader.lo : 0
}

/** A `SpanKind`. */
export function kindCode(reader: ProtobufReader, end: number): number {
  return enumUpTo(maxKind, reader, end)
}
