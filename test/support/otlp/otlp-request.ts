import type { Attributes, ShopSpan } from '../../../src/cli/demo/trace-recorder.ts'

/** ExportTraceServiceRequest in OTLP/JSON (opentelemetry.io/docs/specs/otlp): ids in hex, 64-bit numbers as text. */
export function otlpRequest(spans: readonly ShopSpan[]): object {
  const byService = new Map<string, ShopSpan[]>()
  for (const span of spans) byService.set(span.service, [...(byService.get(span.service) ?? []), span])
  return {
    resourceSpans: [...byService].map(([service, own]) => ({
      resource: {
        attributes: keyValues({
          'service.namespace': 'shop',
          'service.name': service,
          'host.name': `${service}-0`,
        }),
      },
      scopeSpans: [{ scope: { name: 'tta.demo.shop' }, spans: own.map(otlpSpan) }],
    })),
  }
}

function otlpSpan(span: ShopSpan): object {
  const { traceId, spanId, parentSpanId, name, kind, startMs, endMs, attributes, error } = span
  return {
    traceId,
    spanId,
    ...(parentSpanId === '' ? {} : { parentSpanId }),
    name,
    kind,
    startTimeUnixNano: nanoseconds(startMs),
    endTimeUnixNano: nanoseconds(endMs),
    attributes: keyValues(attributes),
    status: error === undefined ? {} : { code: 2, message: error },
  }
}

const nanoseconds = (ms: number) => String(BigInt(Math.round(ms * 1000)) * 1000n)

function keyValues(attributes: Attributes): object[] {
  return Object.entries(attributes).map(([key, value]) => ({
    key,
    value: typeof value === 'number' ? { intValue: String(value) } : { stringValue: value },
  }))
}
