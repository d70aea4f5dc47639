import type { Test } from 'tap'
import { buildApp } from '../../../src/app.ts'
import { defaultConfig } from '../../../src/config/file/load.ts'
import { SpanKind, SpanStatus } from '../../../src/graph/spans/span-table.ts'
import { startNsOf, type TestSpan } from '../../support/graph/test-spans.ts'

const hexId = (id: number, digits: number) => id.toString(16).padStart(digits, '0')
const attribute = (key: string, value: string) => ({ key, value: { stringValue: value } })

/** An OTLP request with the traces; times are ms after a minute ago, trace ids count from 1. */
function otlpOf(traces: TestSpan[][], minuteAgoMs: number): object {
  const resourceSpans = traces.flatMap((trace, index) =>
    trace.map((span) => {
      const start = BigInt(minuteAgoMs) * 1_000_000n + startNsOf(span)
      const lasts = BigInt(Math.round((span.durationMs ?? 10) * 1e6))
      const link = span.link && { traceId: hexId(span.link[0], 32), spanId: hexId(span.link[1], 16) }
      return {
        resource: { attributes: span.service ? [attribute('service.name', span.service)] : [] },
        scopeSpans: [
          {
            spans: [
              {
                traceId: hexId(index + 1, 32),
                spanId: hexId(span.id, 16),
                parentSpanId: span.parent === undefined ? '' : hexId(span.parent, 16),
                name: span.name,
                kind: SpanKind[span.kind ?? 'internal'],
                status: { code: SpanStatus[span.status ?? 'unset'] },
                startTimeUnixNano: `${start}`,
                endTimeUnixNano: `${span.skewed ? start - 1n : start + lasts}`,
                attributes: Object.entries(span.peer ?? {}).map(([key, value]) => attribute(key, value)),
                links: link ? [link] : [],
              },
            ],
          },
        ],
      }
    }),
  )
  return { resourceSpans }
}

/** A whole tta without a Tempo that has taken in the traces. */
export async function startApp(t: Test, traces: TestSpan[][]) {
  const minuteAgoMs = Date.now() - 60_000
  const parts = await buildApp({ ...defaultConfig(), log: { level: 'silent' } })
  t.teardown(parts.close)
  const { app } = parts
  const send = (more: TestSpan[][]) =>
    app.inject({ method: 'POST', url: '/v1/traces', payload: otlpOf(more, minuteAgoMs) })
  await send(traces)
  const build = async (parameters: object = {}) => {
    const response = await app.inject({ method: 'POST', url: '/aggregate', payload: parameters })
    return response.json()
  }
  const get = async (url: string) => {
    const response = await app.inject(url)
    return { status: response.statusCode, body: response.json() }
  }
  return { ...parts, send, build, get, minuteAgoMs }
}

export const hexTrace = (id: number) => hexId(id, 32)
export const hexSpan = (id: number) => hexId(id, 16)
