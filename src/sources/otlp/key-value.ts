import { BytePattern } from '../protobuf/byte-pattern.ts'
import type { ProtobufReader } from '../protobuf/protobuf-reader.ts'
import { skipOther } from './any-value.ts'

/** Attributes that a reader knows, by number. */
export interface KnownAttributes {
  /** Returns the number of the attribute with the key from `start` to `end`, or -1. */
  attributeOf(view: DataView, start: number, end: number): number
  /** Reads the AnyValue from `reader.position` to `end`. @throws {ProtobufError} */
  read(attribute: number, reader: ProtobufReader, end: number): void
}

/** Finds key and value of a KeyValue (opentelemetry-proto common/v1/common.proto) in place; copies nothing. */
export class KeyValueReader {
  keyStart = 0
  keyEnd = 0
  valueEnd = 0

  /**
   * Finds key and value of the message that ends at `end`, and leaves the reader at the start of the value.
   *
   * @throws {ProtobufError}
   */
  enter(reader: ProtobufReader, end: number): void {
    this.keyStart = 0
    this.keyEnd = 0
    let valueStart = end
    this.valueEnd = end
    while (reader.position < end) {
      const tag = reader.tag(end)
      if (tag === 0x0a) {
        this.keyEnd = reader.endOfBytes(end)
        this.keyStart = reader.position
        reader.position = this.keyEnd
      } else if (tag === 0x12) {
        this.valueEnd = reader.endOfBytes(end)
        valueStart = reader.position
        reader.position = this.valueEnd
      } else skipOther(reader, tag, end, 0b110)
    }
    reader.position = valueStart
  }

  isKey({ view }: ProtobufReader, key: BytePattern): boolean {
    return key.is(view, this.keyStart, this.keyEnd)
  }

  /** Has `known` read the value, which starts at `valueStart`, if it knows the key. @throws {ProtobufError} */
  offer(known: KnownAttributes, reader: ProtobufReader, valueStart: number): void {
    const attribute = known.attributeOf(reader.view, this.keyStart, this.keyEnd)
    if (attribute < 0) return
    reader.position = valueStart
    known.read(attribute, reader, this.valueEnd)
  }
}

/** A set of attribute keys. Compares bytes, so that other keys are never made into strings. */
export class AttributeKeys {
  /** By length in bytes; few keys have the same. */
  private readonly byLength: { key: BytePattern; index: number }[][] = []

  constructor(keys: readonly string[]) {
    for (const [index, text] of keys.entries()) {
      const key = new BytePattern(text)
      this.byLength[key.length] = [...(this.byLength[key.length] ?? []), { key, index }]
    }
  }

  /** Returns the index of the key from `start` to `end`, or -1. */
  indexOf(view: DataView, start: number, end: number): number {
    const keys = this.byLength[end - start]
    if (keys === undefined) return -1
    for (let at = 0; at < keys.length; at++) {
      const { key, index } = keys[at]!
      if (key.startsAt(view, start)) return index
    }
    return -1
  }
}
