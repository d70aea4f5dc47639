import type { SpanTable } from '../../../graph/spans/span-table.ts'
import { serviceNameAttribute } from '../../../model/identity.ts'
import { attributeTerm } from '../../../model/traceql-terms.ts'
import { createServiceIdentity, type ServiceIdentity } from '../../otlp/service-identity.ts'
import type { SpanProjection } from '../../otlp/span-projection.ts'
import { BytePattern } from '../../protobuf/byte-pattern.ts'
import { ProtobufError, ProtobufReader } from '../../protobuf/protobuf-reader.ts'
import { readHex } from './attribute-reader.ts'
import { SpanReader } from './decode-span.ts'

/** The name of a grouping by a resource attribute in answers. */
const byResourceKey = (key: string) => `by(${attributeTerm('resource', key)})`
const byServiceKey = new BytePattern('by(resource.service.name)')
/** The start of that attribute as Tempo encodes it: KeyValue {1 key, 2 ...}. */
const byServiceStart = new BytePattern(
  `\n${String.fromCharCode(byServiceKey.length)}by(resource.service.name)\x12`,
)
/** Data of a search answer about one trace, in addition to its spans. */
export interface TraceSearchMetadata {
  /** Whether a spanset had more spans than Tempo may send: some are missing. */
  cut: boolean
  /** Lower bound of the number of spans, by Tempo's statistics of services; 0 if it sent none. */
  minSpans: number
  /** Number of spans that matched, including those that were not sent. */
  matchedSpans: number
}

/** Data of a search answer that needs no decoding of its traces. */
export interface SearchOutline {
  traces: number
  /** Tempo stopped before it had searched everything. */
  unfinished: boolean
}

/**
 * Decodes `tempopb.SearchResponse` (grafana/tempo pkg/tempopb/tempo.proto) and passes its traces on one by one.
 *
 * One instance decodes one answer: call `outline` first, then `traces` until `isDone`. It fills the same table for every
 * trace, so that a trace needs no allocation except for new strings.
 */
export class SearchDecoder {
  private readonly reader: ProtobufReader
  private readonly spans: SpanTable
  private readonly onTrace: (spans: SpanTable, metadata: TraceSearchMetadata) => void
  private readonly span: SpanReader
  /** The identity of the service of a spanset. */
  private readonly identity: ServiceIdentity | undefined
  /** Key of the grouping attribute of a spanset. */
  private readonly groupKey: BytePattern | undefined
  private readonly isGroupedByService: boolean
  /** `service.name` and group of the current spanset, -1 if its spans name them. */
  private serviceName = -1
  private group = -1
  private readonly found: TraceSearchMetadata = { cut: false, minSpans: 0, matchedSpans: 0 }

  /**
   * @param spans filled for each trace; its `service` is the service name, its `tagValue` the tag's value
   * @param tagKey key of the selected tag as it appears in answers; undefined if the tag is the service name
   */
  constructor(
    bytes: Uint8Array,
    spans: SpanTable,
    tagKey: string | undefined,
    onTrace: (spans: SpanTable, metadata: TraceSearchMetadata) => void,
    projection: SpanProjection = {},
  ) {
    this.reader = new ProtobufReader(bytes)
    this.spans = spans
    this.span = new SpanReader(this.reader, spans, tagKey, projection)
    this.identity = createServiceIdentity(spans.strings, projection.identity, byResourceKey)
    const { group } = projection
    this.isGroupedByService = group?.key === serviceNameAttribute
    this.groupKey = group && new BytePattern(byResourceKey(group.key))
    this.onTrace = onTrace
  }

  /** @throws {ProtobufError} it is not protobuf, is cut short, or lacks the metrics with which every Tempo ends it */
  outline(): SearchOutline {
    const { reader } = this
    const end = reader.bytes.length
    const outline = { traces: 0, unfinished: false }
    let hasMetrics = false
    for (reader.position = 0; reader.position < end; ) {
      const tag = reader.tag(end)
      hasMetrics ||= tag === 0x12
      if (tag === 0x12) outline.unfinished = this.isUnfinished(reader.endOfBytes(end))
      else {
        if (tag === 0x0a) outline.traces++
        reader.skip(tag, end)
      }
    }
    if (!hasMetrics) throw new ProtobufError('the metrics that end a search answer are missing')
    reader.position = 0
    return outline
  }

  /** Whether all traces have been passed on. */
  get isDone(): boolean {
    return this.reader.position >= this.reader.bytes.length
  }

  /**
   * Passes on the remaining traces, or those in the next `bytes` bytes.
   *
   * @returns the number of their spans
   * @throws {ProtobufError} a trace is damaged; the traces before it have been passed on
   */
  traces(bytes = Number.POSITIVE_INFINITY): number {
    const { reader } = this
    const end = reader.bytes.length
    const until = Math.min(end, reader.position + bytes)
    let spans = 0
    while (reader.position < until) {
      const tag = reader.tag(end)
      if (tag === 0x0a) spans += this.trace(reader.endOfBytes(end))
      else reader.skip(tag, end)
    }
    return spans
  }

  /** Decodes TraceSearchMetadata: 1 traceID, 6 spanSet, 7 spanSets, 8 serviceStats. */
  private trace(end: number): number {
    const { reader, spans, found } = this
    spans.clear()
    found.cut = false
    found.minSpans = found.matchedSpans = 0
    let single = -1
    let sets = 0
    while (reader.position < end) {
      const tag = reader.tag(end)
      if (tag === 0x0a) this.traceId(reader.endOfBytes(end))
      else if (tag === 0x3a) {
        sets++
        this.spanSet(reader.endOfBytes(end))
      } else if (tag === 0x32) {
        single = reader.position
        reader.skip(tag, end)
      } else if (tag === 0x42) this.serviceStats(reader.endOfBytes(end))
      else reader.skip(tag, end)
    }
    // `spanSet` repeats the first of `spanSets`; before 2.3 Tempo sends only `spanSet`.
    if (sets === 0 && single >= 0) {
      reader.position = single
      this.spanSet(reader.endOfBytes(end))
      reader.position = end
    }
    const { length } = spans
    this.onTrace(spans, found)
    return length
  }

  /** Reads the trace id, whose leading zeros Tempo strips (grafana/tempo pkg/util/traceid.go). */
  private traceId(end: number): void {
    const { reader, spans } = this
    readHex(reader.bytes, reader.position, end, spans.traceId)
    reader.position = end
  }

  /** Decodes SpanSet: 1 spans, 2 matched, 3 attributes, which follow their spans. */
  private spanSet(end: number): void {
    const { reader, spans } = this
    const first = spans.length
    let matched = 0
    this.serviceName = this.group = -1
    this.identity?.start()
    while (reader.position < end) {
      const tag = reader.tag(end)
      if (tag === 0x0a) this.span.read(reader.endOfBytes(end))
      else if (tag === 0x10) matched = reader.varint32(end)
      else if (tag === 0x1a) this.spanSetAttribute(reader.endOfBytes(end))
      else reader.skip(tag, end)
    }
    if (this.serviceName >= 0) this.nameService(first)
    const group = this.isGroupedByService ? this.serviceName : this.group
    if (group >= 0) for (let row = first; row < spans.length; row++) this.span.setGroup(row, group)
    this.found.matchedSpans += matched
    if (matched > spans.length - first) this.found.cut = true
  }

  /** Names the service of all spans of a spanset. */
  private nameService(firstRow: number): void {
    const { serviceName, spans, span } = this
    const name = this.identity?.nameOf(serviceName) ?? serviceName
    for (let row = firstRow; row < spans.length; row++) span.setService(row, name, serviceName)
  }

  /** Reads an attribute of a spanset. */
  private spanSetAttribute(end: number): void {
    const { reader, spans } = this
    const { attribute } = this.span
    const { bytes, view, position } = reader
    // The text of an AnyValue {1 string_value} with lengths of one byte.
    const text = position + byServiceStart.length + 3
    if (text <= end && byServiceStart.startsAt(view, position)) {
      const length = bytes[text - 1]!
      if (
        length < 126 &&
        text + length === end &&
        bytes[text - 3] === length + 2 &&
        bytes[text - 2] === 0x0a
      ) {
        reader.position = end
        const service = spans.strings.intern(bytes, text, end)
        this.serviceName = service === attribute.nil ? 0 : service
        return
      }
    }
    attribute.enter(end)
    if (attribute.isKey(byServiceKey)) this.serviceName = attribute.internValue()
    else {
      if (this.groupKey && attribute.isKey(this.groupKey)) this.group = attribute.internValue()
      const part = this.identity?.attributeOf(view, attribute.keyStart, attribute.keyEnd) ?? -1
      if (part >= 0) this.identity?.set(part, attribute.internValue())
    }
  }

  /** Decodes map<string, ServiceStats>: 1 key, 2 value {1 spanCount, 2 errorCount}. */
  private serviceStats(end: number): void {
    const { reader } = this
    while (reader.position < end) {
      const tag = reader.tag(end)
      if (tag !== 0x12) {
        reader.skip(tag, end)
        continue
      }
      const to = reader.endOfBytes(end)
      while (reader.position < to) {
        const field = reader.tag(to)
        if (field === 0x08) this.found.minSpans += reader.varint32(to)
        else reader.skip(field, to)
      }
    }
  }

  /** Decodes SearchMetrics: 4 completedJobs, 5 totalJobs. */
  private isUnfinished(end: number): boolean {
    const { reader } = this
    let completedJobs = 0
    let totalJobs = 0
    while (reader.position < end) {
      const tag = reader.tag(end)
      if (tag === 0x20) completedJobs = reader.varint32(end)
      else if (tag === 0x28) totalJobs = reader.varint32(end)
      else reader.skip(tag, end)
    }
    return completedJobs < totalJobs
  }
}
