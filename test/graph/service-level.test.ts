import t, { type Test } from 'tap'
import { StringTable } from '../../src/graph/columns/string-table.ts'
import type { Graph } from '../../src/graph/graph.ts'
import { GraphBuilder, type GraphBuilderOptions } from '../../src/graph/graph-builder.ts'
import {
  type Link,
  linksOf,
  serviceCases,
  sorted,
  spansOf,
  tracesOf,
} from '../support/graph/service-cases.ts'
import { builderOf } from '../support/graph/test-graphs.ts'
import { spanTable, type TestSpan } from '../support/graph/test-spans.ts'

function serviceGraph(traces: TestSpan[][], options: Partial<GraphBuilderOptions> = {}): Graph {
  const strings = new StringTable()
  const builder = new GraphBuilder({ strings, slowThresholdMs: 40, level: 'service', ...options })
  traces.forEach((spans, index) => {
    builder.add(spanTable(strings, index + 1, spans))
  })
  return builder.finishServices() ?? { nodes: [], edges: [], endToEndNs: 0, spans: builder.finish().spans }
}

for (const encoding of ['shared ids', 'own ids'] as const) {
  t.test(`every case of others gives the links it should, with ${encoding}`, async (t) => {
    for (const example of serviceCases) {
      if (example.storageOnly || example.name === 'getDependencies_linksMixedTraceId') continue
      const traces = tracesOf(spansOf(example, encoding))
      const times = Array.from({ length: example.putTraceTimes ?? 1 }, () => traces).flat()
      t.same(linksOf(serviceGraph(times)), sorted(example.expected), `${example.name}: ${example.why}`)
    }
  })
}

const link = (parent: string, child: string, callCount = 1, errorCount = 0) => ({
  parent,
  child,
  callCount,
  errorCount,
})

/** Spans in one line each: [service, kind, parent, more]; ids count from 1. */
type Line = [string, TestSpan['kind'], (number | undefined)?, Partial<TestSpan>?]

const trace = (...lines: Line[]): TestSpan[] =>
  lines.map(([service, kind, parent, more], index) => ({
    id: index + 1,
    service: service === '' ? undefined : service,
    name: 'call',
    kind,
    parent,
    ...more,
  }))

const to = (name: string, more: Partial<TestSpan> = {}) => ({ peer: { 'server.address': name }, ...more })
const topic = (name: string, more: Partial<TestSpan> = {}) => ({
  peer: { 'messaging.destination.name': name },
  ...more,
})

t.test('whom the callee answers is the same in whatever order the spans come', async (t) => {
  const lines = trace(
    ['shop', 'client', undefined, to('proxy')],
    ['shop', 'client', 1, to('cart.local')],
    ['shop', 'client', 2, to('cart.local')],
    ['cart', 'server', 3],
  )
  t.same(linksOf(serviceGraph([lines])), [link('shop', 'cart')])
  t.same(linksOf(serviceGraph([[...lines].reverse()])), [link('shop', 'cart')])
})

t.test('a batch is a message from each producer that its consumer is linked to', async (t) => {
  const producers = (more: Partial<TestSpan> = {}) => [
    trace(['a', 'producer', undefined, more]),
    trace(['b', 'producer', undefined, more]),
  ]
  const links: [number, number][] = [
    [1, 1],
    [2, 1],
    [1, 1],
    [9, 9],
  ]
  const batch = (more: Partial<TestSpan> = {}) => trace(['c', 'consumer', undefined, { links, ...more }])
  const direct = serviceGraph([...producers(), batch()])
  t.same(linksOf(direct), [link('a', 'c'), link('b', 'c')], 'each counts once, however often it is linked')
  t.match(direct, { unresolvedLinks: 1, linkedSpans: 1 })
  t.match(
    direct.nodes.find(({ title }) => title === 'c'),
    { count: 1 },
    'the batch is one call of its consumer',
  )
  const known = [link('a', 'q'), link('b', 'q'), link('q', 'c', 2)]
  const named = [link('a', 'q'), link('b', 'q'), link('q', 'c', 3)]
  gives(t, [...producers(topic('q')), batch()], known, 'the broker named by the producers')
  gives(t, [...producers(), batch(topic('q'))], named, 'by the consumer')
  gives(t, [...producers(topic('q')), batch(topic('q'))], named, 'by both')
  gives(t, [batch(topic('q'))], [link('q', 'c', 3)], 'of producers that were not read nothing is known')

  t.test('and from the one above it', async (t) => {
    const below = trace(['d', 'producer'], ['c', 'consumer', 1, { links: [...links, [3, 1]] }])
    const four = [link('a', 'c'), link('b', 'c'), link('d', 'c')]
    const graph = serviceGraph([...producers(), below])
    t.same(linksOf(graph), four)
    t.match(graph, { unresolvedLinks: 1, linkedSpans: 0 })
    const through = trace(['d', 'producer', undefined, topic('q')], ['c', 'consumer', 1, { links: [[1, 1]] }])
    gives(
      t,
      [...producers(), through],
      [link('d', 'q'), link('q', 'c'), link('a', 'c')],
      'each on its own way',
    )
  })

  t.test('its time is that of one call', async (t) => {
    const { edges, endToEndNs } = direct
    t.equal(
      edges.reduce((sum, edge) => sum + edge.criticalPathNs, 0),
      endToEndNs / 3,
    )
  })
})

t.test('makes the unnamed caller of a root the user, if requested', async (t) => {
  const traces = [
    trace(['web', 'server', undefined, { status: 'error' }], ['shop', 'server', 1]),
    trace(['web', 'server']),
    trace(['mail', 'consumer']),
    trace(['mail', 'consumer', undefined, topic('orders')]),
    trace(['mail', 'consumer', undefined, { link: [9, 9] }]),
    trace(['pay', 'server', undefined, { peer: { 'peer.service': 'bank' } }]),
    trace(['web', 'server', 9]),
    trace(['cron', 'internal']),
    trace(['cron', 'client'], ['cron', 'server', 1]),
  ]
  const graph = serviceGraph(traces, { userNode: true })
  const named = [link('bank', 'pay'), link('orders', 'mail'), link('web', 'shop'), link('cron', 'cron')]
  t.same(linksOf(graph), sorted([...named, link('user', 'web', 2, 1), link('user', 'mail')]))
  t.match(
    graph.nodes.find(({ title }) => title === 'user'),
    { role: 'user', count: 3, failed: 1, namedBy: [] },
  )
  gives(t, traces, named, 'and without the option there is no user')
  const both = serviceGraph([...traces, trace(['user', 'server'])], { userNode: true })
  t.equal(
    both.nodes.filter(({ title }) => title === 'user').length,
    2,
    'a service of that name is another node',
  )
})

function gives(t: Test, traces: TestSpan[][], expected: Link[], why: string): void {
  t.same(linksOf(serviceGraph(traces)), sorted(expected), why)
}

t.test('a call is one where the service changes, whatever the kinds', async (t) => {
  gives(t, [trace(['a', 'internal'], ['b', 'internal', 1])], [link('a', 'b')], 'both internal')
  gives(t, [trace(['a', 'client'], ['b', 'client', 1])], [link('a', 'b')], 'a proxy that only calls')
  gives(
    t,
    [trace(['a', 'server'], ['', 'internal', 1], ['b', 'server', 2])],
    [link('a', 'b')],
    'one without a name',
  )
  gives(
    t,
    [trace(['a', 'server'], ['', 'client', 1, to('b')])],
    [link('a', 'b')],
    'a nameless client has a peer',
  )
  gives(t, [trace(['', 'client', undefined, to('b')])], [], 'nobody called')
  gives(t, [trace(['a', 'client'], ['b', 'server', 1], ['b', 'server', 1])], [link('a', 'b', 2)], 'a retry')
})

t.test(
  'takes a span of another service below a client as its callee, otherwise the peer it names',
  async (t) => {
    const inner = trace(['a', 'client', undefined, to('db')], ['a', 'internal', 1])
    gives(t, [inner], [link('a', 'db')], 'work of its own is no answer')
    const far = trace(
      ['a', 'client', undefined, to('lb')],
      ['a', 'internal', 1],
      ['', 'internal', 2],
      ['b', 'server', 3],
    )
    gives(t, [far], [link('a', 'b')], 'the answer may come from further down')
    const tries = trace(
      ['a', 'client', undefined, to('db')],
      ['a', 'client', 1, to('db')],
      ['a', 'client', 1, to('db')],
    )
    gives(t, [tries], [link('a', 'db', 2)], 'of a call and its tries the tries count')
    const other = trace(['a', 'client', undefined, to('api')], ['a', 'client', 1, to('db')])
    gives(t, [other], [link('a', 'db')], 'the innermost client is the call')
  },
)

t.test('does not guess an unknown caller or callee', async (t) => {
  gives(t, [trace(['a', 'server'], ['b', 'server', 99])], [], 'an orphan')
  gives(t, [trace(['a', 'server'], ['b', 'server'])], [], 'a second root')
  gives(t, [trace(['a', 'server', 3], ['b', 'server', 1], ['c', 'server', 2])], [], 'a circle of three')
  const { spans } = serviceGraph([
    trace(['a', 'server', 3], ['b', 'server', 1], ['c', 'server', 2], ['d', 'server', 1]),
  ])
  t.match(spans, { cycles: 3, edgeCalls: 1, counted: 4 }, 'a span below a cycle was called from it')
})

t.test('a call has failed if either side says so, and a caller fails only what it called', async (t) => {
  const failed = { status: 'error' } as const
  gives(
    t,
    [trace(['a', 'client', undefined, failed], ['b', 'server', 1])],
    [link('a', 'b', 1, 1)],
    'the client',
  )
  gives(t, [trace(['a', 'client'], ['b', 'server', 1, failed])], [link('a', 'b', 1, 1)], 'the server')
  gives(
    t,
    [trace(['a', 'server', undefined, failed], ['b', 'server', 1])],
    [link('a', 'b')],
    'not the server above',
  )
  const back = trace(['a', 'server'], ['b', 'client', 1, to('c', failed)])
  gives(t, [back], [link('a', 'b'), link('b', 'c', 1, 1)], 'not the call to a caller')
  const between = trace(['a', 'client', undefined, failed], ['a', 'internal', 1], ['b', 'server', 2])
  gives(t, [between], [link('a', 'b')], 'not with a span in between')
})

t.test('messages go through their broker, where either side names it', async (t) => {
  const both = trace(['p', 'producer', undefined, topic('q')], ['c', 'consumer', 1, topic('q')])
  gives(t, [both], [link('p', 'q'), link('q', 'c')], 'both')
  gives(
    t,
    [trace(['p', 'producer', undefined, topic('q')], ['c', 'consumer', 1])],
    [link('p', 'q'), link('q', 'c')],
    'p',
  )
  gives(
    t,
    [trace(['p', 'producer'], ['c', 'consumer', 1, topic('q')])],
    [link('p', 'q'), link('q', 'c')],
    'c',
  )
  gives(t, [trace(['p', 'producer'], ['c', 'consumer', 1])], [link('p', 'c')], 'neither')
  gives(t, [trace(['c', 'consumer', undefined, topic('q')])], [link('q', 'c')], 'no producer at all')
  const fanOut = trace(
    ['p', 'producer'],
    ['c', 'consumer', 1, topic('q')],
    ['c', 'consumer', 1, topic('q')],
    ['d', 'consumer', 1, topic('q')],
  )
  gives(t, [fanOut], [link('p', 'q'), link('q', 'c', 2), link('q', 'd')], 'sent once, received three times')
  const direct = trace(['p', 'producer'], ['c', 'consumer', 1], ['d', 'consumer', 1])
  gives(t, [direct], [link('p', 'c'), link('p', 'd')], 'fan-out without a broker')
  const own = trace(['s', 'producer', undefined, topic('q')], ['s', 'consumer', 1])
  gives(t, [own], [link('s', 'q'), link('q', 's')], 'a service that talks to itself')
  gives(t, [trace(['s', 'producer'], ['s', 'consumer', 1])], [link('s', 's')], 'and without a broker')
  const send = trace(['p', 'client', undefined, topic('q')], ['c', 'consumer', 1, topic('q')])
  gives(t, [send], [link('p', 'q'), link('q', 'c')], 'a client that sends')
})

t.test('a consumer may be linked to its producer in another trace, seen before or after', async (t) => {
  const sent = trace(['p', 'producer'])
  const received = trace(['c', 'consumer', undefined, { link: [1, 1] }])
  gives(t, [sent, received], [link('p', 'c')], 'neither names the broker')
  const first = trace(['c', 'consumer', undefined, { link: [2, 1] }])
  gives(t, [first, sent], [link('p', 'c')], 'the consumer came first')
  gives(t, [sent, received, received], [link('p', 'c', 2)], 'one message for two')
  gives(
    t,
    [trace(['p', 'producer', undefined, topic('q')]), received],
    [link('p', 'q'), link('q', 'c')],
    'p names it',
  )
  const named = trace(['c', 'consumer', undefined, topic('q', { link: [1, 1] })])
  gives(t, [sent, named, named], [link('p', 'q'), link('q', 'c', 2)], 'c names it, twice, of one message')
  const inLoop = trace(['c', 'internal'], ['c', 'consumer', 1, { link: [1, 1] }])
  gives(t, [sent, inLoop], [link('p', 'c')], 'below the loop that polls')
  const asChild = trace(['p', 'producer'], ['c', 'consumer', 1, { link: [1, 1] }])
  gives(t, [asChild], [link('p', 'c')], 'a link that says what the parent says counts once')
  t.equal(
    serviceGraph([trace(['c', 'consumer', undefined, { link: [9, 9] }])]).unresolvedLinks,
    1,
    'not read',
  )
})

t.test('a peer with the name of a service is that service, a database or a topic is not', async (t) => {
  const orders = trace(['orders', 'server'])
  const external = serviceGraph([orders, trace(['web', 'client', undefined, to('orders')])])
  t.same(
    external.nodes.map(({ role, title, count }) => [role, title, count]),
    [
      ['service', 'orders', 2],
      ['service', 'web', 1],
    ],
  )
  const peer = { 'db.namespace': 'orders', 'db.system.name': 'postgresql' }
  const database = serviceGraph([trace(['orders', 'server'], ['orders', 'client', 1, { peer }])])
  t.same(
    database.nodes.map(({ role, title, count, namedBy }) => [
      role,
      title,
      count,
      namedBy?.map(({ attribute }) => attribute),
    ]),
    [
      ['database', 'orders', 1, ['db.namespace']],
      ['service', 'orders', 1, []],
    ],
  )
  t.same(
    database.edges.map(({ source, target }) => [source, target]),
    [[1, 0]],
  )
  const caller = serviceGraph([trace(['web', 'server', undefined, { peer: { 'peer.service': 'phone' } }])])
  t.same(
    caller.nodes.map(({ role, title, count }) => [role, title, count]),
    [
      ['external', 'phone', 1],
      ['service', 'web', 1],
    ],
  )
})

t.test('a peer that `peer.service` names as a service is that service, whatever its role', async (t) => {
  const roles = [{ 'db.system.name': 'postgresql' }, { 'messaging.system': 'kafka' }, {}]
  for (const attributes of roles) {
    const peer = { 'peer.service': 'stock', ...attributes }
    const { nodes, edges } = serviceGraph([
      trace(['web', 'server'], ['web', 'client', 1, { peer }]),
      trace(['stock', 'server']),
    ])
    t.same(
      nodes.map(({ role, title, count, namedBy }) => [
        role,
        title,
        count,
        namedBy?.map(({ attribute }) => attribute),
      ]),
      [
        ['service', 'stock', 2, []],
        ['service', 'web', 1, []],
      ],
      JSON.stringify(peer),
    )
    t.match(edges, [{ source: 1, target: 0, count: 1 }])
  }
})

t.test('a peer named by several attributes is one node that lists them in order of preference', async (t) => {
  const named = (attribute: string) => trace(['web', 'client', undefined, { peer: { [attribute]: 'api' } }])
  const { nodes, edges } = serviceGraph([
    named('net.peer.name'),
    named('server.address'),
    named('net.peer.name'),
  ])
  t.same(
    nodes.map(({ title, namedBy, count }) => [title, namedBy?.map(({ attribute }) => attribute), count]),
    [
      ['api', ['server.address', 'net.peer.name'], 3],
      ['web', [], 3],
    ],
  )
  t.equal(edges.length, 1)
})

t.test('durations: of a service the request, of a call the callee, of a peer the caller', async (t) => {
  const { nodes, edges } = serviceGraph([
    trace(
      ['a', 'client', undefined, { durationMs: 50 }],
      ['b', 'server', 1, { durationMs: 30 }],
      ['b', 'internal', 2, { durationMs: 20 }],
      ['b', 'client', 2, to('db', { durationMs: 10 })],
    ),
  ])
  t.same(
    nodes.map(({ title, count, slow, meanNs }) => [title, count, slow, meanNs / 1e6]),
    [
      ['db', 1, 0, 10],
      ['a', 1, 1, 50],
      ['b', 1, 0, 30],
    ],
  )
  t.same(
    edges.map(({ source, target, meanNs }) => [source, target, meanNs / 1e6]),
    [
      [1, 2, 30],
      [2, 0, 10],
    ],
  )
})

t.test('counts the calls that name no peer and that no span answers', async (t) => {
  const unnamed = trace(['a', 'client'])
  const named = trace(['a', 'client', undefined, to('db')])
  const answered = trace(['a', 'client'], ['b', 'server', 1])
  t.equal(serviceGraph([unnamed, unnamed, named, answered]).spans.unnamedPeers, 2)
})

t.test('a span that processes a message may be further below the one that received it', async (t) => {
  const took = { 'messaging.destination.name': 'q', 'messaging.operation.type': 'receive' }
  const sent = trace(['p', 'producer', undefined, topic('q')])
  const far = trace(
    ['c', 'consumer', undefined, { peer: took, link: [1, 1] }],
    ['c', 'internal', 1],
    ['c', 'consumer', 2, topic('q')],
  )
  gives(t, [sent, far], [link('p', 'q'), link('q', 'c')], 'both are one delivery')
})

t.test('a receiver may know a message from the outer of two spans that sent it', async (t) => {
  const sent = trace(['p', 'producer', undefined, topic('q')], ['p', 'producer', 1, topic('q')])
  const received = trace(['c', 'consumer', undefined, { link: [1, 1] }])
  gives(t, [sent, received], [link('p', 'q'), link('q', 'c')], 'the inner one is the message')
})

t.test('two builders merged know from each other who answers for a host', async (t) => {
  const answered = trace(['a', 'client', undefined, to('b.local')], ['b', 'server', 1])
  const unanswered = trace(['a', 'client', undefined, to('b.local')])
  for (const [one, other] of [
    [answered, unanswered],
    [unanswered, answered],
  ] as const) {
    const builder = builderOf([one], { level: 'service' })
    builder.merge(builderOf([other], { level: 'service' }, [2]))
    const graph = builder.finishServices()
    t.same(graph && linksOf(graph), [link('a', 'b', 2)])
  }
})
