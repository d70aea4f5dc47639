import type { StringTable } from '../../../graph/columns/string-table.ts'
import { internAnyValue } from '../../otlp/any-value.ts'
import { BytePattern } from '../../protobuf/byte-pattern.ts'
import { ProtobufError, type ProtobufReader } from '../../protobuf/protobuf-reader.ts'

/** AnyValue {1 string_value: 'nil'}. */
const nilValue = new BytePattern(Uint8Array.of(0x0a, 3, 0x6e, 0x69, 0x6c))

/** Reads one attribute of a search answer after the other; nothing is copied until a value is wanted. */
export class AttributeReader {
  private readonly reader: ProtobufReader
  private readonly strings: StringTable
  /** A missing value of a dedicated column comes as this text (grafana/tempo vparquet4/block_traceql.go). */
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

  /** As nearly all are written: the key, then the value, both with lengths of one byte. @returns whether it is */
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

  /** Whether the value is the text that stands for none. */
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

  /** Which of `texts` the value is. @throws {ProtobufError} none of them */
  valueAmong(texts: readonly BytePattern[]): number {
    this.narrowToText()
    const { view } = this.reader
    for (let index = 0; index < texts.length; index++) {
      if (texts[index]!.is(view, this.valueStart, this.valueEnd)) return index
    }
    throw new ProtobufError('a span field has an unknown value')
  }

  /** The value as text, index into the table's strings; 0 where there is none. */
  internValue(): number {
    const { reader } = this
    const after = reader.position
    reader.position = this.valueStart
    const index = internAnyValue(reader, this.valueEnd, this.strings)
    reader.position = after
    return index === this.nil ? 0 : index
  }
}

/** What no hex digit is worth. */
const noDigit = 0x80
/** What each byte is worth as a hex digit. */
const digits = new Uint8Array(256).fill(noDigit)
for (let value = 0; value < 16; value++) {
  const digit = value.toString(16)
  digits[digit.charCodeAt(0)] = digits[digit.toUpperCase().charCodeAt(0)] = value
}
/** What two bytes are worth together, in one step for the many span ids; negative where one is no digit. */
const pairs = Int16Array.from({ length: 65536 }, (_, pair) => {
  const [first, second] = [digits[pair >> 8]!, digits[pair & 255]!]
  return first === noDigit || second === noDigit ? -1 : (first << 4) | second
})

/** The word in the eight hex digits at `start`; a span id must fill 16. */
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
 * Reads hex digits, leading zeros left out or not, into words, most significant first, which must be zero.
 *
 * @throws {ProtobufError} more digits than fit, or something else
 */
export function readHex(bytes: Uint8Array, start: number, end: number, words: Uint32Array): void {
  if (end - start > words.length * 8) throw new ProtobufError(`id over ${words.length * 8} hex digits`)
  for (let digit = 0, at = end - 1; at >= start; digit++, at--) {
    words[words.length - 1 - (digit >> 3)]! |= hexDigit(bytes[at]!) << ((digit & 7) * 4)
  }
}
