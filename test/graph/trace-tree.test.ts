import t from 'tap'
import { edgesOf, graphOf, nodesOf } from '../support/graph/test-graphs.ts'
import type { TestSpan } from '../support/graph/test-spans.ts'

const [a, b, c] = ['a', 'b', 'c'].map((service) => ({ service, name: 'op' })) as [Op, Op, Op]
const nameless = { name: 'op' }
type Op = { service: string; name: string }

t.test('a span that arrives twice counts once', async (t) => {
  t.test('word for word the same (a sender retried, two blocks hold it)', async (t) => {
    const trace = [
      { id: 1, ...a },
      { id: 2, parent: 1, ...b },
    ]
    const graph = graphOf([...trace, ...trace, ...trace])
    t.same(edgesOf(graph), ['a > b 1'])
    t.match(graph.spans, { received: 6, counted: 2, duplicates: 4 })
  })

  t.test('in two versions: the longer one, whichever came first', async (t) => {
    const short = { id: 1, ...a, durationMs: 5 }
    const long = { id: 1, ...a, durationMs: 50 }
    for (const trace of [
      [short, long],
      [long, short],
      [short, long, short],
    ]) {
      t.match(graphOf(trace).nodes, [{ count: 1, slow: 1, meanNs: 50e6 }])
    }
  })

  t.test(
    'in two versions: the failed one, the one that knows its parent, its service, its tag',
    async (t) => {
      const pairs: [TestSpan, TestSpan][] = [
        [
          { id: 2, ...b },
          { id: 2, ...b, status: 'error' },
        ],
        [
          { id: 2, ...b },
          { id: 2, ...b, parent: 1 },
        ],
        [
          { id: 2, ...nameless },
          { id: 2, ...b },
        ],
      ]
      for (const [less, more] of pairs) {
        const expected = JSON.stringify({ ...graphOf([more, { id: 1, ...a }]), spans: 0 })
        for (const twice of [
          [less, more],
          [more, less],
        ]) {
          t.equal(JSON.stringify({ ...graphOf([...twice, { id: 1, ...a }]), spans: 0 }), expected)
        }
      }
    },
  )

  t.test('children of a repeated span are its children once', async (t) => {
    const parent = { id: 1, ...a }
    t.same(edgesOf(graphOf([parent, { id: 2, parent: 1, ...b }, { ...parent, durationMs: 77 }])), ['a > b 1'])
  })

  t.test('the same span in two traces is two spans', async (t) => {
    t.same(nodesOf(graphOf([{ id: 1, ...a }], [{ id: 1, ...a }])), ['a 2'])
  })
})

t.test(
  'a span that is its own parent is the end of a cycle, and its children are its children',
  async (t) => {
    const graph = graphOf([
      { id: 1, parent: 1, ...a },
      { id: 2, parent: 1, ...b },
    ])
    t.same(edgesOf(graph), ['a > b 1'])
    t.match(graph.spans, { roots: 0, orphans: 0, cycles: 1, edgeCalls: 1 })
  },
)

t.test('a cycle is cut once, above the member that starts first', async (t) => {
  t.test('of two', async (t) => {
    const one = { id: 1, parent: 2, ...a, startMs: 5 }
    const two = { id: 2, parent: 1, ...b, startMs: 3 }
    for (const trace of [
      [one, two],
      [two, one],
    ]) {
      const graph = graphOf(trace)
      t.same(edgesOf(graph), ['b > a 1'])
      t.match(graph.spans, { cycles: 1, edgeCalls: 1, roots: 0 })
    }
  })

  t.test('of three with a tail; the tail stays on', async (t) => {
    const graph = graphOf([
      { id: 9, parent: 3, service: 'tail', name: 'op', startMs: 0 },
      { id: 1, parent: 3, ...a, startMs: 1 },
      { id: 2, parent: 1, ...b, startMs: 2 },
      { id: 3, parent: 2, ...c, startMs: 3 },
    ])
    t.same(edgesOf(graph), ['a > b 1', 'b > c 1', 'c > tail 1'])
    t.match(graph.spans, { cycles: 1, edgeCalls: 3 })
  })

  t.test('cuts two of them in one trace that also has a sound tree', async (t) => {
    const graph = graphOf([
      { id: 1, parent: 2, ...a },
      { id: 2, parent: 1, ...b },
      { id: 3, parent: 4, ...a },
      { id: 4, parent: 3, ...b },
      { id: 5, ...a },
      { id: 6, parent: 5, ...b },
    ])
    t.same(edgesOf(graph), ['a > b 3'])
    t.match(graph.spans, { cycles: 2, roots: 1, edgeCalls: 3 })
  })

  t.test('where all members are of one node, calls within the node remain', async (t) => {
    const graph = graphOf([
      { id: 1, parent: 2, ...a },
      { id: 2, parent: 1, ...a },
    ])
    t.match(graph.spans, { cycles: 1, selfCalls: 1 })
  })
})

t.test('a client and its server may share one span id (Zipkin)', async (t) => {
  const root: TestSpan = { id: 1, ...a, kind: 'server' }
  const client: TestSpan = { id: 2, parent: 1, ...a, name: 'call', kind: 'client' }
  const server: TestSpan = { id: 2, parent: 1, ...b, kind: 'server' }

  t.test('the server is called by the client', async (t) => {
    const graph = graphOf([root, client, server])
    t.same(nodesOf(graph), ['a.call 1', 'a 1', 'b 1'])
    t.same(edgesOf(graph), ['a.call > b 1', 'a > a.call 1'])
    t.match(graph.spans, { duplicates: 0, roots: 1, edgeCalls: 2 })
  })

  t.test('a child of a shared id belongs to the server of its own service, else to the client', async (t) => {
    const inB: TestSpan = { id: 3, parent: 2, service: 'b', name: 'query' }
    const inC: TestSpan = { id: 4, parent: 2, ...c }
    const graph = graphOf([root, client, server, inB, inC])
    t.same(edgesOf(graph), ['a.call > b 1', 'a.call > c 1', 'a > a.call 1', 'b > b.query 1'])
  })

  t.test('a client without a parent takes that of its server (late parent id)', async (t) => {
    const { parent: _, ...lost } = client
    t.same(edgesOf(graphOf([root, lost, server])), edgesOf(graphOf([root, client, server])))
  })

  t.test('a server without a parent is still a child of its client', async (t) => {
    const { parent: _, ...lost } = server
    t.same(edgesOf(graphOf([root, client, lost])), edgesOf(graphOf([root, client, server])))
  })

  t.test('a server whose parent is the shared id does not make its client a cycle', async (t) => {
    const graph = graphOf([
      { id: 2, ...a, kind: 'client' },
      { id: 2, parent: 2, ...b, kind: 'server' },
    ])
    t.same(edgesOf(graph), ['a > b 1'])
    t.match(graph.spans, { roots: 1, cycles: 0 })
  })

  t.test('which of several spans of one id is meant does not depend on their order', async (t) => {
    const producer: TestSpan = { id: 2, parent: 1, ...c, kind: 'producer' }
    for (const trace of [
      [root, producer, client, server],
      [server, root, client, producer],
      [client, server, producer, root],
    ]) {
      t.same(edgesOf(graphOf(trace)), ['a.call > b 1', 'a > a.call 1', 'a > c 1'])
    }
  })
})
