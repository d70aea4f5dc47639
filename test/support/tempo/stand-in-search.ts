import { ProtobufWriter } from '../../../src/sources/protobuf/protobuf-writer.ts'
import { type ParsedQuery, parseTraceql } from './stand-in-traceql.ts'
import { type AttributeValue, attributeOf, extentNs, type Fragment, type StoredSpan } from './stored-trace.ts'

/** One search as asked for; times in Unix s. */
export interface SearchRequest {
  q: string
  start: number
  end: number
  limit: number
  spss: number
}

export interface SearchOptions {
  /** Attributes that Tempo keeps in columns of their own: a missing value of these comes as the text `nil`. */
  dedicated: string[]
  padIds: boolean
}

interface SpanSet {
  spans: StoredSpan[]
  matched: number
  by: [string, string][]
}

export interface FoundTrace {
  traceId: string
  startNs: bigint
  sets: SpanSet[]
  stats: Map<string, number>
}

/** Searches as Tempo 3.0.3 and 2.10.7 do: each fragment separately. @throws {SyntaxError} the query */
export function search(
  fragments: Fragment[],
  request: SearchRequest,
): { traces: FoundTrace[]; query: ParsedQuery } {
  const query = parseTraceql(request.q)
  const found = new Map<string, FoundTrace>()
  for (const fragment of fragments) {
    const { startNs, endNs } = extentNs(fragment)
    if (startNs > BigInt(request.end) * 1_000_000_000n || endNs < BigInt(request.start) * 1_000_000_000n)
      continue
    const spans = query.select(fragment)
    const traceId = fragment[0]?.traceId
    if (spans.length === 0 || traceId === undefined) continue
    const trace = found.get(traceId) ?? { traceId, startNs, sets: [], stats: new Map<string, number>() }
    found.set(traceId, trace)
    if (startNs < trace.startNs) trace.startNs = startNs
    for (const set of spanSets(spans, query, fragment)) addSet(trace, set)
    countServices(trace.stats, fragment)
    // As soon as there are enough, whatever else there may be of the last one.
    if (found.size >= request.limit) break
  }
  for (const { sets } of found.values())
    for (const set of sets) set.spans.length = Math.min(set.matched, request.spss)
  const traces = [...found.values()].sort((a, b) => (a.startNs < b.startNs ? 1 : -1))
  return { traces, query }
}

function spanSets(spans: StoredSpan[], query: ParsedQuery, fragment: Fragment): SpanSet[] {
  const { startNs, endNs } = extentNs(fragment)
  const groups = new Map<string, SpanSet>()
  for (const span of spans) {
    const by = query.by.map((expression): [string, string] => {
      if (expression === 'trace:duration') return ['by(traceDuration)', `${endNs - startNs}ns`]
      if (expression === 'span:duration % 97') return ['by(duration % 97)', String(span.durationNs % 97)]
      return [`by(${expression})`, String(attributeOf(span, expression) ?? 'nil')]
    })
    const key = JSON.stringify(by)
    const group = groups.get(key) ?? { spans: [], matched: 0, by }
    groups.set(key, group)
    group.spans.push(span)
    group.matched++
  }
  return [...groups.values()]
}

/** Of two spansets with the same attributes, as two fragments may have, the larger one stays. */
function addSet(trace: FoundTrace, set: SpanSet): void {
  const key = JSON.stringify(set.by)
  const at = trace.sets.findIndex(({ by }) => JSON.stringify(by) === key)
  if (at < 0) trace.sets.push(set)
  else if (set.matched > (trace.sets[at]?.matched ?? 0)) trace.sets[at] = set
}

/** Per service the most that any one fragment holds. */
function countServices(stats: Map<string, number>, fragment: Fragment): void {
  const counts = new Map<string, number>()
  for (const { service = '' } of fragment) counts.set(service, (counts.get(service) ?? 0) + 1)
  for (const [service, count] of counts) stats.set(service, Math.max(count, stats.get(service) ?? 0))
}

/** `tempopb.SearchResponse` (grafana/tempo pkg/tempopb/tempo.proto); zero values are left out. */
export function encodeSearch(
  traces: FoundTrace[],
  fields: string[],
  options: SearchOptions,
  jobs: { completed: number; total: number },
): Uint8Array {
  const writer = new ProtobufWriter()
  for (const trace of traces) writer.message(1, () => writeTrace(writer, trace, fields, options))
  writer.message(2, () => {
    if (jobs.completed > 0) writer.varint(4, jobs.completed)
    if (jobs.total > 0) writer.varint(5, jobs.total)
  })
  return writer.finish()
}

function writeTrace(
  writer: ProtobufWriter,
  trace: FoundTrace,
  fields: string[],
  options: SearchOptions,
): void {
  writer.string(1, options.padIds ? trace.traceId : trace.traceId.replace(/^0+/, ''))
  writer.varint(4, trace.startNs)
  const [first] = trace.sets
  if (first) writer.message(6, () => writeSet(writer, first, fields, options))
  for (const set of trace.sets) writer.message(7, () => writeSet(writer, set, fields, options))
  for (const [service, count] of trace.stats) {
    writer.message(8, () => {
      if (service !== '') writer.string(1, service)
      writer.message(2, () => writer.varint(1, count))
    })
  }
}

function writeSet(writer: ProtobufWriter, set: SpanSet, fields: string[], options: SearchOptions): void {
  for (const span of set.spans) writer.message(1, () => writeSpan(writer, span, fields, options))
  writer.varint(2, set.matched)
  for (const [key, value] of set.by) writeAttribute(writer, 3, key, value)
}

function writeSpan(
  writer: ProtobufWriter,
  span: StoredSpan,
  fields: string[],
  { dedicated }: SearchOptions,
): void {
  writer.string(1, span.spanId)
  if (fields.includes('span:name')) writer.string(2, span.name)
  if (span.startNs > 0n) writer.varint(3, span.startNs)
  if (span.durationNs > 0) writer.varint(4, BigInt(span.durationNs))
  for (const field of fields) {
    if (field === 'span:name') continue
    const key = keyOf(field)
    const value = attributeOf(span, field) ?? (dedicated.includes(key) ? 'nil' : undefined)
    if (value !== undefined) writeAttribute(writer, 5, key, value)
  }
}

/** Attributes come without their scope. */
function keyOf(field: string): string {
  if (field === 'span:parentID') return field
  if (field.startsWith('span:')) return field.slice(5)
  const key = field.replace(/^(resource|span)?\./, '')
  return key.startsWith('"') ? (JSON.parse(key) as string) : key
}

function writeAttribute(writer: ProtobufWriter, field: number, key: string, value: AttributeValue): void {
  writer.message(field, () => {
    writer.string(1, key)
    writer.message(2, () => {
      if (typeof value === 'string') writer.string(1, value)
      else if (typeof value === 'boolean') writer.varint(2, value ? 1 : 0)
      else if (Number.isInteger(value)) writer.varint(3, value)
      else writer.double(4, value)
    })
  })
}

/** OTLP TracesData of one trace: 1 resourceSpans. */
export function encodeTrace(spans: StoredSpan[]): Uint8Array {
  const writer = new ProtobufWriter()
  const bytes = (hex: string) => Buffer.from(hex, 'hex')
  for (const span of spans) {
    writer.message(1, () => {
      writer.message(1, () => {
        for (const [key, value] of Object.entries(span.resource ?? {})) writeAttribute(writer, 1, key, value)
        if (span.service !== undefined) writeAttribute(writer, 1, 'service.name', span.service)
      })
      writer.message(2, () =>
        writer.message(2, () => {
          writer.bytes(1, bytes(span.traceId))
          writer.bytes(2, bytes(span.spanId))
          if (span.parentId !== undefined) writer.bytes(4, bytes(span.parentId))
          writer.string(5, span.name)
          writer.varint(6, span.kind ?? 0)
          writer.fixed64(7, span.startNs)
          writer.fixed64(8, span.startNs + BigInt(span.durationNs))
          for (const [key, value] of Object.entries(span.attributes ?? {}))
            writeAttribute(writer, 9, key, value)
          writer.message(15, () => writer.varint(3, span.status ?? 0))
        }),
      )
    })
  }
  return writer.finish()
}
