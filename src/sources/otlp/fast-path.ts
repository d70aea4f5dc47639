import type { SpanTable } from '../../graph/spans/span-table.ts'
import type { ProtobufReader } from '../protobuf/protobuf-reader.ts'
import { maxKind } from './span-fields.ts'

/** Fields of the current span that are not columns of a row. */
export interface CurrentSpan {
  /** Four words, most significant first. Shorter ids are padded on the left, longer ones cut on the left. */
  readonly traceId: Uint32Array
  traceIdBytes: number
  spanIdBytes: number
  parentIdBytes: number
  /** The end of the span, two words, Unix ns. */
  endHi: number
  endLo: number
}

/**
 * Reads the fields of a Span (opentelemetry-proto trace/v1/trace.proto) up to `end`, while they have their usual
 * encoding. Ids then have 16 and 8 bytes, and a length or kind has one byte.
 *
 * This is the hottest loop of OTLP. It keeps its position in a local variable and reads whole words. `SpanDecoder.field`
 * reads every other field.
 *
 * @returns the start of the first other field, or `end`
 */
export function readFastPath(
  { bytes, view }: ProtobufReader,
  start: number,
  end: number,
  span: CurrentSpan,
  table: SpanTable,
  row: number,
): number {
  let at = start
  // No field has fewer than two bytes.
  while (at + 1 < end) {
    const tag = bytes[at]!
    if (tag === 0x39 || tag === 0x41) {
      if (at + 9 > end) return at
      const lo = view.getUint32(at + 1, true)
      const hi = view.getUint32(at + 5, true)
      if (tag === 0x39) {
        table.startHi[row] = hi
        table.startLo[row] = lo
      } else {
        span.endHi = hi
        span.endLo = lo
      }
      at += 9
      continue
    }
    const lengthOrKind = bytes[at + 1]!
    const valueStart = at + 2
    if (tag === 0x30) {
      if (lengthOrKind > maxKind) return at
      table.kind[row] = lengthOrKind
      at = valueStart
      continue
    }
    const to = valueStart + lengthOrKind
    if (lengthOrKind > 127 || to > end) return at
    if (tag === 0x2a) table.name[row] = table.strings.internName(bytes, valueStart, to)
    else if (!takeId(tag, lengthOrKind, view, valueStart, span, table, row)) return at
    at = to
  }
  return at
}

/** Reads an id of the usual length. @returns false for other fields */
function takeId(
  tag: number,
  length: number,
  view: DataView,
  at: number,
  span: CurrentSpan,
  table: SpanTable,
  row: number,
): boolean {
  if (tag === 0x0a && length === 16) {
    for (let word = 0; word < 4; word++) span.traceId[word] = view.getUint32(at + word * 4)
    span.traceIdBytes = 16
  } else if (tag === 0x12 && length === 8) {
    table.spanIdHi[row] = view.getUint32(at)
    table.spanIdLo[row] = view.getUint32(at + 4)
    span.spanIdBytes = 8
  } else if (tag === 0x22 && length === 8) {
    table.parentIdHi[row] = view.getUint32(at)
    table.parentIdLo[row] = view.getUint32(at + 4)
    span.parentIdBytes = 8
  } else return false
  return true
}
