import t, { type Test } from 'tap'
import { buildApp } from '../../../src/app.ts'
import { defaultConfig } from '../../../src/config/file/load.ts'
import type { GraphDocument } from '../../../src/model/graph-document.ts'
import { createLogger } from '../../../src/operations/logger.ts'

const nowMs = Date.parse('2025-06-01T10:00:00Z')
const startNs = `${nowMs - 60_000}000000`
const endNs = `${nowMs - 60_000}005000`

interface Span {
  traceId: string
  spanId: string
  parentSpanId?: string
  name: string
  startTimeUnixNano: string
  endTimeUnixNano: string
}

async function start(t: Test, maxNodes = 10_000) {
  const config = defaultConfig()
  const { app, close } = await buildApp(
    { ...config, build: { ...config.build, max_nodes: maxNodes } },
    { logger: createLogger('silent'), now: () => nowMs },
  )
  t.teardown(close)
  const send = async (service: string, spans: Span[]) => {
    const attributes = [{ key: 'service.name', value: { stringValue: service } }]
    const payload = { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans }] }] }
    return (await app.inject({ method: 'POST', url: '/v1/traces', payload })).statusCode
  }
  const graph = async (query = '') => {
    const answer = await app.inject(`/graphs/hostile?from=now-1h${query}`)
    t.equal(answer.statusCode, 200)
    return answer.json<GraphDocument>()
  }
  return { send, graph }
}

const id = (number: number, digits: number) => number.toString(16).padStart(digits, '0')
const span = (trace: number, spanId: number, name: string, more: Partial<Span> = {}): Span => ({
  traceId: id(trace, 32),
  spanId: id(spanId, 16),
  name,
  startTimeUnixNano: startNs,
  endTimeUnixNano: endNs,
  ...more,
})

t.test('limits a graph of 50,000 span names to build.max_nodes, with a warning', async (t) => {
  const { send, graph } = await start(t, 100)
  for (let batch = 0; batch < 10; batch++) {
    const spans = Array.from({ length: 5000 }, (_, index) => {
      const trace = batch * 5000 + index + 1
      return span(trace, 1, `GET /items/${trace}`)
    })
    t.equal(await send('shop', spans), 200)
  }
  const { nodes, summary } = await graph('&useTagAsNode=false&limit=100000')
  t.equal(nodes.length, 101)
  t.equal(
    nodes.reduce((sum, { count }) => sum + count, 0),
    50_000,
  )
  t.match(
    nodes.find(({ detail__role }) => detail__role === 'other'),
    { title: 'shop', subTitle: 'other', count: 49_900, traceql: '{ resource.service.name = "shop" }' },
  )
  t.equal(summary.status, 'complete')
  // Ten times as many during the read; one of them is the node of all later names.
  t.match(summary.warnings, [
    /^899 of 999 operations are drawn as `other` \(build\.max_nodes\)/,
    /^49,001 calls went to `other` during the read/,
  ])
})

t.test('builds a graph of a trace with 100,000 spans, 10,000 deep at one end', async (t) => {
  const { send, graph } = await start(t)
  for (let batch = 0; batch < 10; batch++) {
    const spans = Array.from({ length: 10_000 }, (_, index) => {
      const number = batch * 10_000 + index + 1
      const parent = number <= 10_000 ? number - 1 : 1
      return span(1, number, `op ${number % 2}`, parent > 0 ? { parentSpanId: id(parent, 16) } : {})
    })
    t.equal(await send('shop', spans), 200)
  }
  const { nodes, edges, summary } = await graph('&useTagAsNode=false')
  t.match(summary.spans, { counted: 100_000, roots: 1, orphans: 0 })
  t.same(
    nodes.map(({ count }) => count),
    [50_000, 50_000],
  )
  t.equal(edges.length, 2)
  t.match(edges[0]?.exemplars, { slowest: id(1, 32), failed: null, typical: id(1, 32) })
})

t.test(
  'accepts spans of 1970 and 2200, outside the last hour, and ignores an end before the start',
  async (t) => {
    const { send, graph } = await start(t)
    t.equal(await send('old', [span(1, 1, 'a', { startTimeUnixNano: '1', endTimeUnixNano: '2' })]), 200)
    const year2200 = { startTimeUnixNano: '7258118400000000000', endTimeUnixNano: '7258118400000000001' }
    t.equal(await send('new', [span(2, 1, 'b', year2200)]), 200)
    t.equal(await send('odd', [span(3, 1, 'c', { endTimeUnixNano: `${nowMs - 90_000}000000` })]), 200)
    t.equal(await send('far', [span(4, 1, 'd', { endTimeUnixNano: '18446744073709551615' })]), 200)
    const { nodes, summary } = await graph('&useTagAsNode=false')
    t.match(nodes, [
      { title: 'far', count: 1 },
      { title: 'odd', count: 1, meanMs: 0 },
    ])
    t.ok((nodes[0]?.meanMs ?? 0) > 1e12, 'five centuries')
    t.equal(summary.spans.skewed, 1)
  },
)
