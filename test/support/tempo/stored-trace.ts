/** A value of an attribute; integers are such in OTLP as well. */
export type AttributeValue = string | number | boolean

/** A span as the stand-in stores it. */
export interface StoredSpan {
  /** 32 hex digits. */
  traceId: string
  /** 16 hex digits. */
  spanId: string
  /** Absent: a root. */
  parentId?: string | undefined
  /** Absent: the resource has no `service.name`. */
  service?: string | undefined
  name: string
  /** Unix ns. */
  startNs: bigint
  durationNs: number
  /** Numbered as in OTLP. */
  kind?: number | undefined
  /** Numbered as in OTLP. */
  status?: number | undefined
  /** On the span. */
  attributes?: Record<string, AttributeValue> | undefined
  /** Attributes of the resource, except `service.name`. */
  resource?: Record<string, string> | undefined
}

/** Spans of one trace that Tempo stored together. A search of a fragment sees no other spans of the trace. */
export type Fragment = StoredSpan[]

const hexId = (id: number, digits: number) => id.toString(16).padStart(digits, '0')

/** A span as tests write it; times in ms. */
export interface Sketch {
  id: number
  parent?: number | undefined
  service?: string | undefined
  name?: string | undefined
  atMs: number
  ms?: number | undefined
  kind?: number | undefined
  status?: number | undefined
  attributes?: Record<string, AttributeValue> | undefined
}

/** @param epochMs start of `atMs`, Unix ms */
export function fragmentOf(traceId: number, epochMs: number, sketches: Sketch[]): Fragment {
  return sketches.map(({ id, parent, service = 'shop', name = 'work', atMs, ms = 10, ...more }) => ({
    ...more,
    traceId: hexId(traceId, 32),
    spanId: hexId(id, 16),
    parentId: parent === undefined ? undefined : hexId(parent, 16),
    service: service === '' ? undefined : service,
    name,
    startNs: BigInt(Math.round((epochMs + atMs) * 1000)) * 1000n,
    durationNs: Math.round(ms * 1e6),
  }))
}

/** First start and last end, Unix ns. */
export function extentNs(fragment: Fragment): { startNs: bigint; endNs: bigint } {
  let startNs = 2n ** 64n
  let endNs = 0n
  for (const span of fragment) {
    const end = span.startNs + BigInt(span.durationNs)
    if (span.startNs < startNs) startNs = span.startNs
    if (end > endNs) endNs = end
  }
  return { startNs, endNs }
}

/** The value of a TraceQL attribute of a span: `resource.x`, `span.x`, `.x`, or an intrinsic. */
export function attributeOf(span: StoredSpan, field: string): AttributeValue | undefined {
  const [, scope = '', key = ''] = /^(resource|span|)\.(.*)$/s.exec(field) ?? []
  if (key === '') return intrinsicOf(span, field)
  const name = key.startsWith('"') ? (JSON.parse(key) as string) : key
  const onSpan = scope === 'resource' ? undefined : span.attributes?.[name]
  const onResource = name === 'service.name' ? span.service : span.resource?.[name]
  return onSpan ?? (scope === 'span' ? undefined : onResource)
}

const kinds = ['unspecified', 'internal', 'server', 'client', 'producer', 'consumer']
const statuses = ['unset', 'ok', 'error']

function intrinsicOf(span: StoredSpan, field: string): string | undefined {
  if (field === 'trace:id') return span.traceId
  if (field === 'span:parentID') return span.parentId ?? '0000000000000000'
  if (field === 'span:name' || field === 'name') return span.name
  if (field === 'span:kind' || field === 'kind') return kinds[span.kind ?? 0]
  if (field === 'span:status' || field === 'status') return statuses[span.status ?? 0]
  // None of these spans has links.
  if (field === 'link:traceID' || field === 'link:spanID') return ''
  throw new SyntaxError(`unknown identifier: ${field}`)
}
