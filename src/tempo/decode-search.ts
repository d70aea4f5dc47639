import type { SpanTable } from '../graph/span-table.ts'
import type { SpanWants } from '../otlp/span-decoder.ts'
import { KnownText } from '../protobuf/known-text.ts'
import { ProtobufReader } from '../protobuf/protobuf-reader.ts'
import { AttributeReader, hexWord, readHex } from './decode-attribute.ts'
import { DetailAttributes } from './decode-details.ts'
import { takePlainFields } from './decode-plain-fields.ts'
import { takeField } from './decode-span-fields.ts'

const serviceKey = new KnownText('service.name')
const byServiceKey = new KnownText('by(resource.service.name)')
/** What a search answer says about one trace besides its spans. */
export interface FoundTrace {
  /** A spanset held more spans than Tempo may send: some are missing. */
  cut: boolean
  /** Least number of spans the trace has, by Tempo's own statistics of services; 0 if it sent none. */
  atLeastSpans: number
  /** Number of spans that matched, also of those that were not sent. */
  matchedSpans: number
}

/** What can be told of a search answer without looking into its traces. */
export interface SearchOutline {
  traces: number
  /** Tempo stopped before it had searched everything. */
  unfinished: boolean
}

/**
 * Decodes `tempopb.SearchResponse` (grafana/tempo pkg/tempopb/tempo.proto) and hands on its traces one by one.
 *
 * One instance decodes one answer: first `outline`, then `traces`. The same table is filled again and again, so
 * a trace costs no allocation beyond strings that were never seen before.
 */
export class SearchDecoder {
  private readonly reader: ProtobufReader
  private readonly spans: SpanTable
  private readonly tagKey: KnownText | undefined
  private readonly onTrace: (spans: SpanTable, found: FoundTrace) => void
  private readonly attribute: AttributeReader
  private readonly details: DetailAttributes
  private readonly found: FoundTrace = { cut: false, atLeastSpans: 0, matchedSpans: 0 }
  /**
   * @param spans filled for each trace; its `service` is the service name, its `tagValue` the tag's value
   * @param tagKey key of the selected tag as answers spell it; undefined where the tag is the service name
   */
  constructor(
    bytes: Uint8Array,
    spans: SpanTable,
    tagKey: string | undefined,
    onTrace: (spans: SpanTable, found: FoundTrace) => void,
    wants: SpanWants = {},
  ) {
    this.reader = new ProtobufReader(bytes)
    this.spans = spans
    this.tagKey = tagKey === undefined ? undefined : new KnownText(tagKey)
    this.attribute = new AttributeReader(this.reader, spans.strings)
    this.onTrace = onTrace
    this.details = new DetailAttributes(this.reader, spans, this.attribute, wants)
  }

  /** @throws {ProtobufError} the answer is cut short or is not protobuf */
  outline(): SearchOutline {
    const { reader } = this
    const end = reader.bytes.length
    const outline = { traces: 0, unfinished: false }
    for (reader.position = 0; reader.position < end; ) {
      const tag = reader.tag(end)
      if (tag === 0x12) outline.unfinished = this.isUnfinished(reader.endOfBytes(end))
      else {
        if (tag === 0x0a) outline.traces++
        reader.skip(tag, end)
      }
    }
    return outline
  }

  /**
   * Hands on each trace. @returns how many spans they have
   *
   * @throws {ProtobufError} a trace is not what it should be; those before it were handed on
   */
  traces(): number {
    const { reader } = this
    const end = reader.bytes.length
    let spans = 0
    for (reader.position = 0; reader.position < end; ) {
      const tag = reader.tag(end)
      if (tag === 0x0a) spans += this.trace(reader.endOfBytes(end))
      else reader.skip(tag, end)
    }
    return spans
  }

  /** TraceSearchMetadata: 1 traceID, 6 spanSet, 7 spanSets, 8 serviceStats. */
  private trace(end: number): number {
    const { reader, spans, found } = this
    spans.clear()
    found.cut = false
    found.atLeastSpans = found.matchedSpans = 0
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
    // `spanSet` repeats the first of `spanSets`; Tempos before 2.3 know only it.
    if (sets === 0 && single >= 0) {
      reader.position = single
      this.spanSet(reader.endOfBytes(end))
      reader.position = end
    }
    const { length } = spans
    this.onTrace(spans, found)
    return length
  }

  /** Hex without leading zeros (grafana/tempo pkg/util/traceid.go). */
  private traceId(end: number): void {
    const { reader, spans } = this
    readHex(reader.bytes, reader.position, end, spans.traceId)
    reader.position = end
  }

  /** SpanSet: 1 spans, 2 matched, 3 attributes, which follow the spans they are about. */
  private spanSet(end: number): void {
    const { reader, spans } = this
    const first = spans.length
    let matched = 0
    while (reader.position < end) {
      const tag = reader.tag(end)
      if (tag === 0x0a) this.span(reader.endOfBytes(end))
      else if (tag === 0x10) matched = reader.varint32(end)
      else if (tag === 0x1a) this.spanSetAttribute(reader.endOfBytes(end), first)
      else reader.skip(tag, end)
    }
    this.found.matchedSpans += matched
    if (matched > spans.length - first) this.found.cut = true
  }

  private spanSetAttribute(end: number, firstRow: number): void {
    this.attribute.enter(end)
    if (!this.attribute.isKey(byServiceKey)) return
    const service = this.attribute.internValue()
    for (let row = firstRow; row < this.spans.length; row++) this.setService(row, service)
  }

  /** Span: 1 spanID, 2 name, 3 startTimeUnixNano, 4 durationNanos, 5 attributes. */
  private span(end: number): void {
    const { reader, spans } = this
    const row = spans.addRow()
    this.details.start(row)
    for (;;) {
      reader.position = takePlainFields(reader, reader.position, end, spans, row)
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
    if (takeField(reader.view, attribute, spans, row)) return
    if (attribute.isKey(serviceKey)) this.setService(row, attribute.internValue())
    else {
      if (this.tagKey && attribute.isKey(this.tagKey)) spans.tagValue[row] = attribute.internValue()
      this.details.take()
    }
  }

  private setService(row: number, service: number): void {
    this.spans.service[row] = service
    if (this.tagKey === undefined) this.spans.tagValue[row] = service
  }

  /** map<string, ServiceStats>: 1 key, 2 value {1 spanCount, 2 errorCount}. */
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
        if (field === 0x08) this.found.atLeastSpans += reader.varint32(to)
        else reader.skip(field, to)
      }
    }
  }

  /** SearchMetrics: 4 completedJobs, 5 totalJobs. */
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
