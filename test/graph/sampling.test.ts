import t from 'tap'
import type { GraphBuilderOptions } from '../../src/graph/kernel.ts'
import { builderOf } from '../support/graph/test-graphs.ts'
import { spanTable, type TestSpan } from '../support/graph/test-spans.ts'
import { randomNumbers } from '../support/random-numbers.ts'

const web: TestSpan = { id: 1, service: 'web', name: 'GET /', kind: 'server', adjustedCount: 8 }
const cart: TestSpan = { id: 2, parent: 1, service: 'cart', name: 'GET /cart', kind: 'server' }

/** Figures of an edge or node: calls, adjusted count, variance. */
const estimateOf = (row?: { count: number; adjustedCount: number; adjustedCountVariance: number }) => [
  row?.count,
  row?.adjustedCount,
  row?.adjustedCountVariance,
]

function rowsOf(
  traces: TestSpan[][],
  level: 'operation' | 'service',
  options?: Partial<GraphBuilderOptions>,
) {
  const builder = builderOf(traces, { ...options, level })
  const graph = level === 'service' ? builder.finishServices() : builder.finish()
  const titles = graph?.nodes.map(({ title }) => title) ?? []
  const edge = (from: string, to: string) =>
    graph?.edges.find(({ source, target }) => titles[source] === from && titles[target] === to)
  return { node: (title: string) => graph?.nodes[titles.indexOf(title)], edge }
}

for (const level of ['operation', 'service'] as const) {
  t.test(`level ${level}`, async (t) => {
    t.test(
      'an edge is seen if both spans were kept, so it has the larger of their adjusted counts',
      async (t) => {
        // The callers of 5,000 requests have the threshold e, one in eight, and the callees 0. So 613 whole traces were
        // kept, of the others only the callee.
        const traces = Array.from({ length: 5000 }, (_, request) => (request < 613 ? [web, cart] : [cart]))
        const { node, edge } = rowsOf(traces, level)
        t.same(estimateOf(edge('web', 'cart')), [613, 4904, 613 * 8 * 7])
        t.same(estimateOf(node('cart')), [5000, 5000, 0])
        t.same(estimateOf(node('web')), [613, 4904, 613 * 8 * 7])
        const low = edge('web', 'cart')?.adjustedCountLow ?? 0
        const high = edge('web', 'cart')?.adjustedCountHigh ?? 0
        t.ok(low > 4500 && low < 5000 && high > 5000 && high < 5400, `${low} to ${high}`)
      },
    )

    t.test('spans without a service between both must have been kept as well', async (t) => {
      const between: TestSpan = { id: 3, parent: 1, name: 'mesh', adjustedCount: 16 }
      const below: TestSpan = { ...between, id: 4, parent: 3, adjustedCount: 2 }
      const { edge } = rowsOf([[web, between, below, { ...cart, parent: 4 }]], level)
      t.same(estimateOf(edge('web', 'cart')), [1, 16, 16 * 15])
    })

    t.test('calls of one trace share its decision: their variance grows with the square', async (t) => {
      const calls = [2, 3, 4].map((id) => ({ ...cart, id }))
      const { edge } = rowsOf([[web, ...calls]], level)
      t.same(estimateOf(edge('web', 'cart')), [3, 24, 9 * 8 * 7])
      const mixed = [{ ...cart }, { ...cart, id: 3, adjustedCount: 16 }]
      // 8 * 7 for the first, 16 * 15 for the second, twice (8 - 1) * 16 for the pair.
      t.same(estimateOf(rowsOf([[web, ...mixed]], level).edge('web', 'cart')), [2, 24, 56 + 240 + 2 * 112])
    })

    t.test('a removed trace takes its variance with it', async (t) => {
      const heavy = [web, { ...cart, adjustedCount: 1e9 }, { ...cart, id: 3, adjustedCount: 10 / 3 }]
      const builder = builderOf([[web, cart], heavy], { level })
      builder.remove(spanTable(builder.strings, 2, heavy))
      const graph = level === 'service' ? builder.finishServices() : builder.finish()
      t.same(estimateOf(graph?.edges[0]), [1, 8, 56])
    })

    t.test('the interval is the count itself if nothing was sampled', async (t) => {
      const { edge } = rowsOf([[{ ...web, adjustedCount: 1 }, cart]], level)
      t.match(edge('web', 'cart'), { adjustedCountLow: 1, adjustedCountHigh: 1, adjustedCountVariance: 0 })
    })
  })
}

t.test('a peer counts the calls of a trace that came over several edges together', async (t) => {
  const peer = { 'db.system': 'mysql' }
  const query = (id: number, service: string): TestSpan => ({
    id,
    parent: 1,
    service,
    name: 'SELECT',
    kind: 'client',
    peer,
    adjustedCount: 8,
  })
  const { node, edge } = rowsOf([[web, query(2, 'web'), query(3, 'cart'), query(4, 'cart')]], 'service')
  t.same(estimateOf(edge('web', 'mysql')), [1, 8, 56])
  t.same(estimateOf(edge('cart', 'mysql')), [2, 16, 4 * 56])
  t.same(estimateOf(node('mysql')), [3, 24, 9 * 56])
})

t.test('nodes that are folded into one may share traces: their deviations are added', async (t) => {
  const calls = ['a', 'b', 'c'].map((name, at) => ({ ...cart, id: at + 2, name }))
  const light = calls.map((call) => ({ ...call, adjustedCount: 4 }))
  const { nodes } = builderOf([[{ ...web, adjustedCount: 4 }, ...light]], { maxNodes: 1 }).finish()
  const other = nodes.find(({ role, title }) => role === 'other' && title === 'cart')
  // Twice the deviation sqrt(12).
  t.equal(other?.count, 2)
  t.equal(other?.adjustedCountVariance.toFixed(3), '48.000')
})

t.test('a message from producer to consumer has the larger of both counts, as a call has', async (t) => {
  const sent: TestSpan = { ...web, kind: 'producer' }
  const received: TestSpan = { ...cart, kind: 'consumer' }
  t.same(estimateOf(rowsOf([[sent, received]], 'service').edge('web', 'cart')), [1, 8, 56])
})

/** Adjusted counts of caller and callee. */
const thresholds: [ofWeb: number, ofCart: number][] = [
  [8, 1],
  [2, 4],
  [1, 16],
  [4, 4],
]

/** The kept spans of a request. One random number decides for all of them (OpenTelemetry's consistent sampling). */
function keptSpans(request: number, draw: number): TestSpan[] {
  const [ofWeb, ofCart] = thresholds[request % thresholds.length] as [number, number]
  const calls = request % 3 === 0 ? 2 : 1
  const callees = Array.from({ length: calls }, (_, call) => ({
    ...cart,
    id: 2 + call,
    adjustedCount: ofCart,
  }))
  return [
    ...(draw * ofWeb < 1 ? [{ ...web, adjustedCount: ofWeb }] : []),
    ...(draw * ofCart < 1 ? callees : []),
  ]
}

t.test('the interval holds the truth in 93 to 97 of 100 runs with mixed thresholds', async (t) => {
  const runs = 1000
  const requests = 300
  const calls = requests + requests / 3
  const random = randomNumbers(20_261_201)
  let holds = 0
  for (let run = 0; run < runs; run++) {
    const traces = Array.from({ length: requests }, (_, request) => keptSpans(request, random()))
    const { edge } = rowsOf(
      traces.filter((spans) => spans.length > 0),
      'operation',
    )
    const { adjustedCountLow = 0, adjustedCountHigh = 0 } = edge('web', 'cart') ?? {}
    if (adjustedCountLow <= calls && calls <= adjustedCountHigh) holds++
  }
  t.ok(holds >= 0.93 * runs && holds <= 0.97 * runs, `${holds} of ${runs}`)
})

t.test('failed calls have their own adjusted count', async (t) => {
  const failing: TestSpan = { ...cart, status: 'error', adjustedCount: 4 }
  for (const level of ['operation', 'service'] as const) {
    const { edge, node } = rowsOf(
      [
        [{ ...web, adjustedCount: 2 }, cart],
        [{ ...web, adjustedCount: 2 }, failing],
      ],
      level,
    )
    t.match(edge('web', 'cart'), {
      failed: 1,
      adjustedCount: 6,
      adjustedFailed: { adjustedCount: 4, adjustedCountVariance: 12 },
    })
    t.match(node('cart'), {
      failed: 1,
      adjustedCount: 5,
      adjustedFailed: { adjustedCount: 4, adjustedCountVariance: 12 },
    })
    t.match(node('web'), { failed: 0, adjustedFailed: { adjustedCount: 0, adjustedCountHigh: 0 } })
  }
})
