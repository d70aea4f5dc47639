import type { ProtobufReader } from '../protobuf/protobuf-reader.ts'
import { skipOther } from './any-value.ts'

const bits = new DataView(new ArrayBuffer(8))

/**
 * Reads an AnyValue (opentelemetry-proto common/v1/common.proto) up to `end` as a number: integers and doubles as
 * they are, booleans as 0 and 1.
 *
 * @returns NaN for what is no number
 * @throws {ProtobufError}
 */
export function anyNumber(reader: ProtobufReader, end: number): number {
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

/** Reads an AnyValue that is an array, each element as `anyNumber` does; [] for what is none. @throws {ProtobufError} */
export function anyNumbers(reader: ProtobufReader, end: number): number[] {
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
    if (tag === 0x0a) values.push(anyNumber(reader, reader.endOfBytes(end)))
    else skipOther(reader, tag, end, 0b10)
  }
  return values
}
