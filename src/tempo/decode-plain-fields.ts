import type { SpanTable } from '../graph/span-table.ts'
import type { ProtobufReader } from '../protobuf/protobuf-reader.ts'
import { hexWord } from './decode-attribute.ts'
import { takeSpelledField } from './decode-span-fields.ts'

/** Every byte of a varint but its last has this bit. */
const more = 0x80808080 | 0

/**
 * Reads the fields of a span up to `end` as far as they are written in the one way in which Tempo writes them: lengths
 * of one byte, ids of 16 hex digits, start times of this century.
 *
 * Nearly all bytes of an answer are such fields, so this is the hottest loop of a read. It keeps its place in a local
 * variable and looks at several bytes at a time; whatever it does not expect it leaves to the reader of any protobuf.
 *
 * @returns where the first field begins that is written otherwise; `end` if there is none
 */
export function takePlainFields(
  { bytes, view }: ProtobufReader,
  start: number,
  end: number,
  spans: SpanTable,
  row: number,
): number {
  let at = start
  // The shortest field that is looked at here has two bytes.
  while (at + 1 < end) {
    const tag = bytes[at]!
    const length = bytes[at + 1]!
    const value = at + 2
    const next = value + length
    if (tag === 0x2a) {
      if (length > 127 || next > end || !takeSpelledField(view, value, next, spans, row)) return at
      at = next
    } else if (tag === 0x0a) {
      if (length !== 16 || next > end) return at
      spans.spanIdHi[row] = hexWord(view, value, next)
      spans.spanIdLo[row] = hexWord(view, value + 8, next)
      at = next
    } else if (tag === 0x12) {
      if (length > 127 || next > end) return at
      spans.name[row] = spans.strings.internName(bytes, value, next)
      at = next
    } else if (tag === 0x18) {
      if (!takeStart(view, at + 1, end, spans, row)) return at
      at += 10
    } else if (tag === 0x20) {
      let ns = length & 0x7f
      let shift = 7
      let byte = length
      let last = at + 1
      while (byte > 127) {
        if (++last >= end || shift > 21) return at
        byte = bytes[last]!
        ns |= (byte & 0x7f) << shift
        shift += 7
      }
      spans.durationNs[row] = ns
      at = last + 1
    } else return at
  }
  return at
}

/** A varint of nine bytes: times in ns between 1972 and 2262. */
function takeStart(view: DataView, at: number, end: number, spans: SpanTable, row: number): boolean {
  if (at + 9 > end) return false
  const first = view.getInt32(at, true)
  const second = view.getInt32(at + 4, true)
  const top = view.getUint8(at + 8)
  if ((first & second & more) !== more || top > 127) return false
  const low = sevenBits(first)
  const high = sevenBits(second)
  spans.startLo[row] = low | (high << 28)
  spans.startHi[row] = (high >>> 4) | (top << 24)
  return true
}

/** The low seven bits of each of four bytes, side by side. */
function sevenBits(word: number): number {
  return (
    (word & 0x7f) | ((word >>> 1) & (0x7f << 7)) | ((word >>> 2) & (0x7f << 14)) | ((word >>> 3) & (0x7f << 21))
  )
}
