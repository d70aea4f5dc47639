import type { ProtobufReader } from '../protobuf/protobuf-reader.ts'
import { skipOther } from './any-value.ts'

export const maxKind = 5
const maxStatus = 2

/** The big-endian word that ends before `end`; bytes before the reader's position count as zero. */
function wordBefore(end: number, { bytes, view, position }: ProtobufReader): number {
  if (end - 4 >= position) return view.getUint32(end - 4)
  let word = 0
  for (let at = position; at < end; at++) word = (word << 8) | bytes[at]!
  return word >>> 0
}

/** Reads an id up to `end` into words, most significant first. @returns the number of bytes it has */
export function readId(reader: ProtobufReader, end: number, words: Uint32Array): number {
  const length = end - reader.position
  for (let word = words.length - 1, at = end; word >= 0; word--, at -= 4) words[word] = wordBefore(at, reader)
  reader.position = end
  return length
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
