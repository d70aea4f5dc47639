import type { StringTable } from '../../../graph/columns/string-table.ts'
import { internAnyValue } from '../../otlp/any-value.ts'
import { BytePattern } from '../../protobuf/byte-pattern.ts'
import { ProtobufError, type ProtobufReader } from '../../protobuf/protobuf-reader.ts'

/** AnyValue {1 string_value: 'nil'}. */
const nilValue = new BytePattern(Uint8Array.of(0x0a, 3, 0x6e, 0x69, 0x6c))

/** Reads the attributes of a search answer one after the other. Copies nothing until a value is used. */
export class AttributeReader {
  private readonly reader: ProtobufReader
  private readonly strings: StringTable
  /** Tempo's text for a missing value of a dedicated column (grafana/tempo vparquet4/block_traceql.go). */
  readonly nil: number
  keyStart = 0
  keyEnd = 0
  valueStart = 0
  valueEnd = 0

  constructor(reader: ProtobufReader, strings: StringTable) {
    this.reader = reader
    this.strings = strings
    this.nil = strings.internText('nil')
  }

  /** Finds key and value of the KeyValue {1 key, 2 value} that ends at `end`, and leaves the reader there. */
  enter(end: number): void {
    if (!this.enterPlain(end)) this.enterAny(end)
  }

  /** Finds key and value in the usual encoding: key, then value, with lengths of one byte. @returns false for others */
  private enterPlain(end: number): boolean {
    const { reader } = this
    const { bytes, position } = reader
    const keyLength = bytes[position + 1]!
    const keyEnd = position + 2 + keyLength
    const valueStart = keyEnd + 2
    const valueLength = bytes[keyEnd + 1]!
    if (valueStart + valueLength !== end || (keyLength | valueLength) > 127) return false
    if (bytes[position] !== 0x0a || bytes[keyEnd] !== 0x12) return false
    this.keyStart = position + 2
    this.keyEnd = keyEnd
    this.valueStart = valueStart
    this.valueEnd = reader.position = end
    return true
  }

  private enterAny(end: number): void {
    const { reader } = this
    this.keyStart = this.keyEnd = this.valueStart = this.valueEnd = 0
    while (reader.position < end) {
      const tag = reader.tag(end)
      if (tag === 0x0a) {
        this.keyEnd = reader.endOfBytes(end)
        this.keyStart = reader.position
        reader.position = this.keyEnd
      } else if (tag === 0x12) {
        this.valueEnd = reader.endOfBytes(end)
        this.valueStart = reader.position
        reader.position = this.valueEnd
      } else reader.skip(tag, end)
    }
  }

  isKey(key: BytePattern): boolean {
    return key.is(this.reader.view, this.keyStart, this.keyEnd)
  }

  /** Whether the value is the text for a missing value. */
  isNil(): boolean {
    return nilValue.is(this.reader.view, this.valueStart, this.valueEnd)
  }

  /** Narrows the value to the text it holds: AnyValue {1 string_value}. */
  narrowToText(): void {
    const { reader } = this
    const after = reader.position
    reader.position = this.valueStart
    if (this.valueStart === this.valueEnd || reader.tag(this.valueEnd) !== 0x0a) {
      throw new ProtobufError('a span field is not text')
    }
    this.valueEnd = reader.endOfBytes(this.valueEnd)
    this.valueStart = reader.position
    reader.position = after
  }

  /** Returns the index of the value in `texts`. @throws {ProtobufError} it is not in `texts` */
  valueAmong(texts: readonly BytePattern[]): number {
    this.narrowToText()
    const { view } = this.reader
    for (let index = 0; index < texts.length; index++) {
      if (texts[index]!.is(view, this.valueStart, this.valueEnd)) return index
    }
    throw new ProtobufError('a span field has an unknown value')
  }

  /** Returns the value as text, index into the table's strings; 0 if it is missing or has no text. */
  internValue(): number {
    const { reader } = this
    const after = reader.position
    reader.position = this.valueStart
    const index = internAnyValue(reader, this.valueEnd, this.strings)
    reader.position = after
    return index === this.nil ? 0 : index
  }
}

/** Value of a byte that is not a hex digit. */
const noDigit = 0x80
/** Value of each byte as a hex digit. */
const digits = new Uint8Array(256).fill(noDigit)
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16)
  digits[digit.charCodeAt(0)] = digits[digit.toUpperCase().charCodeAt(0)] = value
}
/** Value of each pair of bytes as two hex digits, or -1. One step for two digits, since span ids are many. */
const pairs = Int16Array.from({ length: 65536 }, (_, pair) => {
  const [first, second] = [digits[pair >> 8]!, digits[pair & 255]!]
  return first === noDigit || second === noDigit ? -1 : (first << 4) | second
})

/** Reads the word in the eight hex digits at `start`. @throws {ProtobufError} fewer or other digits */
export function hexWord(view: DataView, start: number, end: number): number {
  if (start + 8 > end) throw new ProtobufError('span id is not 16 hex digits')
  const a = pairs[view.getUint16(start)]!
  const b = pairs[view.getUint16(start + 2)]!
  const c = pairs[view.getUint16(start + 4)]!
  const d = pairs[view.getUint16(start + 6)]!
  if ((a | b | c | d) < 0) throw new ProtobufError('span id is not 16 hex digits')
  return ((a << 24) | (b << 16) | (c << 8) | d) >>> 0
}

function hexDigit(byte: number): number {
  const value = digits[byte]!
  if (value === noDigit) throw new ProtobufError(`byte ${byte} is not a hex digit`)
  return value
}

/**
 * Reads an id in hex digits into words, most significant first. Tempo strips leading zeros of trace ids: an id with fewer
 * digits is padded on the left.
 *
 * @param words must be zero
 * @throws {ProtobufError} too many digits, or a byte that is not a hex digit
 */
export function readHex(bytes: Uint8Array, start: number, end: number, words: Uint32Array): void {
  if (end - start > words.length * 8) throw new ProtobufError(`id over ${words.length * 8} hex digits`)
  for (let digit = 0, at = end - 1; at >= start; digit++, at--) {
    words[words.length - 1 - (digit >> 3)]! |= hexDigit(bytes[at]!) << ((digit & 7) * 4)
  }
}
