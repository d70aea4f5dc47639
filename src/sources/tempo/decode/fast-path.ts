import type { SpanTable } from '../../../graph/spans/span-table.ts'
import type { ProtobufReader } from '../../protobuf/protobuf-reader.ts'
import { hexWord } from './attribute-reader.ts'
import { readEncodedEnum } from './span-fields.ts'

/** The bit that every byte of a varint except the last has, in four bytes. */
const continuationBits = 0x80808080 | 0

/**
 * Reads the fields of a span up to `end`, while they have the encoding that Tempo uses. Lengths then have one byte, ids
 * have 16 hex digits, and start times are of this century.
 *
 * Nearly all bytes of an answer are such fields, so this is the hottest loop of a read. It keeps its position in a local
 * variable and reads several bytes at a time. `SpanReader.field` reads every other field.
 *
 * @returns the start of the first other field, or `end`
 */
export function readFastPath(
  { bytes, view }: ProtobufReader,
  start: number,
  end: number,
  spans: SpanTable,
  row: number,
): number {
  let at = start
  // No field has less than two bytes.
  while (at + 1 < end) {
    const tag = bytes[at]!
    let next = 0
    if (tag === 0x18) next = takeStart(view, at + 1, end, spans, row)
    else if (tag === 0x20) next = takeDuration(bytes, at + 1, end, spans, row)
    else {
      const length = bytes[at + 1]!
      const to = at + 2 + length
      const isTaken = length < 128 && to <= end && takeBytes(tag, bytes, view, at + 2, to, spans, row)
      if (isTaken) next = to
    }
    if (next === 0) break
    at = next
  }
  return at
}

/** Reads `bytes[start, end)` if it is the span id, the name, or an attribute for a column. @returns false for others */
function takeBytes(
  tag: number,
  bytes: Uint8Array,
  view: DataView,
  start: number,
  end: number,
  spans: SpanTable,
  row: number,
): boolean {
  if (tag === 0x2a) return readEncodedEnum(view, start, end, spans, row)
  if (tag === 0x12) {
    spans.name[row] = spans.strings.internName(bytes, start, end)
    return true
  }
  if (tag !== 0x0a || end - start !== 16) return false
  spans.spanIdHi[row] = hexWord(view, start, end)
  spans.spanIdLo[row] = hexWord(view, start + 8, end)
  return true
}

/** Reads a varint of nine bytes: a time between 1972 and 2262, ns. @returns its end; 0: it has another length */
function takeStart(view: DataView, at: number, end: number, spans: SpanTable, row: number): number {
  if (at + 9 > end) return 0
  const first = view.getInt32(at, true)
  const second = view.getInt32(at + 4, true)
  const top = view.getUint8(at + 8)
  if ((first & second & continuationBits) !== continuationBits || top > 127) return 0
  const low = sevenBits(first)
  const high = sevenBits(second)
  spans.startLo[row] = low | (high << 28)
  spans.startHi[row] = (high >>> 4) | (top << 24)
  return at + 9
}

/** Reads a varint of at most four bytes, enough for a quarter of a second. @returns its end; 0: it is longer */
function takeDuration(bytes: Uint8Array, at: number, end: number, spans: SpanTable, row: number): number {
  let ns = 0
  for (let shift = 0, next = at; shift < 28 && next < end; shift += 7) {
    const byte = bytes[next++]!
    ns |= (byte & 0x7f) << shift
    if (byte > 127) continue
    spans.durationNs[row] = ns
    return next
  }
  return 0
}

/** Joins the low seven bits of each of four bytes. */
function sevenBits(word: number): number {
  return (
    (word & 0x7f) |
    ((word >>> 1) & (0x7f << 7)) |
    ((word >>> 2) & (0x7f << 14)) |
    ((word >>> 3) & (0x7f << 21))
  )
}
