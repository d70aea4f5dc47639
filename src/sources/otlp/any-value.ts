import type { StringTable } from '../../graph/columns/string-table.ts'
import { ProtobufError, type ProtobufReader, WireType } from '../protobuf/protobuf-reader.ts'

/** Buffer for the bits of a double. */
const bits = new DataView(new ArrayBuffer(8))

/**
 * Reads an AnyValue (opentelemetry-proto common/v1/common.proto) up to `end` as text: strings as they are,
 * booleans and numbers in decimal. Arrays, key-value lists and bytes have no text.
 *
 * @returns index into `strings`; 0 for an empty string and for what has no text
 * @throws {ProtobufError}
 */
export function internAnyValue(reader: ProtobufReader, end: number, strings: StringTable): number {
  let index = 0
  while (reader.position < end) {
    const tag = reader.tag(end)
    switch (tag) {
      case 0x0a: {
        const to = reader.endOfBytes(end)
        index = strings.intern(reader.bytes, reader.position, to)
        reader.position = to
        break
      }
      case 0x10:
        reader.varint64(end)
        index = strings.internText(reader.hi === 0 && reader.lo === 0 ? 'false' : 'true')
        break
      case 0x18:
        reader.varint64(end)
        index = strings.internText(signedText(reader.hi, reader.lo))
        break
      case 0x21:
        reader.fixed64(end)
        bits.setUint32(0, reader.hi)
        bits.setUint32(4, reader.lo)
        index = strings.internText(String(bits.getFloat64(0)))
        break
      default:
        skipOther(reader, tag, end, 0b0001_1110)
        // The last field of a oneof counts: 5, 6 and 7 are values without text.
        if (tag >>> 3 <= 7) index = 0
    }
  }
  return index
}

/**
 * Skips a field that the caller does not read. A field that it does read, but with another wire type, is an error: the
 * message is of another kind than expected.
 *
 * @param used bit n is set if the caller reads field n < 32
 * @throws {ProtobufError}
 */
export function skipOther(reader: ProtobufReader, tag: number, end: number, used: number): void {
  const field = tag >>> 3
  if (field < 32 && (used >>> field) & 1) {
    throw new ProtobufError(`field ${field} has wire type ${tag & 7}`)
  }
  if (field > 0 && (tag & 7) === WireType.bytes) reader.position = reader.endOfBytes(end)
  else reader.skip(tag, end)
}

/** Formats two words in two's complement as a decimal. */
function signedText(hi: number, lo: number): string {
  if (hi === 0) return String(lo)
  return String(BigInt.asIntN(64, (BigInt(hi) << 32n) | BigInt(lo)))
}

/**
 * Reads an AnyValue (opentelemetry-proto common/v1/common.proto) up to `end` as a number: integers and doubles as
 * they are, booleans as 0 and 1.
 *
 * @returns NaN for other values
 * @throws {ProtobufError}
 */
export function readNumber(reader: ProtobufReader, end: number): number {
  let value = Number.NaN
  while (reader.position < end) {
    const tag = reader.tag(end)
    if (tag === 0x10 || tag === 0x18) {
      reader.varint64(end)
      value = (reader.hi | 0) * 4294967296 + reader.lo
    } else if (tag === 0x21) {
      reader.fixed64(end)
      bits.setUint32(0, reader.hi)
      bits.setUint32(4, reader.lo)
      value = bits.getFloat64(0)
    } else {
      skipOther(reader, tag, end, 0b1_1100)
      value = Number.NaN
    }
  }
  return value
}

/** Reads an AnyValue that is an array, each element as `readNumber`. @returns [] for other values @throws {ProtobufError} */
export function readNumbers(reader: ProtobufReader, end: number): number[] {
  let values: number[] = []
  while (reader.position < end) {
    const tag = reader.tag(end)
    if (tag === 0x2a) values = arrayNumbers(reader, reader.endOfBytes(end))
    else skipOther(reader, tag, end, 0b10_0000)
  }
  return values
}

/** ArrayValue: 1 values. */
function arrayNumbers(reader: ProtobufReader, end: number): number[] {
  const values: number[] = []
  while (reader.position < end) {
    const tag = reader.tag(end)
    if (tag === 0x0a) values.push(readNumber(reader, reader.endOfBytes(end)))
    else skipOther(reader, tag, end, 0b10)
  }
  return values
}
