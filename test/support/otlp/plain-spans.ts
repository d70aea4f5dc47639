import type { SpanTable } from '../../../src/graph/spans/span-table.ts'
import type { Attribute } from '../../../src/sources/tag-selector.ts'

/** A span with everything a `SpanTable` knows of it, to compare by eye. */
export interface PlainSpan {
  traceId: string
  spanId: string
  parentId: string
  name: string
  service: string
  tag: string
  kind: number
  status: number
  startNs: string
  durationNs: number
  skewed: number
}

interface OtlpAttribute {
  key: string
  value: { stringValue?: string; intValue?: string | number; boolValue?: boolean; doubleValue?: number }
}

interface OtlpSpan {
  traceId: string
  spanId: string
  parentSpanId?: string
  name?: string
  kind?: number
  startTimeUnixNano?: string
  endTimeUnixNano?: string
  attributes?: OtlpAttribute[]
  status?: { code?: number; message?: string }
}

export interface OtlpJson {
  traces?: { name: string; traceId: string }[]
  resourceSpans: {
    resource?: { attributes?: OtlpAttribute[] }
    scopeSpans: { spans: OtlpSpan[] }[]
  }[]
}

const hex = (...words: (number | undefined)[]) =>
  words.map((word) => (word ?? 0).toString(16).padStart(8, '0')).join('')

/** The rows of a table, in order of trace and span id. */
export function plainRows(table: SpanTable): PlainSpan[] {
  const rows = Array.from({ length: table.length }, (_, row) => ({
    traceId: hex(...table.traceId),
    spanId: hex(table.spanIdHi[row], table.spanIdLo[row]),
    parentId: hex(table.parentIdHi[row], table.parentIdLo[row]),
    name: table.strings.text(table.name[row] ?? -1),
    service: table.strings.text(table.service[row] ?? -1),
    tag: table.strings.text(table.tagValue[row] ?? -1),
    kind: table.kind[row] ?? -1,
    status: table.status[row] ?? -1,
    startNs: String((BigInt(table.startHi[row] ?? 0) << 32n) | BigInt(table.startLo[row] ?? 0)),
    durationNs: table.durationNs[row] ?? -1,
    skewed: table.skewed[row] ?? -1,
  }))
  return sorted(rows)
}

/** The spans that the decoder should return for OTLP/JSON, by a simple independent implementation. */
export function plainInput({ resourceSpans }: OtlpJson, tag: Attribute): PlainSpan[] {
  return sorted(
    resourceSpans.flatMap(({ resource, scopeSpans }) =>
      scopeSpans.flatMap(({ spans }) =>
        spans.map((span) => {
          const { startNs, durationNs, skewed } = times(span)
          const onSpan = tag.scope === 'resource' ? '' : text(span.attributes, tag.key)
          const onResource = tag.scope === 'span' ? '' : text(resource?.attributes, tag.key)
          return {
            traceId: span.traceId,
            spanId: span.spanId,
            parentId: span.parentSpanId ?? '0000000000000000',
            name: span.name ?? '',
            service: text(resource?.attributes, 'service.name'),
            tag: onSpan || onResource,
            kind: span.kind ?? 0,
            status: span.status?.code ?? 0,
            startNs,
            durationNs,
            skewed,
          }
        }),
      ),
    ),
  )
}

function times({ startTimeUnixNano = '0', endTimeUnixNano = '0' }: OtlpSpan) {
  const durationNs = Number(BigInt(endTimeUnixNano) - BigInt(startTimeUnixNano))
  return { startNs: startTimeUnixNano, durationNs: Math.max(0, durationNs), skewed: durationNs < 0 ? 1 : 0 }
}

function text(attributes: OtlpAttribute[] | undefined, key: string): string {
  const value = attributes?.find((attribute) => attribute.key === key)?.value ?? {}
  return String(value.stringValue ?? value.intValue ?? value.boolValue ?? value.doubleValue ?? '')
}

function sorted(spans: PlainSpan[]): PlainSpan[] {
  const key = (span: PlainSpan) => span.traceId + span.spanId + span.kind
  return spans.sort((a, b) => (key(a) < key(b) ? -1 : 1))
}
