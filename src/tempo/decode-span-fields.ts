import type { SpanTable } from '../graph/span-table.ts'
import { type AttributeReader, hexWord } from './decode-attribute.ts'

const utf8 = new TextEncoder()
const parentIdKey = utf8.encode('span:parentID')
const kindKey = utf8.encode('kind')
const statusKey = utf8.encode('status')
/** As TraceQL spells them, in the order of OTLP's numbers. */
const kindTexts = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']
const statusTexts = ['unset', 'ok', 'error']
const kinds = kindTexts.map((kind) => utf8.encode(kind))
const statuses = statusTexts.map((status) => utf8.encode(status))

/** An attribute in the one way in which Tempo writes it, and what it says. */
interface Spelled {
  bytes: Uint8Array
  isKind: boolean
  code: number
}

const noSpelled: readonly Spelled[] = []
/** By length in bytes. */
const spelledByLength: (readonly Spelled[])[] = Array.from({ length: 64 }, () => noSpelled)
for (const [key, texts] of [
  ['kind', kindTexts],
  ['status', statusTexts],
] as const) {
  for (const [code, text] of texts.entries()) {
    const bytes = keyValue(key, text)
    spelledByLength[bytes.length] = [
      ...spelledByLength[bytes.length]!,
      { bytes, isKind: key === 'kind', code },
    ]
  }
}
const parentId = keyValue('span:parentID', '0'.repeat(16))
const parentIdStart = parentId.length - 16

/**
 * Reads the attributes of a search answer that are fields of the span: parent, kind and status.
 *
 * They are most of an answer, and Tempo spells each of them in one way: so a whole attribute is compared with the few
 * that it may be, before it is taken apart field by field.
 */
export function takeSpelledField(
  bytes: Uint8Array,
  start: number,
  end: number,
  spans: SpanTable,
  row: number,
): boolean {
  const length = end - start
  if (length === parentId.length) {
    if (!endsAlike(bytes, start + parentIdStart, parentId, parentIdStart)) return false
    spans.parentIdHi[row] = hexWord(bytes, start + parentIdStart, end)
    spans.parentIdLo[row] = hexWord(bytes, start + parentIdStart + 8, end)
    return true
  }
  if (length >= spelledByLength.length) return false
  const candidates = spelledByLength[length]!
  for (let at = 0; at < candidates.length; at++) {
    const spelled = candidates[at]!
    if (!endsAlike(bytes, end, spelled.bytes, length)) continue
    if (spelled.isKind) spans.kind[row] = spelled.code
    else spans.status[row] = spelled.code
    return true
  }
  return false
}

/**
 * The same for an attribute that was entered, in whichever way it is spelled.
 *
 * @throws {ProtobufError} the value is none that the field may have
 */
export function takeField(
  bytes: Uint8Array,
  attribute: AttributeReader,
  spans: SpanTable,
  row: number,
): boolean {
  if (attribute.isKey(parentIdKey)) {
    attribute.narrowToText()
    spans.parentIdHi[row] = hexWord(bytes, attribute.valueStart, attribute.valueEnd)
    spans.parentIdLo[row] = hexWord(bytes, attribute.valueStart + 8, attribute.valueEnd)
  } else if (attribute.isKey(kindKey)) spans.kind[row] = attribute.valueAmong(kinds)
  else if (attribute.isKey(statusKey)) spans.status[row] = attribute.valueAmong(statuses)
  else return false
  return true
}

/** Whether the `length` bytes before `end` are the first of `text`; the last tell them apart soonest. */
function endsAlike(bytes: Uint8Array, end: number, text: Uint8Array, length: number): boolean {
  for (let back = 1; back <= length; back++) if (bytes[end - back] !== text[length - back]) return false
  return true
}

/** KeyValue {1 key, 2 AnyValue {1 string_value}}, of less than 128 bytes. */
function keyValue(key: string, value: string): Uint8Array {
  const text = utf8.encode(value)
  const name = utf8.encode(key)
  return Uint8Array.of(0x0a, name.length, ...name, 0x12, text.length + 2, 0x0a, text.length, ...text)
}
