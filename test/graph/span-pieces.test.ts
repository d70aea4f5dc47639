import fc from 'fast-check'
import t from 'tap'
import { StringTable } from '../../src/graph/columns/string-table.ts'
import type { Graph } from '../../src/graph/graph.ts'
import { addMissingSpans } from '../../src/sources/tempo/assembly/add-missing-spans.ts'
import { builderOf } from '../support/graph/test-graphs.ts'
import { arbitraryPlainTrace, spanTable, type TestSpan } from '../support/graph/test-spans.ts'
import { holds } from '../support/property.ts'

const now = 1_700_000_000_000
const web: TestSpan = { id: 1, service: 'web', name: 'GET /', kind: 'server', startMs: now, durationMs: 50 }
const query: TestSpan = {
  id: 2,
  parent: 1,
  service: 'web',
  name: 'SELECT',
  kind: 'client',
  status: 'error',
  startMs: now + 10,
  durationMs: 20,
  tag: 'blue',
  group: 'shop',
  peer: { 'db.system': 'mysql', 'server.address': 'db1' },
}
/** A piece without any fact but the id. */
const bare: TestSpan = { id: 2, name: '', kind: 'unspecified', startMs: 0, durationMs: 0 }

const options = { level: 'both', hasGroups: true, isTagNode: () => true } as const
const graphsOf = (traces: TestSpan[][]) => {
  const builder = builderOf(traces, options)
  return [builder.finish(), builder.finishServices()] as [Graph, Graph]
}
/** Everything but the number of pieces. */
const bytesOf = (graphs: Graph[]) =>
  JSON.stringify(
    graphs.map(({ spans, ...graph }) => ({ ...graph, spans: { ...spans, received: 0, duplicates: 0 } })),
  )

const inEveryOrder = (spans: TestSpan[]): TestSpan[][] =>
  spans.length < 2
    ? [spans]
    : spans.flatMap((span, at) => inEveryOrder(spans.toSpliced(at, 1)).map((rest) => [span, ...rest]))

t.test('each fact of a span may come with a piece of its own', async (t) => {
  const whole = bytesOf(graphsOf([[web, query]]))
  const pieces: TestSpan[] = [
    { ...bare, kind: 'client', peer: query.peer },
    { ...bare, kind: 'client', service: 'web', group: 'shop' },
    { ...bare, kind: 'client', name: 'SELECT', tag: 'blue', startMs: query.startMs },
    { ...bare, parent: 1, status: 'error', durationMs: 20 },
  ]
  for (const spans of inEveryOrder([web, ...pieces])) {
    const graphs = graphsOf([spans])
    if (bytesOf(graphs) !== whole) t.fail(JSON.stringify(spans))
    t.match(graphs[0].spans, { received: 5, counted: 2, duplicates: 3, untimed: 0 })
  }
})

t.test('a piece with a kind and a service goes before one without', async (t) => {
  const early = { ...query, service: undefined, kind: 'unspecified', name: 'early', startMs: now } as const
  for (const spans of inEveryOrder([web, query, early])) {
    const [operations] = graphsOf([spans])
    t.ok(operations.nodes.some(({ operation }) => operation === 'SELECT'))
    t.equal(operations.spans.counted, 2)
  }
})

t.test(
  'a Zipkin client that sends its tags early, and a server that shares its id, are two spans',
  async (t) => {
    const client: TestSpan = {
      id: 2,
      parent: 1,
      service: 'web',
      name: 'get',
      kind: 'client',
      startMs: now + 1,
    }
    const server: TestSpan = { ...client, service: 'cart', kind: 'server', startMs: now + 2 }
    const tags: TestSpan = { ...bare, service: 'web', status: 'error' }
    for (const spans of inEveryOrder([web, client, server, tags])) {
      const [operations, services] = graphsOf([spans])
      const failed = (service: string) =>
        operations.nodes.find(({ title, operation }) => title === service && operation === 'get')?.failed
      t.same([failed('web'), failed('cart')], [1, 0])
      t.match(services.edges.filter(({ count }) => count > 0).at(-1), { count: 1, failed: 1 })
      t.match(services.spans, { received: 4, counted: 3, duplicates: 1 })
    }
  },
)

t.test('links of pieces add up, and a link that came twice is one', async (t) => {
  const sender = (id: number): TestSpan => ({
    id,
    service: `p${id}`,
    name: 'send',
    kind: 'producer',
    startMs: now,
  })
  const receiver: TestSpan = { id: 9, service: 'worker', name: 'work', kind: 'consumer', startMs: now + 50 }
  const graph = graphsOf([
    [sender(1)],
    [sender(2)],
    [
      { ...receiver, link: [1, 1] },
      {
        ...receiver,
        links: [
          [1, 1],
          [2, 2],
        ],
      },
    ],
  ])[1]
  t.same(graph.edges.map(({ count }) => count).sort(), [1, 1])
})

t.test('no piece of another service, and none with another parent and no kind', async (t) => {
  const other: TestSpan = {
    ...query,
    service: 'cart',
    name: 'other',
    startMs: now + 11,
    status: 'unset',
    tag: 'red',
  }
  t.equal(bytesOf(graphsOf([[web, query, other]])), bytesOf(graphsOf([[web, query]])))
  const elsewhere: TestSpan = { ...bare, parent: 7, service: 'web', name: 'work', startMs: now }
  t.match(graphsOf([[web, query, elsewhere]])[0].spans, { counted: 3, duplicates: 0, orphans: 1 })
})

t.test('a piece without a start may have the duration, and one with a wrong start has none', async (t) => {
  const started: TestSpan = { ...web, durationMs: 0 }
  const meanNs = (piece: TestSpan) =>
    graphsOf([[started, piece]])[0].nodes.find(({ title }) => title === 'web')?.meanNs
  t.equal(meanNs({ ...web, startMs: 0 }), 50e6)
  t.equal(meanNs({ ...web, startMs: 0, durationMs: now }), 0, 'it ends now')
})

t.test('pieces that came from another slice are kept', async (t) => {
  const strings = new StringTable()
  const spans = spanTable(strings, 1, [web, { ...query, status: 'unset' }])
  t.equal(addMissingSpans(spans, spanTable(strings, 1, [web, query])), 1)
  t.equal(addMissingSpans(spans, spanTable(strings, 1, [query, web])), 0)
  t.equal(spans.status[2], 2)
})

/** Cuts a span into two pieces that lack different facts. */
const cut = (span: TestSpan) =>
  fc
    .record({
      first: fc.subarray([
        'kind',
        'service',
        'name',
        'tag',
        'parent',
        'status',
        'startMs',
        'durationNs',
      ] as const),
      isFirst: fc.boolean(),
    })
    .map(({ first, isFirst }): TestSpan[] => {
      const without = (keys: readonly (keyof TestSpan)[]) =>
        ({
          ...span,
          ...Object.fromEntries(keys.map((key) => [key, bare[key]])),
          ...(keys.includes('durationNs') ? { durationNs: 0 } : {}),
        }) as TestSpan
      const rest = (
        ['kind', 'service', 'name', 'tag', 'parent', 'status', 'startMs', 'durationNs'] as const
      ).filter((key) => !first.includes(key))
      const pieces = [without(first), without(rest)]
      return isFirst ? pieces : pieces.reverse()
    })

t.test('spans cut into pieces, in any order, give the graph of the whole', async (t) => {
  const traces = arbitraryPlainTrace
    .map((spans) =>
      spans.map((span) => ({
        ...span,
        durationNs: (span.durationNs ?? 0) % 100e6,
        skewed: false,
        startMs: now + ((span.startMs ?? 0) % 3),
      })),
    )
    .chain((spans) =>
      fc.tuple(
        fc.constant(spans),
        fc
          .tuple(...spans.map(cut))
          .chain((all) => fc.shuffledSubarray(all.flat(), { minLength: all.flat().length })),
      ),
    )
  const same = fc.property(
    traces,
    ([whole, pieces]) => bytesOf(graphsOf([whole])) === bytesOf(graphsOf([pieces])),
  )
  holds(t, same, 500)
})
