import type { SpanTable } from '../../graph/spans/span-table.ts'
import { BytePattern } from '../protobuf/byte-pattern.ts'
import type { ProtobufReader } from '../protobuf/protobuf-reader.ts'
import type { Attribute } from '../tag-selector.ts'
import { internAnyValue, skipOther } from './any-value.ts'
import { type CurrentSpan, readFastPath } from './fast-path.ts'
import { KeyValueReader } from './key-value.ts'
import { PeerAttributeReader } from './peer-attributes.ts'
import { ResourceReader } from './resource-reader.ts'
import { kindCode, readId, statusCode } from './span-fields.ts'
import type { SpanProjection } from './span-projection.ts'
import { createStatusCodeReader, type StatusCodeReader } from './status-codes.ts'
import { WeightAttributeReader } from './weight-attributes.ts'

/** The ids of a span as they were sent, for validation. */
export type SpanIds = Readonly<Omit<CurrentSpan, 'endHi' | 'endLo'>>

/** Called after each span with its row. Returns false to remove the row. */
export type SpanVisitor = (row: number, ids: SpanIds) => boolean

/**
 * Decodes the spans of OTLP messages in place into rows of a `SpanTable`. Makes no object for a span or an attribute,
 * and reads only attributes that are used. Field numbers are those of opentelemetry-proto trace/v1/trace.proto,
 * common/v1/common.proto and resource/v1/resource.proto.
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
  private readonly tagOnSpan: boolean
  private readonly visit: SpanVisitor
  private readonly resource: ResourceReader
  /** Key of the grouping attribute, if spans may have it. */
  private readonly groupKey: BytePattern | undefined
  private readonly id = new Uint32Array(2)
  private readonly attribute = new KeyValueReader()
  private readonly peers: PeerAttributeReader | undefined
  private readonly weights: WeightAttributeReader | undefined
  private readonly statusCodes: StatusCodeReader | undefined

  /** @param tag for `SpanTable.tagValue` @param projection absent: only the fields and the tag are read */
  constructor(table: SpanTable, tag: Attribute, visit: SpanVisitor, projection?: SpanProjection) {
    this.table = table
    this.tagKey = new BytePattern(tag.key)
    this.tagOnSpan = tag.scope !== 'resource'
    this.visit = visit
    this.peers = projection?.peers ? new PeerAttributeReader(table) : undefined
    const { sampling, group } = projection ?? {}
    this.resource = new ResourceReader(table.strings, tag, projection)
    if (group) table.enableGroups()
    this.groupKey = group && group.scope !== 'resource' ? new BytePattern(group.key) : undefined
    this.statusCodes = createStatusCodeReader(table, projection?.failures)
    this.weights =
      projection &&
      new WeightAttributeReader(table, sampling?.scope === 'resource' ? undefined : sampling?.key)
  }

  /**
   * Decodes TracesData or ExportTraceServiceRequest, which have the same encoding, up to `end`.
   *
   * @throws {ProtobufError} the caller must then discard the rows
   */
  tracesData(reader: ProtobufReader, end: number): void {
    while (reader.position < end) {
      const tag = reader.tag(end)
      if (tag === 0x0a) this.resourceSpans(reader, reader.endOfBytes(end))
      else skipOther(reader, tag, end, 0b10)
    }
  }

  /** Walks the fields twice, since the resource may follow its spans. */
  private resourceSpans(reader: ProtobufReader, end: number): void {
    const start = reader.position
    this.resource.start()
    while (reader.position < end) {
      const tag = reader.tag(end)
      if (tag === 0x0a) this.resource.read(reader, reader.endOfBytes(end))
      else skipOther(reader, tag, end, 0b10)
    }
    this.resource.finish()
    this.weights?.startResource(this.resource.adjustedCount)
    reader.position = start
    while (reader.position < end) {
      const tag = reader.tag(end)
      if (tag === 0x12) this.scopeSpans(reader, reader.endOfBytes(end))
      else skipOther(reader, tag, end, 0b100)
    }
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
    table.service[row] = this.resource.service
    if (table.groups) table.groups[row] = this.resource.group
    this.traceIdBytes = this.spanIdBytes = this.parentIdBytes = 0
    this.endHi = this.endLo = 0
    this.peers?.start()
    this.weights?.start()
    this.statusCodes?.start()
    for (;;) {
      reader.position = readFastPath(reader, reader.position, end, this, table, row)
      if (reader.position >= end) break
      this.field(reader, end, row)
    }
    this.finishRow(row)
  }

  /** Reads a field of a span in any encoding. */
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
    if (table.tagValue[row] === 0) table.tagValue[row] = this.resource.tag
    this.peers?.finish(row)
    this.weights?.finish(row)
    this.statusCodes?.finish(row)
    if (this.traceIdBytes === 0) this.traceId.fill(0)
    if (!this.visit(row, this)) table.length = row
  }

  private spanAttribute(reader: ProtobufReader, end: number, row: number): void {
    if (this.tagOnSpan || this.weights) {
      const { attribute, groupKey, peers, weights, statusCodes } = this
      attribute.enter(reader, end)
      const valueStart = reader.position
      if (this.tagOnSpan && attribute.isKey(reader, this.tagKey)) {
        this.table.tagValue[row] = internAnyValue(reader, attribute.valueEnd, this.table.strings)
      }
      if (groupKey && attribute.isKey(reader, groupKey)) this.readGroup(reader, valueStart, row)
      if (peers) attribute.offer(peers, reader, valueStart)
      if (weights) attribute.offer(weights, reader, valueStart)
      if (statusCodes) attribute.offer(statusCodes, reader, valueStart)
    }
    reader.position = end
  }

  /** Reads the group of a span, which has priority over that of its resource. */
  private readGroup(reader: ProtobufReader, valueStart: number, row: number): void {
    const { table, attribute } = this
    reader.position = valueStart
    const value = internAnyValue(reader, attribute.valueEnd, table.strings)
    if (value !== 0 && table.groups) table.groups[row] = value
  }
}
