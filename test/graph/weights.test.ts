import t from 'tap'
import { trafficText } from '../../src/node-graph/detail-texts.ts'
import { rowNumbers } from '../../src/node-graph/row-numbers.ts'
import { builderOf, graphOf } from '../support/graph/test-graphs.ts'
import type { TestSpan } from '../support/graph/test-spans.ts'

const root: TestSpan = { id: 1, service: 'shop', name: 'op', durationMs: 100 }
const call = (id: number, more: Partial<TestSpan>): TestSpan => ({
  id,
  parent: 1,
  service: 'cart',
  name: 'op',
  kind: 'server',
  ...more,
})

t.test(
  'the adjusted count of a call is the larger of its two spans; count stays what was recorded',
  async (t) => {
    const { nodes, edges } = graphOf([
      { ...root, adjustedCount: 3 },
      call(2, { adjustedCount: 10 }),
      call(3, { adjustedCount: 2.5 }),
      call(4, {}),
    ])
    t.match(nodes, [
      { title: 'cart', count: 3, adjustedCount: 13.5 },
      { title: 'shop', count: 1, adjustedCount: 3 },
    ])
    t.match(edges, [{ count: 3, adjustedCount: 10 + 3 + 3 }])
  },
)

t.test('counts a summary as the calls that it represents', async (t) => {
  const summary = call(2, { summaryOf: [10e6, 50e6, 90e6, 30e6], durationMs: 500, adjustedCount: 2 })
  const ok = graphOf([root, summary, call(3, { durationMs: 20 })])
  t.match(ok.edges, [{ count: 5, adjustedCount: 9, failed: 0, slow: 2, meanNs: 40e6 }])
  t.equal(ok.edges[0]?.p50Ns.toPrecision(2), '3.0e+7')
  t.equal(ok.edges[0]?.p99Ns.toPrecision(1), '9e+7')
  t.match(graphOf([root, { ...summary, status: 'error' }]).edges, [{ count: 4, failed: 4, slow: 0 }])

  t.test('among self calls as well', async (t) => {
    const { nodes } = graphOf([root, { ...summary, service: 'shop' }])
    t.match(nodes, [{ title: 'shop', count: 5, selfCalls: 4 }])
  })

  t.test('but a trace that begins with one is one trace', async (t) => {
    const builder = builderOf([[{ ...root, tag: 'eu', summaryOf: [1, 2], adjustedCount: 4 }]], {
      isTagNode: () => true,
    })
    const { nodes, edges } = builder.finish()
    t.match(nodes, [
      { role: 'operation', count: 2, adjustedCount: 8 },
      { role: 'tag', count: 1, adjustedCount: 4 },
    ])
    t.match(edges, [{ count: 1, adjustedCount: 4 }])
  })
})

t.test('at the service level calls of peers and messages from other traces keep their weight', async (t) => {
  const services = builderOf(
    [
      [{ ...root, kind: 'producer', adjustedCount: 4, peer: { 'messaging.destination.name': 'orders' } }],
      [call(7, { parent: undefined, kind: 'consumer', adjustedCount: 8, link: [1, 1] })],
      [
        { ...root, kind: 'server' },
        call(2, {
          service: 'shop',
          kind: 'client',
          summaryOf: [1e6, 2e6, 3e6],
          peer: { 'db.system': 'mysql' },
        }),
      ],
    ],
    { level: 'service' },
  ).finishServices()
  const titles = services?.nodes.map(({ title }) => title) ?? []
  const calls = services?.edges.map(
    ({ source, target, count, adjustedCount }) =>
      `${titles[source]} > ${titles[target]} ${count} ${adjustedCount}`,
  )
  t.same(calls?.sort(), ['orders > cart 1 8', 'shop > mysql 3 3', 'shop > orders 1 4'])
})

t.test('sums are exact: a weight of 2^56 does not drown the others', async (t) => {
  const heavy = call(2, { adjustedCount: 2 ** 56 })
  const strings = builderOf([[root, heavy, call(3, { adjustedCount: 10 / 3 })]])
  t.match(strings.finish().edges, [{ count: 2 }])
  t.equal(strings.finish().edges[0]?.adjustedCount, 2 ** 56)
  const thirds = Array.from({ length: 3000 }, (_, index) => call(index + 2, { adjustedCount: 10 / 3 }))
  t.equal(graphOf([root, ...thirds]).edges[0]?.adjustedCount, 9999.999, 'whole millionths: 3.333333 each')
})

t.test('rows give the adjusted count, and a text if it differs from the count', async (t) => {
  const red = { ...graphOf([root]).nodes[0], count: 12, adjustedCount: 1200.4, failed: 2 } as never
  const whole = { windowSec: 120, endToEndNs: 1 }
  t.equal(trafficText(red, 120), '12 calls, about 1,200 before sampling, 0.1/s, 2 failed')
  t.match(rowNumbers(red, whole), { count: 12, adjustedCount: 1200.4, perSec: 0.1 })
})
