import type { SpanTable } from '../../../graph/spans/span-table.ts'
import type { SpanProjection } from '../../otlp/span-decoder.ts'
import { BytePattern } from '../../protobuf/byte-pattern.ts'
import type { ProtobufReader } from '../../protobuf/protobuf-reader.ts'
import { AttributeReader, hexWord } from './decode-attribute.ts'
import { DetailAttributes } from './decode-details.ts'
import { readPlainFields } from './decode-plain-fields.ts'
import { readField } from './decode-span-fields.ts'

const serviceKey = new BytePattern('service.name')

/** Reads the spans of a search answer, one after the other, each into a new row of a table. */
export class SpanReader {
  readonly attribute: AttributeReader
  private readonly reader: ProtobufReader
  private readonly spans: SpanTable
  private readonly tagKey: BytePattern | undefined
  private readonly details: DetailAttributes

  /** @param tagKey as in `SearchDecoder` */
  constructor(reader: ProtobufReader, spans: SpanTable, tagKey: string | undefined, wants: SpanProjection) {
    this.reader = reader
    this.spans = spans
    this.tagKey = tagKey === undefined ? undefined : new BytePattern(tagKey)
    this.attribute = new AttributeReader(reader, spans.strings)
    this.details = new DetailAttributes(reader, spans, this.attribute, wants)
  }

  /** Span: 1 spanID, 2 name, 3 startTimeUnixNano, 4 durationNanos, 5 attributes. */
  read(end: number): void {
    const { reader, spans } = this
    const row = spans.addRow()
    this.details.start(row)
    for (;;) {
      reader.position = readPlainFields(reader, reader.position, end, spans, row)
      if (reader.position >= end) break
      this.field(row, end)
    }
    this.details.finish()
  }

  /** A field of a span in whichever way it is written. */
  private field(row: number, end: number): void {
    const { reader, spans } = this
    const tag = reader.tag(end)
    if (tag === 0x2a) this.spanAttribute(reader.endOfBytes(end), row)
    else if (tag === 0x0a) {
      const to = reader.endOfBytes(end)
      spans.spanIdHi[row] = hexWord(reader.view, reader.position, to)
      spans.spanIdLo[row] = hexWord(reader.view, reader.position + 8, to)
      reader.position = to
    } else if (tag === 0x12) {
      const to = reader.endOfBytes(end)
      spans.name[row] = spans.strings.internName(reader.bytes, reader.position, to)
      reader.position = to
    } else if (tag === 0x18) {
      reader.varint64(end)
      spans.startHi[row] = reader.hi
      spans.startLo[row] = reader.lo
    } else if (tag === 0x20) this.duration(row, end)
    else reader.skip(tag, end)
  }

  /** Tempo subtracts without looking: a span that ends before it starts wraps around. */
  private duration(row: number, end: number): void {
    const { reader, spans } = this
    reader.varint64(end)
    if (reader.hi >= 0x80000000) spans.skewed[row] = 1
    else spans.durationNs[row] = reader.hi * 4294967296 + reader.lo
  }

  private spanAttribute(end: number, row: number): void {
    const { attribute, reader, spans } = this
    attribute.enter(end)
    if (readField(reader.view, attribute, spans, row)) return
    if (attribute.isKey(serviceKey)) this.setService(row, attribute.internValue())
    else {
      if (this.tagKey && attribute.isKey(this.tagKey)) spans.tagValue[row] = attribute.internValue()
      this.details.take()
    }
  }

  /** Sets the service of a row that was read, which may be the tag as well. */
  setService(row: number, service: number): void {
    this.spans.service[row] = service
    if (this.tagKey === undefined) this.spans.tagValue[row] = service
  }
}
