import t from 'tap'
import type { Graph } from '../../src/graph/graph.ts'
import { toNodeGraph } from '../../src/node-graph/node-graph.ts'
import { builderOf } from '../support/graph/test-graphs.ts'
import { spanTable, type TestSpan } from '../support/graph/test-spans.ts'

/** The sides of each edge, as `caller > callee: text`. */
function sidesOf(graph: Graph | undefined): string[] {
  if (!graph) throw new Error('no such graph')
  const { nodes, edges } = toNodeGraph(graph, { windowSec: 60, tagNodeSubTitle: '' })
  const title = new Map(nodes.map((node) => [node.id, node.title]))
  return edges
    .map((edge) => `${title.get(edge.source)} > ${title.get(edge.target)}: ${edge.detail__sides}`.trim())
    .sort()
}

const builderAtBoth = (...traces: TestSpan[][]) => builderOf(traces, { level: 'both' })
const sidesAtBoth = (...traces: TestSpan[][]) => {
  const builder = builderAtBoth(...traces)
  return { operations: sidesOf(builder.finish()), services: sidesOf(builder.finishServices()) }
}

const op = { name: 'op' }
const client = (id: number, parent: number, durationMs: number): TestSpan => ({
  ...op,
  id,
  parent,
  service: 'web',
  kind: 'client',
  durationMs,
})
const server = (id: number, parent: number | undefined, durationMs: number): TestSpan => ({
  ...op,
  id,
  parent,
  service: 'cart',
  kind: 'server',
  durationMs,
})
const root: TestSpan = { id: 1, service: 'web', name: 'GET /', kind: 'server', durationMs: 100 }

t.test('a request has two sides, and what the client waited for longer was on the network', async (t) => {
  const trace = [root, client(2, 1, 12), server(3, 2, 10), client(4, 1, 24), server(5, 4, 20)]
  t.same(sidesAtBoth(trace), {
    operations: ['web > cart: client 18 ms, server 15 ms, gap 3 ms', 'web > web:'],
    services: ['web > cart: client 18 ms, server 15 ms, gap 3 ms'],
  })
  const graph = toNodeGraph(builderOf([trace]).finish(), { windowSec: 60, tagNodeSubTitle: '' })
  t.match(graph.edges[1], { secondaryStat: 15, clientMeanMs: 18, serverMeanMs: 15, gapMeanMs: 3 })
  t.match(graph.edges[0], { secondaryStat: 18, clientMeanMs: null, serverMeanMs: null, gapMeanMs: null })
})

t.test('clocks play no part in the gap of a request', async (t) => {
  const early = { ...server(3, 2, 10), startMs: -3_600_000 + 7_200_000 }
  t.same(sidesAtBoth([root, { ...client(2, 1, 12), startMs: 5 }, early]).services, [
    'web > cart: client 12 ms, server 10 ms, gap 2 ms',
  ])
})

t.test('where the callee outlasts the caller the gap is left out and counted, never 0', async (t) => {
  const trace = [root, client(2, 1, 12), server(3, 2, 10), client(4, 1, 20), server(5, 4, 24)]
  const words = 'web > cart: client 16 ms, server 17 ms, gap 2 ms, 1 negative gap left out'
  t.same(sidesAtBoth(trace).services, [words])
  t.equal(sidesAtBoth(trace).operations[0], words)
  const alone = [root, client(2, 1, 12), server(3, 2, 13), client(4, 1, 12), server(5, 4, 13)]
  t.same(sidesAtBoth(alone).services, ['web > cart: client 12 ms, server 13 ms, 2 negative gaps left out'])
})

t.test('a span without a service between the two is transparent', async (t) => {
  const mesh: TestSpan = { ...op, id: 9, parent: 2, kind: 'internal', durationMs: 11 }
  t.same(sidesAtBoth([root, client(2, 1, 12), mesh, server(3, 9, 10)]).services, [
    'web > cart: client 12 ms, server 10 ms, gap 2 ms',
  ])
})

t.test('only one side is known where the other sends no span, or none of its own', async (t) => {
  const query: TestSpan = { ...client(2, 1, 3), peer: { 'db.system': 'redis' } }
  t.same(sidesAtBoth([root, query]).services, ['web > redis: client 3 ms'])
  t.same(sidesAtBoth([{ ...server(3, undefined, 8), peer: { 'peer.service': 'phone' } }]).services, [
    'phone > cart: server 8 ms',
  ])
  t.same(sidesAtBoth([root, server(3, 1, 8)]).services, ['web > cart: server 8 ms'])
  const proxy: TestSpan = { ...op, id: 3, parent: 2, service: 'proxy', kind: 'client', durationMs: 10 }
  t.same(sidesAtBoth([root, client(2, 1, 12), proxy]).services, ['web > proxy: client 12 ms'])
})

t.test('work inside of a service has no sides', async (t) => {
  const work: TestSpan = { id: 2, parent: 1, service: 'web', name: 'render', durationMs: 5 }
  t.same(sidesAtBoth([root, work]), { operations: ['web > web:'], services: [] })
  const below: TestSpan = { id: 3, parent: 2, service: 'web', name: 'resolve', durationMs: 1 }
  t.same(sidesAtBoth([root, client(2, 1, 12), below]).operations, ['web > web:', 'web > web:'])
})

t.test('a span that ends before it starts has no side and makes no gap', async (t) => {
  t.same(sidesAtBoth([root, client(2, 1, 12), { ...server(3, 2, 0), skewed: true }]).services, [
    'web > cart: client 12 ms',
  ])
})

t.test('a message', async (t) => {
  const broker = { peer: { 'messaging.destination.name': 'orders' } }
  const producer: TestSpan = { ...client(2, 1, 3), kind: 'producer', startMs: 10 }
  const consumer: TestSpan = { ...server(3, 2, 40), kind: 'consumer', startMs: 50 }

  t.test('is on its way from the end of the producer to the start of the consumer', async (t) => {
    const words = 'web > cart: client 3 ms, server 40 ms, gap 37 ms'
    t.same(sidesAtBoth([root, producer, consumer]).services, [words])
    t.equal(sidesAtBoth([root, producer, consumer]).operations[0], words)
  })

  t.test('that goes through a broker was there for that time, whichever end names it', async (t) => {
    const expected = ['orders > cart: server 40 ms, gap 37 ms', 'web > orders: client 3 ms']
    t.same(sidesAtBoth([root, { ...producer, ...broker }, consumer]).services, expected)
    t.same(sidesAtBoth([root, producer, { ...consumer, ...broker }]).services, expected)
    t.same(sidesAtBoth([root, { ...producer, ...broker }, { ...consumer, ...broker }]).services, expected)
  })

  t.test('known only from a link has the same sides', async (t) => {
    const linked: TestSpan = { ...consumer, parent: undefined, link: [1, 2] }
    const expected = ['orders > cart: server 40 ms, gap 37 ms', 'web > orders: client 3 ms']
    t.same(sidesAtBoth([root, producer], [linked]).services, [
      'web > cart: client 3 ms, server 40 ms, gap 37 ms',
    ])
    t.same(sidesAtBoth([root, { ...producer, ...broker }], [linked]).services, expected)
    t.same(sidesAtBoth([root, producer], [{ ...linked, ...broker }]).services, expected)
    t.same(sidesAtBoth([root, { ...producer, ...broker }], [{ ...linked, ...broker }]).services, expected)
  })

  t.test('known only from a link can be removed', async (t) => {
    const linked: TestSpan = { ...consumer, ...broker, parent: undefined, link: [1, 2] }
    const builder = builderAtBoth([root, producer], [linked], [{ ...linked, id: 4, startMs: 90 }])
    t.equal(sidesOf(builder.finishServices())[0], 'orders > cart: server 40 ms, gap 57 ms')
    builder.remove(spanTable(builder.strings, 2, [linked]))
    t.equal(sidesOf(builder.finishServices())[0], 'orders > cart: server 40 ms, gap 77 ms')
    builder.remove(spanTable(builder.strings, 1, [root, producer]))
    t.equal(sidesOf(builder.finishServices())[0], 'orders > cart: server 40 ms')
  })

  t.test('that arrived before it was sent has clocks apart: left out and counted', async (t) => {
    const words = 'web > cart: client 3 ms, server 40 ms, 1 negative gap left out'
    t.same(sidesAtBoth([root, producer, { ...consumer, startMs: 12 }]).services, [words])
    const linked: TestSpan = { ...consumer, parent: undefined, link: [1, 2], startMs: 12 }
    t.same(sidesAtBoth([root, producer], [linked]).services, [words])
  })

  t.test('of today is timed to the nanosecond, though its start is beyond 2^53 ns', async (t) => {
    const sent: TestSpan = { ...producer, startMs: 1_760_000_000_000, durationNs: 4_294_967_295 }
    const received: TestSpan = { ...consumer, startMs: 1_760_000_004_296 }
    const graph = builderOf([[root, sent, received]]).finish()
    t.equal(graph.edges[1]?.sides.gapMeanNs, 1_032_705)
  })
})

t.test('sides of calls that reach one service under two names are one edge', async (t) => {
  const answered = [root, client(2, 1, 12), server(3, 2, 10)]
  const unanswered = [root, { ...client(2, 1, 20), peer: { 'peer.service': 'cart' } }]
  t.same(sidesAtBoth(answered, unanswered).services, ['web > cart: client 16 ms, server 10 ms, gap 2 ms'])
})

t.test('a summary span has a side for each of its calls', async (t) => {
  const one: TestSpan = { ...client(2, 1, 10), peer: { 'db.system': 'redis' } }
  const three: TestSpan = { ...one, id: 4, summaryOf: [1e6, 2e6, 3e6] }
  t.same(sidesAtBoth([root, one, three]).services, ['web > redis: client 4 ms'])
  t.same(sidesAtBoth([root, client(2, 1, 12), { ...server(3, 2, 9), summaryOf: [4e6, 5e6] }]).services, [
    'web > cart: client 12 ms, server 4.5 ms',
  ])
})
