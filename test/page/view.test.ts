import fc from 'fast-check'
import t from 'tap'
import { chooseShades } from '../../src/page/drawing/shades.ts'
import { ago, duration, percent, rate, shortCount, timeSpan } from '../../src/page/elements/format.ts'
import type { DrawnEdge, DrawnGraph, DrawnNode } from '../../src/page/session/drawn-graph.ts'
import { filterGraph } from '../../src/page/session/filter-graph.ts'
import { exploreUrl } from '../../src/page/session/trace-links.ts'
import { matchesBuild, readView, type View, writeView } from '../../src/page/session/view.ts'

t.test('writes a view to the URL and reads it back, and reads any query string', async (t) => {
  const text = fc.option(fc.string({ minLength: 1, maxLength: 20, unit: 'grapheme' }), { nil: undefined })
  const views = fc.record({
    graph: text,
    from: text,
    to: text,
    tag: text,
    filter: text,
    level: text,
    compare: text,
    focus: text,
    node: text,
    edge: text,
    hops: fc.nat(9),
    min: fc.nat(),
    trouble: fc.boolean(),
    colour: fc.constantFrom('errors' as const, 'latency' as const),
    tab: fc.constantFrom('overview' as const, 'report' as const, 'changes' as const),
  })
  fc.assert(
    fc.property(views, (view) => {
      const known = Object.fromEntries(
        Object.entries(view).filter(([, value]) => value !== undefined),
      ) as unknown as View
      t.same(readView(writeView(known)), known)
    }),
    { numRuns: 200 },
  )
  fc.assert(fc.property(fc.string(), (search) => readView(search).hops >= 0))
  t.equal(writeView(readView('?hops=x&min=-1&colour=pink&trouble=1&tab=x&unknown=y')), '')
})

t.test('matches a view with the parameters of a build', async (t) => {
  const built = { tag: 'service.name', filter: '.*', from: 'now-15m', level: 'operation' }
  t.equal(matchesBuild(readView(''), built), true)
  t.equal(matchesBuild(readView('?from=now-15m&level=operation'), built), true)
  t.equal(matchesBuild(readView('?filter=cart'), built), false)
  t.equal(matchesBuild(readView('?to=now'), built), false)
})

/** a -> b -> c -> d with 100, 10 and 1 calls; the last call fails; e has no edges. */
const node = (id: string, count: number, failed = 0) =>
  ({ id, count, failed, slow: 0, p95Ms: 1 }) as DrawnNode
const edge = (ends: string, count: number, failed = 0) =>
  ({ id: ends, source: ends[0], target: ends[1], count, failed, slow: 0, p95Ms: count }) as DrawnEdge
const nodes = [node('a', 100), node('b', 100), node('c', 10), node('d', 1, 1), node('e', 5)]
const edges = [edge('ab', 100), edge('bc', 10), edge('cd', 1, 1)]
const graph: DrawnGraph = {
  nodes,
  edges,
  nodeById: new Map(nodes.map((one) => [one.id, one])),
  edgeById: new Map(edges.map((one) => [one.id, one])),
}

t.test('hides nodes that only hidden edges connected', async (t) => {
  const seen = (query: string) => {
    const { nodes, edges } = filterGraph(graph, readView(query))
    return `${nodes.map(({ id }) => id).join('')} ${edges.map(({ id }) => id).join(' ')}`
  }
  t.equal(seen(''), 'abcde ab bc cd')
  t.equal(seen('?min=10'), 'abc ab bc')
  t.equal(seen('?trouble=true'), 'cd cd')
  t.equal(seen('?focus=b'), 'abc ab bc')
  t.equal(seen('?focus=a&hops=2'), 'abc ab bc')
  t.equal(seen('?focus=a&hops=0'), 'abcd ab bc cd')
  t.equal(seen('?focus=b&min=50'), 'ab ab')
  t.equal(seen('?focus=d&min=50'), 'd ', 'the focus stays')
  t.equal(seen('?focus=nobody'), 'abcde ab bc cd')
})

t.test('colours by share of failures, by class of latency, by change', async (t) => {
  const errors = chooseShades(edges, nodes, 'errors')
  t.same(edges.map(errors.shadeOf), ['plain', 'plain', 'failed3'])
  t.equal(errors.shadeOf(edge('xy', 1000, 1)), 'failed1')
  t.equal(errors.shadeOf(edge('xy', 100, 1)), 'failed2')
  t.ok(errors.widthOf(edges[0] as DrawnEdge) > errors.widthOf(edges[1] as DrawnEdge))
  const latency = chooseShades(
    [1, 2, 3, 4, 5].map((ms) => edge('xy', ms)),
    [],
    'latency',
  )
  t.same(latency.latencyStepsMs, [2, 3, 4])
  t.equal(latency.shadeOf(edge('xy', 5)), 'latency3')
  t.same(chooseShades([edge('xy', 3)], [], 'latency').latencyStepsMs, [], 'all alike: one class')
  t.equal(chooseShades(edges, nodes, 'changes').shadeOf({ ...edge('xy', 1), change: 'slower' }), 'slow')
})

t.test('formats numbers for people', async (t) => {
  t.same([0, 999, 9999, 12_345, 1_234_567, 2e9].map(shortCount), [
    '0',
    '999',
    '9,999',
    '12.3k',
    '1.23M',
    '2G',
  ])
  t.same([0, 0.0123, 0.32, 1.234, 12.34, 999.4, 1250, 99_000, 210_000].map(duration), [
    '0 ms',
    '12.3 µs',
    '320 µs',
    '1.23 ms',
    '12.3 ms',
    '999 ms',
    '1.25 s',
    '99 s',
    '3.5 min',
  ])
  t.same([0, 0.0001, 0.0456, 0.197, 0.9999, 1].map(percent), [
    '0 %',
    '<0.1 %',
    '4.6 %',
    '19.7 %',
    '>99.9 %',
    '100 %',
  ])
  t.same([0, 0.0001, 0.05, 2.345, 12_345].map(rate), ['0/s', '0.36/h', '3/min', '2.35/s', '12.3k/s'])
  t.same([900, 7200, 90_000, 0].map(timeSpan), ['15 min', '2 h', '1 d 1 h', '0 s'])
  t.same(
    [1, 30, 90, 7200, 200_000].map((sec) => ago(0, sec * 1000)),
    ['just now', '30 s ago', '1 min ago', '2 h ago', '2 d ago'],
  )
})

t.test('links to Explore with the query, the data source and the window', async (t) => {
  const window = { from: '2025-06-01T10:00:00Z', to: '2025-06-01T11:00:00Z' }
  t.equal(exploreUrl({}, 'x', window), undefined)
  const url = new URL(
    exploreUrl({ grafanaUrl: 'https://g.example/sub', tempoUid: 'tempo' }, '{ name = "a&b" }', window) ?? '',
  )
  t.equal(url.pathname, '/sub/explore')
  const { tta } = JSON.parse(url.searchParams.get('panes') ?? '')
  t.match(tta.queries, [{ query: '{ name = "a&b" }', queryType: 'traceql', datasource: { uid: 'tempo' } }])
  t.same(tta.range, { from: '1748772000000', to: '1748775600000' })
})
