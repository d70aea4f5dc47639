import type { SpanTable } from '../../../graph/spans/span-table.ts'
import { BytePattern } from '../../protobuf/byte-pattern.ts'
import { type AttributeReader, hexWord } from './decode-attribute.ts'

const utf8 = new TextEncoder()
const parentIdKey = new BytePattern('span:parentID')
const kindKey = new BytePattern('kind')
const statusKey = new BytePattern('status')
/** As TraceQL spells them, in the order of OTLP's numbers. */
const kindTexts = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']
const statusTexts = ['unset', 'ok', 'error']
const kinds = kindTexts.map((kind) => new BytePattern(kind))
const statuses = statusTexts.map((status) => new BytePattern(status))

/** An attribute in the one way in which Tempo writes it, and what it says. */
interface Spelled {
  text: BytePattern
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
    const spelled = { text: new BytePattern(bytes), isKind: key === 'kind', code }
    spelledByLength[bytes.length] = [...spelledByLength[bytes.length]!, spelled]
  }
}
const parentId = keyValue('span:parentID', '0'.repeat(16))
const parentIdStart = parentId.length - 16
const parentIdPrefix = new BytePattern(parentId.subarray(0, parentIdStart))

/**
 * Reads the attributes of a search answer that are fields of the span: parent, kind and status.
 *
 * They are most of an answer, and Tempo spells each of them in one way: so a whole attribute is compared, a word at a
 * time, with the few that it may be, before it is taken apart field by field.
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
  if (length >= spelledByLength.length) return false
  const candidates = spelledByLength[length]!
  for (let at = 0; at < candidates.length; at++) {
    const spelled = candidates[at]!
    if (!spelled.text.startsAt(view, start)) continue
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

/** KeyValue {1 key, 2 AnyValue {1 string_value}}, of less than 128 bytes. */
function keyValue(key: string, value: string): Uint8Array {
  const text = utf8.encode(value)
  const name = utf8.encode(key)
  return Uint8Array.of(0x0a, name.length, ...name, 0x12, text.length + 2, 0x0a, text.length, ...text)
}
