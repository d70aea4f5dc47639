import fc from 'fast-check'
import t from 'tap'
import { StringTable } from '../../src/graph/columns/string-table.ts'
import type { Graph } from '../../src/graph/graph.ts'
import { toNodeGraph } from '../../src/node-graph/node-graph.ts'
import { builderOf as buildGraph, graphOf, withoutExemplars } from '../support/graph/test-graphs.ts'
import { arbitraryTightTrace, arbitraryTrace, spanTable, type TestSpan } from '../support/graph/test-spans.ts'
import { holds } from '../support/property.ts'

const options = { windowSec: 60, tagNodeSubTitle: '' }

const builderOf = (traces: TestSpan[][], strings = new StringTable(), firstId = 1) =>
  buildGraph(
    traces,
    { strings, level: 'both', isTagNode: () => true },
    traces.map((_, index) => firstId + index),
  )

const servicesOf = (...traces: TestSpan[][]) => builderOf(traces).finishServices() ?? graphOf()

/** Time of each node and edge, ms, by name: `a`, `a > b`; what has none is left out. */
function timesOf({ nodes, edges }: Graph): Record<string, number> {
  const titles = nodes.map(({ title, operation }) => (['', 'op'].includes(operation) ? title : operation))
  const rows = [
    ...nodes.map((node, at) => [titles[at], node.criticalPathNs / 1e6]),
    ...edges.map((edge) => [`${titles[edge.source]} > ${titles[edge.target]}`, edge.criticalPathNs / 1e6]),
  ]
  return Object.fromEntries(rows.filter(([, ms]) => ms !== 0))
}

const span = (id: number, parent: number, service: string | undefined, from: number, to: number) => ({
  id,
  parent,
  service,
  name: 'op',
  startMs: from,
  durationMs: to - from,
})

t.test('counts the part of a call that its caller waited for', async (t) => {
  const graph = graphOf(
    [span(1, 0, 'a', 0, 100), span(2, 1, 'b', 10, 40), span(3, 1, 'c', 20, 90), span(4, 3, 'd', 30, 40)],
    [span(1, 0, 'a', 0, 20), span(2, 1, 'b', 0, 20)],
  )
  // In the first trace b overlaps c, so it is off the path.
  t.same(timesOf(graph), { a: 30, b: 20, c: 60, d: 10, 'a > b': 20, 'a > c': 60, 'c > d': 10 })
  t.equal(graph.endToEndNs, 120e6)
})

t.test('calls within a node count on the node', async (t) => {
  const graph = graphOf([span(1, 0, 'a', 0, 100), span(2, 1, 'a', 0, 60), span(3, 2, 'b', 0, 10)])
  t.same(timesOf(graph), { a: 90, b: 10, 'a > b': 10 })
})

t.test('time of a span without a service is that of the nearest named span above', async (t) => {
  const chain = [
    span(1, 0, 'a', 0, 100),
    span(2, 1, 'b', 0, 90),
    span(3, 2, undefined, 0, 80),
    span(4, 3, undefined, 0, 70),
    span(5, 4, 'c', 0, 60),
  ]
  const expected = { a: 10, b: 30, c: 60, 'a > b': 30, 'b > c': 60 }
  t.same(timesOf(graphOf(chain)), expected)
  t.same(timesOf(servicesOf(chain)), expected)
})

t.test('time that has no named span above is of no node, and yet part of the whole', async (t) => {
  const trace = [span(1, 0, undefined, 0, 100), span(2, 1, undefined, 0, 50), span(3, 2, 'a', 0, 30)]
  for (const graph of [graphOf(trace), servicesOf(trace)]) {
    t.same(timesOf(graph), { a: 30 })
    t.match(toNodeGraph(graph, options).nodes, [{ criticalPathShare: 0.3, detail__critical_path: '30 %' }])
  }
})

t.test('orphans have no time, several roots have each their own, tag nodes none', async (t) => {
  const trace = [
    { ...span(1, 0, 'a', 0, 10), tag: 'x' },
    span(2, 0, 'b', 5, 35),
    span(3, 99, 'c', 0, 50),
    span(4, 3, 'd', 0, 50),
  ]
  const graph = builderOf([trace]).finish()
  t.same(timesOf(graph), { a: 10, b: 30 })
  t.same(
    toNodeGraph(graph, options).nodes.map((row) => [row.title, row.detail__critical_path]),
    [
      ['a', '25 %'],
      ['b', '75 %'],
      ['c', '0 %'],
      ['d', '0 %'],
      ['x', '0 %'],
    ],
  )
})

t.test('where nothing has a root, every share is 0', async (t) => {
  t.match(toNodeGraph(graphOf([span(2, 1, 'a', 0, 10)]), options).nodes, [
    { criticalPathShare: 0, detail__critical_path: '0 %' },
  ])
})

t.test('gives a share six decimals, its text one, and writes < 0.1 % for less', async (t) => {
  const { nodes } = toNodeGraph(graphOf([span(1, 0, 'a', 0, 30_000), span(2, 1, 'b', 0, 10)]), options)
  t.match(nodes, [
    { criticalPathShare: 0.999667, detail__critical_path: '100 %' },
    { criticalPathShare: 0.000333, detail__critical_path: '<0.1 %' },
  ])
  const third = toNodeGraph(graphOf([span(1, 0, 'a', 0, 30), span(2, 1, 'b', 0, 10)]), options)
  t.match(third.edges, [{ criticalPathShare: 0.333333, detail__critical_path: '33.3 %' }])
})

t.test('sums beyond 2^53 ns lose no ns', async (t) => {
  const root = (durationNs: number): TestSpan[] => [{ id: 1, service: 'a', name: 'op', durationNs }]
  const builder = builderOf([root(2 ** 64), root(2 ** 53), root(7)])
  builder.remove(spanTable(builder.strings, 1, root(2 ** 64)))
  builder.remove(spanTable(builder.strings, 2, root(2 ** 53)))
  for (const graph of [builder.finish(), builder.finishServices()]) {
    t.match(graph, { endToEndNs: 7, nodes: [{ criticalPathNs: 7 }] })
  }
})

t.test('at the service level', async (t) => {
  t.test('a call has the time of all work it brought about in the service', async (t) => {
    const graph = servicesOf([
      span(1, 0, 'a', 0, 100),
      span(2, 1, 'b', 0, 90),
      span(3, 2, 'b', 0, 70),
      span(4, 3, 'c', 0, 20),
      span(5, 2, 'b', 70, 80),
    ])
    t.same(timesOf(graph), { a: 10, b: 70, c: 20, 'a > b': 70, 'b > c': 20 })
  })

  t.test('waiting for a peer that sends no spans is the time of the peer', async (t) => {
    const graph = servicesOf([
      span(1, 0, 'a', 0, 100),
      { ...span(2, 1, 'a', 10, 70), kind: 'client', peer: { 'db.system.name': 'redis' } },
      span(3, 2, 'a', 10, 15),
    ])
    t.same(timesOf(graph), { a: 45, redis: 55, 'a > redis': 55 })
  })

  t.test('a client whose callee has sent spans keeps what is not theirs', async (t) => {
    const graph = servicesOf([
      { ...span(1, 0, 'a', 0, 100), kind: 'client', peer: { 'peer.service': 'b' } },
      { ...span(2, 1, 'b', 10, 70), kind: 'server' },
    ])
    t.same(timesOf(graph), { a: 40, b: 60, 'a > b': 60 })
  })

  t.test('a caller that sends no spans has no time, its call has that of the service', async (t) => {
    const graph = servicesOf([
      { ...span(1, 0, 'a', 0, 100), kind: 'server', peer: { 'peer.service': 'cdn' } },
      span(2, 1, 'a', 0, 50),
    ])
    t.same(timesOf(graph), { a: 100, 'cdn > a': 100 })
  })

  t.test('a message received in another trace has its own path', async (t) => {
    const topic = { 'messaging.system': 'kafka', 'messaging.destination.name': 'orders' }
    const graph = servicesOf([
      span(1, 0, 'a', 0, 100),
      { ...span(2, 1, 'a', 90, 95), kind: 'producer', peer: topic },
      { ...span(3, 2, 'b', 95, 99), kind: 'consumer', peer: topic },
    ])
    t.same(timesOf(graph), { a: 95, orders: 5, 'a > orders': 5 })
  })

  t.test('the same holds if the sender is known only from a link', async (t) => {
    const sent: TestSpan[] = [{ ...span(5, 0, 'a', 0, 10), kind: 'producer' }]
    const received: TestSpan[] = [
      { ...span(6, 0, 'b', 20, 50), kind: 'consumer', link: [1, 5] },
      span(7, 6, 'b', 20, 40),
      span(8, 7, 'c', 20, 25),
    ]
    const expected = { a: 10, b: 25, c: 5, 'a > b': 25, 'b > c': 5 }
    t.same(timesOf(servicesOf(sent, received)), expected)
    const merged = builderOf([])
    merged.merge(builderOf([[], received]))
    merged.merge(builderOf([sent]))
    t.same(timesOf(merged.finishServices() ?? graphOf()), expected)
  })
})

/** Spans that may name a peer, as the service level takes note of. */
const withPeers = (trace: fc.Arbitrary<TestSpan[]>) =>
  fc.tuple(trace, fc.infiniteStream(fc.constantFrom(undefined, 'cart', 'redis'))).map(([spans, peers]) =>
    spans.map((span): TestSpan => {
      const peer = peers.next().value
      return peer ? { ...span, peer: { 'peer.service': peer } } : span
    }),
  )
const traces = fc.array(withPeers(fc.oneof(arbitraryTightTrace, arbitraryTrace)), { maxLength: 5 })
const tightTraces = fc.array(withPeers(arbitraryTightTrace), { maxLength: 5 })

const graphsOf = (given: TestSpan[][]) => {
  const builder = builderOf(given)
  return [builder.finish(), builder.finishServices() ?? graphOf()]
}
const sum = (rows: { criticalPathNs: number }[]) => rows.reduce((total, row) => total + row.criticalPathNs, 0)
const isShare = (ns: number, whole: number) => ns >= 0 && ns <= whole

t.test('shares are between 0 and 1, and those of all nodes are at most 1', async (t) => {
  const bounded = fc.property(traces, (given) =>
    graphsOf(given).every(
      ({ nodes, edges, endToEndNs }) =>
        [...nodes, ...edges].every((row) => isShare(row.criticalPathNs, endToEndNs)) &&
        sum(nodes) <= endToEndNs * (1 + 1e-12),
    ),
  )
  holds(t, bounded, 400)
})

t.test('where every span has a service, the nodes add up to the whole, to the ns', async (t) => {
  const named = tightTraces.map((given) =>
    given.map((spans) => spans.map((span) => ({ ...span, service: span.service ?? 'shop' }))),
  )
  const complete = fc.property(named, (given) =>
    graphsOf(given).every(({ nodes, endToEndNs }) => sum(nodes) === endToEndNs),
  )
  holds(t, complete, 400)
})

t.test('both levels divide the same time', async (t) => {
  const same = fc.property(tightTraces, (given) => {
    const [operations, services] = graphsOf(given).map(({ nodes }) => sum(nodes))
    return operations === services
  })
  holds(t, same, 400)
})

const bytesOf = (graphs: Graph[]) =>
  JSON.stringify(graphs.map((graph) => [graph, toNodeGraph(graph, options)]))

t.test('order, slices and what is taken back change no byte at either level', async (t) => {
  const sliced = fc.property(traces, traces, traces, (one, other, taken) => {
    const strings = new StringTable()
    const merged = builderOf(
      [...taken, ...other.map((spans) => [...spans].reverse())],
      strings,
      one.length + 1 - taken.length + 1000,
    )
    for (const [index, trace] of taken.entries()) {
      merged.remove(spanTable(strings, one.length + 1 - taken.length + 1000 + index, trace))
    }
    merged.merge(builderOf(one))
    return (
      bytesOf([merged.finish(), merged.finishServices() ?? graphOf()].map(withoutExemplars)) ===
      bytesOf(graphsOf([...one, ...other]).map(withoutExemplars))
    )
  })
  holds(t, sliced, 400)
})
