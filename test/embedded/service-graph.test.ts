import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { defaultConfig } from '../../src/config/load.ts'
import { createLogger } from '../../src/http/logger.ts'
import {
  type CaseSpan,
  linksOfRows,
  type ServiceCase,
  serviceCases,
  sorted,
  spansOf,
} from '../graph/service-cases.ts'

const nowMs = Date.parse('2025-06-01T10:00:00Z')

async function start(t: Test) {
  const { app, close } = await buildApp(defaultConfig(), { logger: createLogger('silent'), now: () => nowMs })
  t.teardown(close)
  return app
}

type App = Awaited<ReturnType<typeof start>>

const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } })
const kinds = { SERVER: 2, CLIENT: 3, PRODUCER: 4, CONSUMER: 5 }

/** As OpenTelemetry's Zipkin receiver translates a span; `tag` tells the cases in one store apart. */
function resourceSpans(span: CaseSpan, tag: string) {
  const startUs = span.timestamp ?? nowMs * 1000 - 60e6
  const attributes = []
  if (span.remoteServiceName) attributes.push(attribute('peer.service', span.remoteServiceName))
  if (span.localIp) attributes.push(attribute('net.host.ip', span.localIp))
  const resource = [attribute('case', tag)]
  if (span.localServiceName) resource.push(attribute('service.name', span.localServiceName))
  return {
    resource: { attributes: resource },
    scopeSpans: [
      {
        spans: [
          {
            traceId: span.traceId.padStart(32, '0'),
            spanId: span.id.padStart(16, '0'),
            parentSpanId: span.parentId?.padStart(16, '0') ?? '',
            name: 'call',
            kind: span.kind ? kinds[span.kind] : 0,
            startTimeUnixNano: `${startUs}000`,
            endTimeUnixNano: `${startUs + (span.duration ?? 1)}000`,
            attributes,
            status: span.error ? { code: 2 } : {},
          },
        ],
      },
    ],
  }
}

async function send(app: App, spans: CaseSpan[], tag: string): Promise<void> {
  const payload = { resourceSpans: spans.map((span) => resourceSpans(span, tag)) }
  const answer = await app.inject({ method: 'POST', url: '/v1/traces', payload })
  if (answer.statusCode !== 200) throw new Error(answer.body)
}

/** The same trace under an id of its own; ids that share their low 64 bits still do. */
function renamed(span: CaseSpan, name: string): CaseSpan {
  const id = span.traceId.padStart(16, '0')
  return { ...span, traceId: id.slice(0, -16) + name + id.slice(-16).slice(name.length) }
}

/** The window in which the case is asked for; half an hour around its first span where it says none. */
function windowOf(spans: CaseSpan[], { window }: ServiceCase): string {
  const firstMs = Math.min(nowMs, ...spans.map(({ timestamp }) => (timestamp ?? nowMs * 1000 - 60e6) / 1000))
  const toMs = firstMs + (window?.endTsOffsetMs ?? 900_000)
  const fromMs = Math.max(0, toMs - (window?.lookbackMs ?? 1_800_000))
  return `from=${new Date(fromMs).toISOString()}&to=${new Date(toMs).toISOString()}`
}

for (const encoding of ['shared ids', 'own ids'] as const) {
  t.test(`every case of others, sent and read back through the API, with ${encoding}`, async (t) => {
    const app = await start(t)
    for (const [index, example] of serviceCases.entries()) {
      const spans = spansOf(example, encoding)
      for (let time = 0; time < (example.putTraceTimes ?? 1); time++) {
        const name = `${time + 1}${String(index).padStart(2, '0')}`
        await send(
          app,
          spans.map((span) => renamed(span, name)),
          `case${index}`,
        )
      }
      const selected = `tag=resource.case&filter=^case${index}$&useTagAsNode=false`
      const answer = await app.inject(`/graphs/case?level=service&${selected}&${windowOf(spans, example)}`)
      t.same(linksOfRows(answer.json()), sorted(example.expected), `${example.name}: ${example.why}`)
    }
  })
}
