import type { SpanTable } from '../../../graph/spans/span-table.ts'
import type { KnownAttributes } from '../../otlp/key-value.ts'
import { PeerAttributeReader } from '../../otlp/peer-attributes.ts'
import { createServiceIdentity, type ServiceIdentity } from '../../otlp/service-identity.ts'
import type { SpanProjection } from '../../otlp/span-projection.ts'
import { createStatusCodeReader, type StatusCodeReader } from '../../otlp/status-codes.ts'
import { WeightAttributeReader } from '../../otlp/weight-attributes.ts'
import { BytePattern } from '../../protobuf/byte-pattern.ts'
import type { ProtobufReader } from '../../protobuf/protobuf-reader.ts'
import { linkSpanId, linkTraceId } from '../traceql.ts'
import { AttributeReader, hexWord, readHex } from './attribute-reader.ts'
import { readFastPath } from './fast-path.ts'
import { readField } from './span-fields.ts'

const serviceKey = new BytePattern('service.name')

const linkTraceIdKey = new BytePattern(linkTraceId)
const linkSpanIdKey = new BytePattern(linkSpanId)

/** Reads the spans of a search answer, each into a new row of a table. */
export class SpanReader {
  readonly attribute: AttributeReader
  private readonly reader: ProtobufReader
  private readonly spans: SpanTable
  private readonly tagKey: BytePattern | undefined
  private readonly details: SpanDetailReader
  /** The identity of the service, if its attributes are fields of each span. */
  private readonly identity: ServiceIdentity | undefined
  private readonly groupKey: BytePattern | undefined

  /** @param tagKey as in `SearchDecoder` */
  constructor(
    reader: ProtobufReader,
    spans: SpanTable,
    tagKey: string | undefined,
    projection: SpanProjection,
  ) {
    this.reader = reader
    this.spans = spans
    this.tagKey = tagKey === undefined ? undefined : new BytePattern(tagKey)
    this.attribute = new AttributeReader(reader, spans.strings)
    this.details = new SpanDetailReader(reader, spans, this.attribute, projection)
    this.identity = createServiceIdentity(spans.strings, projection.identity)
    if (projection.group) spans.enableGroups()
    this.groupKey = projection.group && new BytePattern(projection.group.key)
  }

  /** Reads a Span: 1 spanID, 2 name, 3 startTimeUnixNano, 4 durationNanos, 5 attributes. */
  read(end: number): void {
    const { reader, spans } = this
    const row = spans.addRow()
    this.details.start(row)
    this.identity?.start()
    for (;;) {
      reader.position = readFastPath(reader, reader.position, end, spans, row)
      if (reader.position >= end) break
      this.field(row, end)
    }
    this.details.finish()
    if (this.identity) spans.service[row] = this.identity.nameOf(spans.service[row]!)
  }

  /** Reads a field of a span in any encoding. */
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

  /** Reads the duration, an unsigned difference: for a span that ends before it starts it wraps around. */
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
    if (this.groupKey && attribute.isKey(this.groupKey)) this.setGroup(row, attribute.internValue())
    if (attribute.isKey(serviceKey)) {
      const service = attribute.internValue()
      this.setService(row, service, service)
      return
    }
    if (this.tagKey && attribute.isKey(this.tagKey)) spans.tagValue[row] = attribute.internValue()
    const part = this.identity?.attributeOf(reader.view, attribute.keyStart, attribute.keyEnd) ?? -1
    if (part >= 0) this.identity?.set(part, attribute.internValue())
    else this.details.take()
  }

  setGroup(row: number, group: number): void {
    if (this.spans.groups) this.spans.groups[row] = group
  }

  /** Sets the service of a row by its name, and its tag by `service.name` if that is the tag. */
  setService(row: number, name: number, serviceName: number): void {
    this.spans.service[row] = name
    if (this.tagKey === undefined) this.spans.tagValue[row] = serviceName
  }
}

/** Reads the attributes of a span about its weight and, if projected, about its peer and its last link. */
class SpanDetailReader {
  private readonly reader: ProtobufReader
  private readonly attribute: AttributeReader
  private readonly weights: WeightAttributeReader
  private readonly peers: PeerAttributeReader | undefined
  private readonly statusCodes: StatusCodeReader | undefined
  /** Trace id and span id of the last link, which come in either order. */
  private readonly link = new Uint32Array(6)
  private isLinked = false
  private row = 0

  constructor(
    reader: ProtobufReader,
    spans: SpanTable,
    attribute: AttributeReader,
    projection: SpanProjection,
  ) {
    this.reader = reader
    this.attribute = attribute
    this.weights = new WeightAttributeReader(spans, projection.sampling?.key)
    this.statusCodes = createStatusCodeReader(spans, projection.failures)
    this.peers = projection.peers ? new PeerAttributeReader(spans, attribute.nil) : undefined
  }

  start(row: number): void {
    this.row = row
    this.weights.start()
    this.peers?.start()
    this.statusCodes?.start()
  }

  /** Reads the entered attribute, if it is known. @throws {ProtobufError} */
  take(): void {
    if (this.offer(this.weights) || this.offer(this.statusCodes) || this.offer(this.peers)) return
    if (this.peers) this.takeLink()
  }

  /** Called after all attributes of the span. */
  finish(): void {
    this.weights.finish(this.row)
    this.peers?.finish(this.row)
    this.statusCodes?.finish(this.row)
    if (!this.isLinked) return
    this.peers?.columns.addLink(this.row, this.link)
    this.link.fill(0)
    this.isLinked = false
  }

  private offer(details: KnownAttributes | undefined): boolean {
    const { reader, attribute } = this
    const known = details?.attributeOf(reader.view, attribute.keyStart, attribute.keyEnd) ?? -1
    if (!details || known < 0) return false
    if (attribute.isNil()) return true
    const after = reader.position
    reader.position = attribute.valueStart
    details.read(known, reader, attribute.valueEnd)
    reader.position = after
    return true
  }

  /** Reads an id of a link; '' or zeros for a span without links. */
  private takeLink(): void {
    const { reader, attribute } = this
    const isTraceId = attribute.isKey(linkTraceIdKey)
    if (!isTraceId && !attribute.isKey(linkSpanIdKey)) return
    attribute.narrowToText()
    this.isLinked = true
    const words = isTraceId ? this.link.subarray(0, 4) : this.link.subarray(4)
    words.fill(0)
    readHex(reader.bytes, attribute.valueStart, attribute.valueEnd, words)
  }
}
