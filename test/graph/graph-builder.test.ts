import t from 'tap'
import { noPattern } from '../../src/graph/totals/call-patterns.ts'
import { noSides } from '../../src/graph/totals/call-sides.ts'
import { certain } from '../../src/graph/totals/sampled-calls.ts'
import { edgesOf, graphOf, hexTraceId, nodesOf } from '../support/graph/test-graphs.ts'

const [a, b, c] = ['a', 'b', 'c'].map((service) => ({ service, name: 'op' })) as [Op, Op, Op]
const nameless = { name: 'op' }
type Op = { service: string; name: string }

t.test('a builder without traces gives an empty graph', async (t) => {
  const graph = graphOf()
  t.same([graph.nodes, graph.edges], [[], []])
  t.same(new Set(Object.values(graph.spans)), new Set([0]))
})

t.test('a trace without spans is a trace', async (t) => {
  t.match(graphOf([]).spans, { traces: 1, received: 0, counted: 0, roots: 0 })
})

t.test('a call from a to b is two nodes and an edge with the figures of the callee', async (t) => {
  const graph = graphOf([
    { id: 1, ...a, durationMs: 100 },
    { id: 2, parent: 1, ...b, durationMs: 30, status: 'error' },
  ])
  const first = hexTraceId(1)
  t.same(graph, {
    nodes: [
      {
        role: 'operation',
        title: 'a',
        operation: 'op',
        exemplars: { slowest: first, failed: null, typical: first },
        count: 1,
        ...certain(1),
        failed: 0,
        adjustedFailed: certain(0),
        slow: 1,
        meanNs: 100e6,
        criticalPathNs: 70e6,
        p50Ns: 100e6,
        p95Ns: 100e6,
        p99Ns: 100e6,
        selfCalls: 0,
      },
      {
        role: 'operation',
        title: 'b',
        operation: 'op',
        exemplars: { slowest: first, failed: first, typical: first },
        count: 1,
        ...certain(1),
        failed: 1,
        adjustedFailed: certain(1),
        slow: 0,
        meanNs: 30e6,
        criticalPathNs: 30e6,
        p50Ns: 30e6,
        p95Ns: 30e6,
        p99Ns: 30e6,
        selfCalls: 0,
      },
    ],
    edges: [
      {
        source: 0,
        target: 1,
        exemplars: { slowest: first, failed: first, typical: first },
        count: 1,
        ...certain(1),
        failed: 1,
        adjustedFailed: certain(1),
        slow: 0,
        meanNs: 30e6,
        criticalPathNs: 30e6,
        p50Ns: 30e6,
        p95Ns: 30e6,
        p99Ns: 30e6,
        sides: { ...noSides, serverMeanNs: 30e6 },
        pattern: { ...noPattern, parents: 1, calls: 1, p95PerParent: 1, maxPerParent: 1 },
        messages: 0,
      },
    ],
    foldings: [],
    endToEndNs: 100e6,
    spans: {
      traces: 1,
      received: 2,
      counted: 2,
      duplicates: 0,
      withoutService: 0,
      roots: 1,
      orphans: 0,
      cycles: 0,
      selfCalls: 0,
      edgeCalls: 1,
      skewed: 0,
      untimed: 0,
      outsideWindow: 0,
      badWeights: 0,
      excluded: 0,
      transparent: 0,
      doubled: 0,
      unnamedPeers: 0,
    },
  })
})

t.test('three calls by one parent count 3: a retry is a call (the demo counted parents)', async (t) => {
  const graph = graphOf([
    { id: 1, ...a },
    { id: 2, parent: 1, ...b, status: 'error', durationMs: 1 },
    { id: 3, parent: 1, ...b, status: 'error', durationMs: 2 },
    { id: 4, parent: 1, ...b, durationMs: 6 },
  ])
  t.match(graph.edges, [{ count: 3, failed: 2, meanNs: 3e6 }])
})

t.test('operations of one service are nodes of their own', async (t) => {
  const graph = graphOf([
    { id: 1, service: 'a', name: 'get' },
    { id: 2, parent: 1, service: 'a', name: 'query' },
  ])
  t.same(nodesOf(graph), ['a.get 1', 'a.query 1'])
  t.same(edgesOf(graph), ['a.get > a.query 1'])
})

t.test('calls within a node are no edge: the panel cannot draw them', async (t) => {
  const graph = graphOf([
    { id: 1, ...a },
    { id: 2, parent: 1, ...a },
    { id: 3, parent: 2, ...a },
    { id: 4, parent: 3, ...b },
  ])
  t.match(graph.nodes, [
    { title: 'a', count: 3, selfCalls: 2 },
    { title: 'b', count: 1, selfCalls: 0 },
  ])
  t.same(edgesOf(graph), ['a > b 1'])
  t.match(graph.spans, { roots: 1, selfCalls: 2, edgeCalls: 1 })
})

t.test('span ids of one trace mean nothing in another', async (t) => {
  const graph = graphOf([{ id: 1, ...a }], [{ id: 2, parent: 1, ...b }])
  t.same(edgesOf(graph), [])
  t.match(graph.spans, { traces: 2, roots: 1, orphans: 1 })
})

t.test('both words of an id count', async (t) => {
  const graph = graphOf([
    { id: 1, ...a },
    { id: 1 + 2 ** 32, ...b },
    { id: 2, parent: 1 + 2 ** 32, ...c },
  ])
  t.same(edgesOf(graph), ['b > c 1'])
})

t.test('an orphan is counted and not attached to the root (unlike Zipkin)', async (t) => {
  const graph = graphOf([
    { id: 1, ...a },
    { id: 2, parent: 99, ...b },
    { id: 3, parent: 2, ...c },
  ])
  t.same(edgesOf(graph), ['b > c 1'])
  t.match(graph.spans, { roots: 1, orphans: 1, edgeCalls: 1 })
})

t.test('two roots of one trace stay two', async (t) => {
  const graph = graphOf([
    { id: 1, ...a },
    { id: 2, ...b },
  ])
  t.same(edgesOf(graph), [])
  t.match(graph.spans, { roots: 2 })
})

t.test('a child may come before its parent, and start before it', async (t) => {
  const graph = graphOf([
    { id: 2, parent: 1, ...b, startMs: 5 },
    { id: 1, ...a, startMs: 9 },
  ])
  t.same(edgesOf(graph), ['a > b 1'])
})

t.test('a span without a service is transparent', async (t) => {
  t.test('its children belong to the nearest ancestor with a service', async (t) => {
    const graph = graphOf([
      { id: 1, ...a },
      { id: 2, parent: 1, ...nameless },
      { id: 3, parent: 2, ...nameless },
      { id: 4, parent: 3, ...b },
      { id: 5, parent: 2, ...c },
    ])
    t.same(nodesOf(graph), ['a 1', 'b 1', 'c 1'])
    t.same(edgesOf(graph), ['a > b 1', 'a > c 1'])
    t.match(graph.spans, { received: 5, counted: 3, withoutService: 2, roots: 1, edgeCalls: 2 })
  })

  t.test('under a nameless root a span is a root', async (t) => {
    const graph = graphOf([
      { id: 1, ...nameless },
      { id: 2, parent: 1, ...a },
      { id: 3, parent: 1, ...b },
    ])
    t.same(edgesOf(graph), [])
    t.match(graph.spans, { counted: 2, withoutService: 1, roots: 2 })
  })

  t.test('under a nameless orphan a span is an orphan', async (t) => {
    const trace = [
      { id: 1, parent: 99, ...nameless },
      { id: 2, parent: 1, ...nameless },
      { id: 3, parent: 2, ...a },
    ]
    t.match(graphOf(trace).spans, { counted: 1, withoutService: 2, orphans: 1, roots: 0 })
  })

  t.test('under a nameless cycle a span is the end of a cycle', async (t) => {
    const trace = [
      { id: 1, parent: 2, ...nameless },
      { id: 2, parent: 1, ...nameless },
      { id: 3, parent: 2, ...a },
    ]
    t.match(graphOf(trace).spans, { counted: 1, withoutService: 2, cycles: 1 })
  })

  t.test('a trace without other spans has no node', async (t) => {
    const graph = graphOf([{ id: 1, ...nameless }])
    t.same(graph.nodes, [])
    t.match(graph.spans, { received: 1, counted: 0, withoutService: 1, roots: 0 })
  })
})

t.test('a span without a name is on a node with an empty operation', async (t) => {
  t.same(nodesOf(graphOf([{ id: 1, service: 'a', name: '' }])), ['a. 1'])
})
