import type { SpanTable } from '../../../graph/spans/span-table.ts'
import { BytePattern } from '../../protobuf/byte-pattern.ts'
import { type AttributeReader, hexWord } from './attribute-reader.ts'

const utf8 = new TextEncoder()
const parentIdKey = new BytePattern('span:parentID')
const kindKey = new BytePattern('kind')
const statusKey = new BytePattern('status')
/** Names in TraceQL, in the order of OTLP's numbers. */
const kindTexts = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']
const statusTexts = ['unset', 'ok', 'error']
const kinds = kindTexts.map((kind) => new BytePattern(kind))
const statuses = statusTexts.map((status) => new BytePattern(status))

/** An attribute for kind or status as Tempo encodes it, and its value. */
interface EncodedEnum {
  text: BytePattern
  isKind: boolean
  code: number
}

const noEnums: readonly EncodedEnum[] = []
/** By length in bytes. */
const enumsByLength: (readonly EncodedEnum[])[] = Array.from({ length: 64 }, () => noEnums)
for (const [key, texts] of [
  ['kind', kindTexts],
  ['status', statusTexts],
] as const) {
  for (const [code, text] of texts.entries()) {
    const bytes = keyValue(key, text)
    const encoded = { text: new BytePattern(bytes), isKind: key === 'kind', code }
    enumsByLength[bytes.length] = [...enumsByLength[bytes.length]!, encoded]
  }
}
const parentId = keyValue('span:parentID', '0'.repeat(16))
const parentIdStart = parentId.length - 16
const parentIdPrefix = new BytePattern(parentId.subarray(0, parentIdStart))

/**
 * Reads the attributes of a search answer that are fields of the span: parent, kind and status.
 *
 * They are most of an answer, and Tempo encodes each value in one way. So this compares the whole attribute with the few
 * possible encodings, a word at a time, instead of parsing it.
 *
 * @returns whether `bytes[start, end)` was one of them
 */
export function readEncodedEnum(
  view: DataView,
  start: number,
  end: number,
  spans: SpanTable,
  row: number,
): boolean {
  const length = end - start
  if (length === parentId.length) {
    const valueStart = start + parentIdStart
    if (!parentIdPrefix.startsAt(view, start)) return false
    spans.parentIdHi[row] = hexWord(view, valueStart, end)
    spans.parentIdLo[row] = hexWord(view, valueStart + 8, end)
    return true
  }
  if (length >= enumsByLength.length) return false
  const candidates = enumsByLength[length]!
  for (let at = 0; at < candidates.length; at++) {
    const encoded = candidates[at]!
    if (!encoded.text.startsAt(view, start)) continue
    if (encoded.isKind) spans.kind[row] = encoded.code
    else spans.status[row] = encoded.code
    return true
  }
  return false
}

/**
 * Reads the same fields out of an entered attribute, in any encoding.
 *
 * @returns whether the attribute was one of them
 * @throws {ProtobufError} the field cannot have this value
 */
export function readField(
  view: DataView,
  attribute: AttributeReader,
  spans: SpanTable,
  row: number,
): boolean {
  if (attribute.isKey(parentIdKey)) {
    attribute.narrowToText()
    spans.parentIdHi[row] = hexWord(view, attribute.valueStart, attribute.valueEnd)
    spans.parentIdLo[row] = hexWord(view, attribute.valueStart + 8, attribute.valueEnd)
  } else if (attribute.isKey(kindKey)) spans.kind[row] = attribute.valueAmong(kinds)
  else if (attribute.isKey(statusKey)) spans.status[row] = attribute.valueAmong(statuses)
  else return false
  return true
}

/** Encodes KeyValue {1 key, 2 AnyValue {1 string_value}} of less than 128 bytes. */
function keyValue(key: string, value: string): Uint8Array {
  const text = utf8.encode(value)
  const name = utf8.encode(key)
  return Uint8Array.of(0x0a, name.length, ...name, 0x12, text.length + 2, 0x0a, text.length, ...text)
}
