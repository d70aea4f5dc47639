import t, { type Test } from 'tap'
import { buildApp } from '../../../src/app.ts'
import { defaultConfig } from '../../../src/config/file/load.ts'
import { createLogger } from '../../../src/operations/logger.ts'

const nowMs = Date.parse('2025-06-01T10:00:00Z')

async function start(t: Test) {
  const { app, close } = await buildApp(defaultConfig(), { logger: createLogger('silent'), now: () => nowMs })
  t.teardown(close)
  return app
}

interface Sent {
  id: number
  parent?: number
  service: string
  ms: number
  traceState?: string
  attributes?: object[]
}

const hex = (id: number, digits: number) => id.toString(16).padStart(digits, '0')

function resourceSpans({ id, parent, service, ms, ...more }: Sent) {
  const startMs = nowMs - 60_000
  const span = {
    traceId: hex(7, 32),
    spanId: hex(id, 16),
    parentSpanId: parent === undefined ? '' : hex(parent, 16),
    name: 'op',
    kind: 2,
    startTimeUnixNano: `${startMs}000000`,
    endTimeUnixNano: `${startMs + ms}000000`,
    ...more,
  }
  const attributes = [{ key: 'service.name', value: { stringValue: service } }]
  return { resource: { attributes }, scopeSpans: [{ spans: [span] }] }
}

const ints = (attributes: Record<string, number>) =>
  Object.entries(attributes).map(([key, value]) => ({ key, value: { intValue: String(value) } }))

t.test('shows sampling and pruning in the rows of both graphs', async (t) => {
  const app = await start(t)
  const payload = {
    resourceSpans: [
      { id: 1, service: 'web', ms: 90, traceState: 'ot=th:c' },
      { id: 2, parent: 1, service: 'shop', ms: 80, attributes: ints({ rate: 10 }) },
      { id: 3, parent: 1, service: 'shop', ms: 20, traceState: 'ot=th:zz', attributes: ints({ rate: 0 }) },
      {
        id: 4,
        parent: 1,
        service: 'cart',
        ms: 70,
        attributes: [
          { key: 'aggregation.is_summary', value: { boolValue: true } },
          ...ints({
            'aggregation.span_count': 12,
            'aggregation.duration_min_ns': 1e6,
            'aggregation.duration_max_ns': 49e6,
            'aggregation.duration_total_ns': 120e6,
          }),
        ],
      },
    ].map(resourceSpans),
  }
  t.equal((await app.inject({ method: 'POST', url: '/v1/traces', payload })).statusCode, 200)
  for (const level of ['operation', 'service']) {
    const url = `/graphs/any?level=${level}&useTagAsNode=false&samplingAttribute=rate`
    const { nodes, edges, summary } = (await app.inject(url)).json()
    t.match(
      nodes,
      [
        { title: 'cart', count: 12, adjustedCount: 12, slow: 1, meanMs: 10 },
        { title: 'shop', count: 2, adjustedCount: 11, mainStat: 2 },
        { title: 'web', count: 1, adjustedCount: 4 },
      ],
      level,
    )
    const words = edges.map(({ detail__traffic }: { detail__traffic: string }) => detail__traffic)
    t.same(
      words.sort(),
      ['12 calls, about 48 before sampling, 0.00167/s', '2 calls, about 14 before sampling, 0.000278/s'],
      level,
    )
    t.equal(summary.spans.badWeights, 1)
    t.match(summary.warnings, [/^1 span with an impossible sampling ratio or pruned count/])
  }
  const { nodes } = (await app.inject('/graphs/any?useTagAsNode=false')).json()
  t.match(nodes, [{}, { title: 'shop', adjustedCount: 2 }], 'the attribute counts only where it is asked for')
  const wrong = await app.inject('/graphs/any?samplingAttribute=span.')
  t.match(wrong.json(), { status: 400, errors: [{ field: 'samplingAttribute', value: 'span.' }] })
})
