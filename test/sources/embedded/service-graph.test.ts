import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import { buildApp } from '../../../src/app.ts'
import { defaultConfig } from '../../../src/config/file/load.ts'
import { createLogger } from '../../../src/operations/logger.ts'
import {
  type CaseSpan,
  linksOfRows,
  type ServiceCase,
  serviceCases,
  sorted,
  spansOf,
} from '../../support/graph/service-cases.ts'

const nowMs = Date.parse('2025-06-01T10:00:00Z')

async function start(t: Test) {
  const { app, close } = await buildApp(defaultConfig(), { logger: createLogger('silent'), now: () => nowMs })
  t.teardown(close)
  return app
}

type App = Awaited<ReturnType<typeof start>>

const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } })
const kinds = { SERVER: 2, CLIENT: 3, PRODUCER: 4, CONSUMER: 5 }

/** A span as OpenTelemetry's Zipkin receiver translates it; `tag` separates the cases in one store. */
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

/** The same trace with another id; ids with equal low 64 bits keep that property. */
function renamed(span: CaseSpan, name: string): CaseSpan {
  const id = span.traceId.padStart(16, '0')
  return { ...span, traceId: id.slice(0, -16) + name + id.slice(-16).slice(name.length) }
}

/** The window of the case. @default half an hour around its first span */
function windowOf(spans: CaseSpan[], { window }: ServiceCase): string {
  const starts = spans.map(({ timestamp }) => (timestamp ?? nowMs * 1000 - 60e6) / 1000)
  // An impossible start does not decide where a trace belongs.
  const firstMs = Math.min(nowMs, ...starts.filter((ms) => ms > Date.parse('1971-01-02')))
  const toMs = firstMs + (window?.endTsOffsetMs ?? 900_000)
  const fromMs = Math.max(0, toMs - (window?.lookbackMs ?? 1_800_000))
  return `from=${new Date(fromMs).toISOString()}&to=${new Date(toMs).toISOString()}`
}

for (const encoding of ['shared ids', 'own ids'] as const) {
  t.test(`sends and reads back every case of other tools through the API, with ${encoding}`, async (t) => {
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

const spans: CaseSpan[] = [
  { traceId: 'a', id: '1', kind: 'SERVER', localServiceName: 'web' },
  { traceId: 'a', id: '2', parentId: '1', kind: 'CLIENT', localServiceName: 'web' },
  { traceId: 'a', id: '3', parentId: '2', kind: 'SERVER', localServiceName: 'cart' },
  {
    traceId: 'a',
    id: '4',
    parentId: '3',
    kind: 'CLIENT',
    localServiceName: 'cart',
    remoteServiceName: 'bank',
  },
]

const md5 = (text: string) => createHash('md5').update(text).digest('hex')

t.test('a service has the node of the demo, and no second node for its tag', async (t) => {
  const app = await start(t)
  await send(app, spans, 'x')
  const { nodes, summary } = (await app.inject('/graphs/shop?level=service')).json()
  t.match(nodes, [
    { id: md5('bank##external'), title: 'bank', subTitle: 'external', detail__named_by: 'peer.service' },
    { id: md5('cart##service'), title: 'cart', subTitle: 'Service Node', detail__role: 'service' },
    { id: md5('web##service'), title: 'web', count: 1, selfCalls: 0, detail__named_by: '' },
  ])
  t.equal(nodes.length, 3)
  t.match(summary, {
    built: { nodes: 3, edges: 2 },
    spans: { counted: 4, edgeCalls: 1, selfCalls: 2, roots: 1 },
  })
  const tagged = (await app.inject('/graphs/shop?level=service&tag=resource.case')).json()
  t.match(tagged.nodes[3], { title: 'x', detail__role: 'tag', count: 1 }, 'another tag has its own nodes')
  t.match(tagged.edges[2], { source: tagged.nodes[3].id, target: md5('web##service') })
})

t.test('gives two graphs for both levels of one read', async (t) => {
  const app = await start(t)
  await send(app, spans, 'x')
  const payload = { graph: 'shop', level: 'both', useTagAsNode: false }
  const answer = await app.inject({ method: 'POST', url: '/aggregate', payload })
  t.match(answer.json(), {
    graph: 'shop',
    built: { nodes: 2, edges: 1 },
    services: { graph: 'shop-services', built: { nodes: 3, edges: 2 }, sinks: [{ state: 'stored' }] },
  })
  const operations = (await app.inject('/graphs/shop')).json()
  t.same(
    operations.nodes.map((node: { detail__role: string }) => node.detail__role),
    ['operation', 'operation'],
  )
  const services = (await app.inject('/graphs/shop-services')).json()
  t.match(services, { name: 'shop-services', summary: { graph: 'shop-services', built: { nodes: 3 } } })
  t.same(
    (await app.inject('/graphs/other?level=operation&useTagAsNode=false')).json().nodes,
    operations.nodes,
  )
  t.equal(
    (await app.inject('/graphs/other?level=both&useTagAsNode=false')).json().nodes.length,
    2,
    'a GET has one',
  )

  const long = { ...payload, graph: 'a'.repeat(56) }
  const refused = await app.inject({ method: 'POST', url: '/aggregate', payload: long })
  t.equal(refused.statusCode, 400)
  t.match(refused.json().errors, [{ field: 'graph', message: 'at most 55 characters' }])
})
