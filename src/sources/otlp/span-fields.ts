import type { ProtobufReader } from '../protobuf/protobuf-reader.ts'
import { skipOther } from './any-value.ts'

export const maxKind = 5
const maxStatus = 2

/** Reads the big-endian word that ends at `end`; bytes before the reader's position count as zero. */
function wordBefore(end: number, { bytes, view, position }: ProtobufReader): number {
  if (end - 4 >= position) return view.getUint32(end - 4)
  let word = 0
  for (let at = position; at < end; at++) word = (word << 8) | bytes[at]!
  return word >>> 0
}

/** Reads an id up to `end` into words, most significant first. @returns its number of bytes */
export function readId(reader: ProtobufReader, end: number, words: Uint32Array): number {
  const length = end - reader.position
  for (let word = words.length - 1, at = end; word >= 0; word--, at -= 4) words[word] = wordBefore(at, reader)
  reader.position = end
  return length
}

/** Reads the code of a Status up to `end`: a `SpanStatus`. */
export function statusCode(reader: ProtobufReader, end: number): number {
  let code = 0
  while (reader.position < end) {
    const tag = reader.tag(end)
    if (tag === 0x18) code = enumUpTo(maxStatus, reader, end)
    else skipOther(reader, tag, end, 0b1000)
  }
  return code
}

/** Reads an enum value; values of later versions of OTLP count as unspecified, 0. */
function enumUpTo(max: number, reader: ProtobufReader, end: number): number {
  reader.varint64(end)
  return reader.hi === 0 && reader.lo <= max ? reader.lo : 0
}

/** Reads a `SpanKind`. */
export function kindCode(reader: ProtobufReader, end: number): number {
  return enumUpTo(maxKind, reader, end)
}
