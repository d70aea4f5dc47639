import type { BytePattern } from '../protobuf/byte-pattern.ts'
import type { ProtobufReader } from '../protobuf/protobuf-reader.ts'
import { skipOther } from './any-value.ts'

/** Where key and value of a KeyValue (opentelemetry-proto common/v1/common.proto) stand; nothing is copied. */
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

  isKey({ view }: ProtobufReader, wanted: BytePattern): boolean {
    return wanted.is(view, this.keyStart, this.keyEnd)
  }
}
