import type { SpanTable } from '../graph/span-table.ts'
import type { ProtobufReader } from '../protobuf/protobuf-reader.ts'
import { internAnyValue, skipOther } from './any-value.ts'
import { kindCode, statusCode, wordBefore } from './span-fields.ts'

/** The tag whose value goes into `SpanTable.tagValue`. A `TagSelector` is one. */
export interface TagKey {
  /** `any`: the span's attribute, else the resource's. */
  scope: 'resource' | 'span' | 'any'
  key: string
}

/** What a span said of its ids, for whoever wants to refuse it. */
export interface SpanIds {
  /** Four words, most significant first. Shorter ids are padded on the left, longer ones cut on the left. */
  readonly traceId: Uint32Array
  readonly traceIdBytes: number
  readonly spanIdBytes: number
  readonly parentIdBytes: number
}

/** Called after each span with the row that holds it; returning false takes the row back. */
export type SpanVisitor = (row: number, ids: SpanIds) => boolean

const serviceNameKey = new TextEncoder().encode('service.name')

/**
 * Decodes the spans of OTLP messages in place into rows of a `SpanTable`: no object is made for a span or an
 * attribute, and only attributes that are wanted are looked into. Field numbers are those of
 * opentelemetry-proto trace/v1/trace.proto, common/v1/common.proto and resource/v1/resource.proto.
 */
export class SpanDecoder implements SpanIds {
  readonly traceId = new Uint32Array(4)
  traceIdBytes = 0
  spanIdBytes = 0
  parentIdBytes = 0

  private readonly table: SpanTable
  private readonly tagKey: Uint8Array
  private readonly tagOnResource: boolean
  private readonly tagOnSpan: boolean
  private readonly visit: SpanVisitor
  /** Of the resource at hand, indexes into the table's strings. */
  private service = 0
  private resourceTag = 0
  /** Words of the id read last. */
  private idHi = 0
  private idLo = 0
  /** Start and end of the key of the attribute at hand. */
  private keyStart = 0
  private keyEnd = 0

  constructor(table: SpanTable, tag: TagKey, visit: SpanVisitor) {
    this.table = table
    this.tagKey = new TextEncoder().encode(tag.key)
    this.tagOnResource = tag.scope !== 'span'
    this.tagOnSpan = tag.scope !== 'resource'
    this.visit = visit
  }

  /**
   * Decodes TracesData or ExportTraceServiceRequest, which are the same on the wire, up to `end`.
   *
   * @throws {ProtobufError} the rows added so far are then of no use
   */
  tracesData(reader: ProtobufReader, end: number): void {
    while (reader.position < end) {
      const tag = reader.tag(end)
      if (tag === 0x0a) this.resourceSpans(reader, reader.endOfBytes(end))
      else skipOther(reader, tag, end, 0b10)
    }
  }

  /** The resource may stand after its spans, so the fields are walked twice: once for each. */
  private resourceSpans(reader: ProtobufReader, end: number): void {
    const start = reader.position
    this.service = 0
    this.resourceTag = 0
    while (reader.position < end) {
      const tag = reader.tag(end)
      if (tag === 0x0a) this.resource(reader, reader.endOfBytes(end))
      else skipOther(reader, tag, end, 0b10)
    }
    reader.position = start
    while (reader.position < end) {
      const tag = reader.tag(end)
      if (tag === 0x12) this.scopeSpans(reader, reader.endOfBytes(end))
      else skipOther(reader, tag, end, 0b100)
    }
  }

  private resource(reader: ProtobufReader, end: number): void {
    while (reader.position < end) {
      const tag = reader.tag(end)
      if (tag === 0x0a) this.resourceAttribute(reader, reader.endOfBytes(end))
      else skipOther(reader, tag, end, 0b10)
    }
  }

  private resourceAttribute(reader: ProtobufReader, end: number): void {
    const valueEnd = this.keyValue(reader, end)
    const isService = this.keyIs(reader.bytes, serviceNameKey)
    const isTag = this.tagOnResource && this.keyIs(reader.bytes, this.tagKey)
    if (isService || isTag) {
      const value = internAnyValue(reader, valueEnd, this.table.strings)
      if (isService) this.service = value
      if (isTag) this.resourceTag = value
    }
    reader.position = end
  }

  private scopeSpans(reader: ProtobufReader, end: number): void {
    while (reader.position < end) {
      const tag = reader.tag(end)
      if (tag === 0x12) this.span(reader, reader.endOfBytes(end))
      else skipOther(reader, tag, end, 0b100)
    }
  }

  private span(reader: ProtobufReader, end: number): void {
    const { table } = this
    const row = table.addRow()
    table.service[row] = this.service
    this.clearIds()
    let endHi = 0
    let endLo = 0
    while (reader.position < end) {
      const tag = reader.tag(end)
      switch (tag) {
        case 0x0a:
          this.readTraceId(reader, reader.endOfBytes(end))
          break
        case 0x12:
          this.spanIdBytes = this.readSpanId(reader, reader.endOfBytes(end))
          table.spanIdHi[row] = this.idHi
          table.spanIdLo[row] = this.idLo
          break
        case 0x22:
          this.parentIdBytes = this.readSpanId(reader, reader.endOfBytes(end))
          table.parentIdHi[row] = this.idHi
          table.parentIdLo[row] = this.idLo
          break
        case 0x2a: {
          const to = reader.endOfBytes(end)
          table.name[row] = table.strings.intern(reader.bytes, reader.position, to)
          reader.position = to
          break
        }
        case 0x30:
          table.kind[row] = kindCode(reader, end)
          break
        case 0x39:
          reader.fixed64(end)
          table.startHi[row] = reader.hi
          table.startLo[row] = reader.lo
          break
        case 0x41:
          reader.fixed64(end)
          endHi = reader.hi
          endLo = reader.lo
          break
        case 0x4a:
          this.spanAttribute(reader, reader.endOfBytes(end), row)
          break
        case 0x7a:
          table.status[row] = statusCode(reader, reader.endOfBytes(end))
          break
        default:
          skipOther(reader, tag, end, 0b1000_0011_1111_0110)
      }
    }
    this.finishRow(row, endHi, endLo)
  }

  private finishRow(row: number, endHi: number, endLo: number): void {
    const { table } = this
    const durationNs = (endHi - table.startHi[row]!) * 4294967296 + (endLo - table.startLo[row]!)
    if (durationNs < 0) table.skewed[row] = 1
    else table.durationNs[row] = durationNs
    if (table.tagValue[row] === 0) table.tagValue[row] = this.resourceTag
    if (!this.visit(row, this)) table.length = row
  }

  private spanAttribute(reader: ProtobufReader, end: number, row: number): void {
    if (this.tagOnSpan) {
      const valueEnd = this.keyValue(reader, end)
      if (this.keyIs(reader.bytes, this.tagKey)) {
        this.table.tagValue[row] = internAnyValue(reader, valueEnd, this.table.strings)
      }
    }
    reader.position = end
  }

  /** Finds key and value of a KeyValue. Returns the end of the value, with `position` at its start. */
  private keyValue(reader: ProtobufReader, end: number): number {
    this.keyStart = 0
    this.keyEnd = 0
    let valueStart = end
    let valueEnd = end
    while (reader.position < end) {
      const tag = reader.tag(end)
      if (tag === 0x0a) {
        this.keyEnd = reader.endOfBytes(end)
        this.keyStart = reader.position
        reader.position = this.keyEnd
      } else if (tag === 0x12) {
        valueEnd = reader.endOfBytes(end)
        valueStart = reader.position
        reader.position = valueEnd
      } else skipOther(reader, tag, end, 0b110)
    }
    reader.position = valueStart
    return valueEnd
  }

  private keyIs(bytes: Uint8Array, wanted: Uint8Array): boolean {
    const { keyStart } = this
    if (this.keyEnd - keyStart !== wanted.length) return false
    for (let i = 0; i < wanted.length; i++) if (bytes[keyStart + i] !== wanted[i]) return false
    return true
  }

  private clearIds(): void {
    this.traceId.fill(0)
    this.traceIdBytes = 0
    this.spanIdBytes = 0
    this.parentIdBytes = 0
  }

  private readTraceId(reader: ProtobufReader, end: number): void {
    const { traceId } = this
    this.traceIdBytes = end - reader.position
    for (let word = 3; word >= 0; word--) traceId[word] = wordBefore(end - (3 - word) * 4, reader)
    reader.position = end
  }

  private readSpanId(reader: ProtobufReader, end: number): number {
    const length = end - reader.position
    this.idLo = wordBefore(end, reader)
    this.idHi = wordBefore(end - 4, reader)
    reader.position = end
    return length
  }
}
