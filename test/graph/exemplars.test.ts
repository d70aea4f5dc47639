import fc from 'fast-check'
import t from 'tap'
import { StringTable } from '../../src/graph/columns/string-table.ts'
import type { Graph } from '../../src/graph/graph.ts'
import { builderOf, graphOf, hexTraceId } from '../support/graph/test-graphs.ts'
import { durationNsOf, spanTable, type TestSpan } from '../support/graph/test-spans.ts'

const call = (durationMs: number, more: Partial<TestSpan> = {}): TestSpan[] => [
  { id: 1, service: 'shop', name: 'op', durationMs, ...more },
]
const exemplarsOf = (graph: Graph) => graph.nodes.map(({ exemplars }) => exemplars)
const [one, two, three] = [1, 2, 3].map(hexTraceId)

t.test('the slowest call, none that failed, and a typical one', async (t) => {
  t.same(exemplarsOf(graphOf(call(10), call(90), call(20))), [{ slowest: two, failed: null, typical: three }])
})

t.test('of calls that are as slow the smallest trace id', async (t) => {
  t.equal(exemplarsOf(graphOf(call(10), call(90), call(90)))[0]?.slowest, two)
})

t.test('a failed call, however short', async (t) => {
  t.same(exemplarsOf(graphOf(call(10), call(1, { status: 'error' }), call(20))), [
    { slowest: three, failed: two, typical: one },
  ])
})

t.test('edges and tag nodes have their own', async (t) => {
  const trace = (durationMs: number, status?: 'error'): TestSpan[] => [
    { id: 1, service: 'shop', name: 'op', tag: 'eu' },
    { id: 2, parent: 1, service: 'cart', name: 'op', durationMs, status },
  ]
  const builder = builderOf([trace(5), trace(7, 'error'), call(900)], { isTagNode: () => true })
  const { nodes, edges } = builder.finish()
  const named = (at: number) => [nodes[edges[at]?.source ?? -1]?.title, edges[at]?.exemplars]
  t.same(named(0), ['shop', { slowest: two, failed: two, typical: one }])
  t.equal(named(1)[0], 'eu')
  t.match(named(1)[1], { slowest: one, failed: null })
  t.match(nodes[2], { title: 'eu', exemplars: { slowest: one, failed: null } })
})

t.test('of 10,000 calls of one operation the typical one is near the median', async (t) => {
  const traces = Array.from({ length: 10_000 }, (_, index) => call((index * 7919) % 10_000))
  const typical = exemplarsOf(graphOf(...traces))[0]?.typical
  const durationMs = ((Number.parseInt(typical ?? '', 16) - 1) * 7919) % 10_000
  t.ok(durationMs > 2500 && durationMs < 7500, `${durationMs} ms of 0 to 10,000`)
})

t.test('the typical call is a frequent one, however many durations are rare', async (t) => {
  const rare = Array.from({ length: 100 }, (_, index) => call(1000 + index))
  const frequent = Array.from({ length: 900 }, () => call(10))
  const { typical } = exemplarsOf(graphOf(...rare, ...frequent))[0] ?? {}
  t.ok(Number.parseInt(typical ?? '', 16) > rare.length, `${typical}`)
})

t.test('a trace with calls of one duration over and over does not push out the others', async (t) => {
  const often = Array.from(
    { length: 1000 },
    (_, index): TestSpan => ({ ...call(1)[0], id: index + 1 }) as TestSpan,
  )
  t.match(exemplarsOf(graphOf(often, call(50, { status: 'error' }))), [
    { slowest: two, failed: two, typical: one },
  ])
})

t.test("a call known only from a span link has the consumer's trace as exemplar", async (t) => {
  const producer: TestSpan = { id: 7, service: 'shop', name: 'send', kind: 'producer', durationMs: 1 }
  const consumer: TestSpan = {
    id: 9,
    service: 'mail',
    name: 'get',
    kind: 'consumer',
    durationMs: 5,
    link: [1, 7],
  }
  const graph = builderOf([[producer], [consumer], [{ ...consumer, durationMs: 8 }]], {
    level: 'service',
  }).finishServices()
  t.match(graph?.edges, [{ count: 2, exemplars: { slowest: three, failed: null } }])
})

t.test('a removed trace is no exemplar', async (t) => {
  const strings = new StringTable()
  const builder = builderOf([call(10), call(90, { status: 'error' }), call(20)], { strings })
  builder.remove(spanTable(strings, 2, call(90, { status: 'error' })))
  t.same(exemplarsOf(builder.finish()), [{ slowest: three, failed: null, typical: one }])
  builder.add(spanTable(strings, 2, call(95, { status: 'error' })))
  t.match(exemplarsOf(builder.finish()), [{ slowest: two, failed: two }])
  builder.remove(spanTable(strings, 2, call(95, { status: 'error' })))
  builder.add(spanTable(strings, 2, call(5)))
  t.match(
    exemplarsOf(builder.finish()),
    [{ slowest: three, failed: null }],
    'it comes back with a shorter call',
  )
})

t.test('exemplars are the slowest, a failed and a typical call, for any calls', async (t) => {
  const calls = fc.array(fc.record({ durationNs: fc.integer({ min: 0, max: 20 }), failed: fc.boolean() }), {
    minLength: 1,
    maxLength: 40,
  })
  const found = fc.check(
    fc.property(calls, (all) => {
      const traces = all.map(({ durationNs, failed }) =>
        call(0, { durationNs, status: failed ? 'error' : 'ok' }),
      )
      const { slowest, failed, typical } = exemplarsOf(graphOf(...traces))[0] ?? {}
      const at = (id: string | null | undefined) => (id ? all[Number.parseInt(id, 16) - 1] : undefined)
      const longest = Math.max(...traces.flat().map(durationNsOf))
      const hasFailed = all.some((one) => one.failed)
      return (
        all.findIndex(({ durationNs }) => durationNs === longest) ===
          Number.parseInt(slowest ?? '', 16) - 1 &&
        (failed !== null) === hasFailed &&
        (!hasFailed || at(failed)?.failed === true) &&
        at(typical) !== undefined
      )
    }),
  )
  t.notOk(found.failed, fc.defaultReportMessage(found) ?? 'holds')
})
