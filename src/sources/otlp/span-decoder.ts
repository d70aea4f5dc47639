import type { SpanTable } from '../../graph/spans/span-table.ts'
import { BytePattern } from '../protobuf/byte-pattern.ts'
import type { ProtobufReader } from '../protobuf/protobuf-reader.ts'
import { anyNumber } from './any-number.ts'
import { internAnyValue, skipOther } from './any-value.ts'
import { type CurrentSpan, readPlainFields } from './decode-plain-fields.ts'
import { KeyValueReader } from './key-value.ts'
import { PeerReader } from './peer-reader.ts'
import { kindCode, readId, statusCode } from './span-fields.ts'
import { adjustedCountOfRatio, WeightReader } from './weight-reader.ts'

/** The tag whose value goes into `SpanTable.tagValue`. A `TagSelector` is one. */
export interface TagKey {
  /** `any`: the span's attribute, else the resource's. */
  scope: 'resource' | 'span' | 'any'
  key: string
}

/** What is read of spans besides their own fields. */
export interface SpanProjection {
  /** What they say of their peers, and their links. */
  peers?: boolean | undefined
  /** The attribute that says how they were sampled. */
  sampling?: TagKey | undefined
}

/** What a span said of its ids, for whoever wants to refuse it. */
export type SpanIds = Readonly<Omit<CurrentSpan, 'endHi' | 'endLo'>>

/** Called after each span with the row that holds it; returning false takes the row back. */
export type SpanVisitor = (row: number, ids: SpanIds) => boolean

const serviceNameKey = new BytePattern('service.name')

/**
 * Decodes the spans of OTLP messages in place into rows of a `SpanTable`: no object is made for a span or an
 * attribute, and only attributes that are wanted are looked into. Field numbers are those of
 * opentelemetry-proto trace/v1/trace.proto, common/v1/common.proto and resource/v1/resource.proto.
 */
export class SpanDecoder implements CurrentSpan {
  readonly traceId = new Uint32Array(4)
  traceIdBytes = 0
  spanIdBytes = 0
  parentIdBytes = 0
  endHi = 0
  endLo = 0

  private readonly table: SpanTable
  private readonly tagKey: BytePattern
  private readonly tagOnResource: boolean
  private readonly tagOnSpan: boolean
  private readonly visit: SpanVisitor
  /** Of the resource at hand, indexes into the table's strings. */
  private service = 0
  private resourceTag = 0
  private readonly id = new Uint32Array(2)
  private readonly attribute = new KeyValueReader()
  private readonly peers: PeerReader | undefined
  private readonly weights: WeightReader | undefined
  private readonly resourceSamplingKey: BytePattern | undefined

  /** @param wants absent: only the fields and the tag */
  constructor(table: SpanTable, tag: TagKey, visit: SpanVisitor, wants?: SpanProjection) {
    this.table = table
    this.tagKey = tag.key === 'service.name' ? serviceNameKey : new BytePattern(tag.key)
    this.tagOnResource = tag.scope !== 'span'
    this.tagOnSpan = tag.scope !== 'resource'
    this.visit = visit
    this.peers = wants?.peers ? new PeerReader(table) : undefined
    const { sampling } = wants ?? {}
    this.weights =
      wants && new WeightReader(table, sampling?.scope === 'resource' ? undefined : sampling?.key)
    if (sampling && sampling.scope !== 'span') {
      this.resourceSamplingKey = new BytePattern(sampling.key)
    }
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
    this.weights?.startResource(0)
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
    const { attribute } = this
    attribute.enter(reader, end)
    const valueStart = reader.position
    const isService = attribute.isKey(reader, serviceNameKey)
    const isTag = this.tagOnResource && attribute.isKey(reader, this.tagKey)
    if (isService || isTag) {
      const value = internAnyValue(reader, attribute.valueEnd, this.table.strings)
      if (isService) this.service = value
      if (isTag) this.resourceTag = value
    }
    if (this.resourceSamplingKey && attribute.isKey(reader, this.resourceSamplingKey)) {
      reader.position = valueStart
      this.weights?.startResource(adjustedCountOfRatio(anyNumber(reader, attribute.valueEnd)))
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
    this.traceIdBytes = this.spanIdBytes = this.parentIdBytes = 0
    this.endHi = this.endLo = 0
    this.peers?.start()
    this.weights?.start()
    for (;;) {
      reader.position = readPlainFields(reader, reader.position, end, this, table, row)
      if (reader.position >= end) break
      this.field(reader, end, row)
    }
    this.finishRow(row)
  }

  /** A field of a span in whichever way it is written. */
  private field(reader: ProtobufReader, end: number, row: number): void {
    const { table } = this
    const tag = reader.tag(end)
    switch (tag) {
      case 0x0a:
        this.traceIdBytes = readId(reader, reader.endOfBytes(end), this.traceId)
        break
      case 0x12:
        this.spanIdBytes = readId(reader, reader.endOfBytes(end), this.id)
        table.spanIdHi[row] = this.id[0]!
        table.spanIdLo[row] = this.id[1]!
        break
      case 0x1a:
        if (this.weights) this.weights.traceState(reader, reader.endOfBytes(end))
        else reader.skip(tag, end)
        break
      case 0x22:
        this.parentIdBytes = readId(reader, reader.endOfBytes(end), this.id)
        table.parentIdHi[row] = this.id[0]!
        table.parentIdLo[row] = this.id[1]!
        break
      case 0x2a: {
        const to = reader.endOfBytes(end)
        table.name[row] = table.strings.internName(reader.bytes, reader.position, to)
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
        this.endHi = reader.hi
        this.endLo = reader.lo
        break
      case 0x4a:
        this.spanAttribute(reader, reader.endOfBytes(end), row)
        break
      case 0x6a:
        if (this.peers) this.peers.readLink(reader, reader.endOfBytes(end), row)
        else skipOther(reader, tag, end, 0)
        break
      case 0x7a:
        table.status[row] = statusCode(reader, reader.endOfBytes(end))
        break
      default:
        skipOther(reader, tag, end, 0b1000_0011_1111_1110)
    }
  }

  private finishRow(row: number): void {
    const { table, endHi, endLo } = this
    const durationNs = (endHi - table.startHi[row]!) * 4294967296 + (endLo - table.startLo[row]!)
    if (durationNs < 0) table.skewed[row] = 1
    else table.durationNs[row] = durationNs
    if (table.tagValue[row] === 0) table.tagValue[row] = this.resourceTag
    this.peers?.finish(row)
    this.weights?.finish(row)
    if (this.traceIdBytes === 0) this.traceId.fill(0)
    if (!this.visit(row, this)) table.length = row
  }

  private spanAttribute(reader: ProtobufReader, end: number, row: number): void {
    if (this.tagOnSpan || this.weights) {
      const { attribute, peers, weights } = this
      attribute.enter(reader, end)
      const valueStart = reader.position
      if (this.tagOnSpan && attribute.isKey(reader, this.tagKey)) {
        this.table.tagValue[row] = internAnyValue(reader, attribute.valueEnd, this.table.strings)
      }
      if (peers) this.offer(peers, reader, valueStart)
      if (weights) this.offer(weights, reader, valueStart)
    }
    reader.position = end
  }

  /** Has the attribute at hand read where it is one of those. */
  private offer(details: PeerReader | WeightReader, reader: ProtobufReader, valueStart: number): void {
    const { keyStart, keyEnd, valueEnd } = this.attribute
    const known = details.attributeOf(reader.view, keyStart, keyEnd)
    if (known < 0) return
    reader.position = valueStart
    details.read(known, reader, valueEnd)
  }
}
