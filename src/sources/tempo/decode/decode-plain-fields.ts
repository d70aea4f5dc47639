import type { SpanTable } from '../../../graph/spans/span-table.ts'
import type { ProtobufReader } from '../../protobuf/protobuf-reader.ts'
import { hexWord } from './decode-attribute.ts'
import { readEncodedEnum } from './decode-span-fields.ts'

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
export function readPlainFields(
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

/** @returns whether `bytes[start, end)` is the span id, the name or an attribute, and is read */
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

/** A varint of nine bytes, as times are between 1972 and 2262, ns. @returns where it ends; 0: it is another */
function takeStart(view: DataView, at: number, end: number, spans: SpanTable, row: number): number {
  if (at + 9 > end) return 0
  const first = view.getInt32(at, true)
  const second = view.getInt32(at + 4, true)
  const top = view.getUint8(at + 8)
  if ((first & second & more) !== more || top > 127) return 0
  const low = sevenBits(first)
  const high = sevenBits(second)
  spans.startLo[row] = low | (high << 28)
  spans.startHi[row] = (high >>> 4) | (top << 24)
  return at + 9
}

/** A varint of at most four bytes, which is enough for a quarter of a second. @returns where it ends; 0: it is longer */
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

/** The low seven bits of each of four bytes, side by side. */
function sevenBits(word: number): number {
  return (
    (word & 0x7f) |
    ((word >>> 1) & (0x7f << 7)) |
    ((word >>> 2) & (0x7f << 14)) |
    ((word >>> 3) & (0x7f << 21))
  )
}
