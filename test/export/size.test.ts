import fc from 'fast-check'
import t from 'tap'
import type { EdgeRow, NodeGraph, NodeRow } from '../../src/model/node-graph-rows.ts'
import { type FoldedGraph, foldRows } from '../../src/node-graph/fold-rows.ts'
import { mixedPercentiles } from '../../src/node-graph/mixed-percentiles.ts'
import { neighbourhood } from '../../src/node-graph/neighbourhood.ts'
import { toNodeGraph } from '../../src/node-graph/node-graph.ts'
import { builderOf } from '../support/graph/test-graphs.ts'
import { arbitraryTraces } from '../support/graph/test-spans.ts'
import { documentOf } from '../support/server-stand-ins.ts'

const [nodeRow] = documentOf('micro').nodes as [NodeRow]
const [edgeRow] = documentOf('micro').edges as [EdgeRow]
const windowSec = 60

const node = (id: string, count: number, more: Partial<NodeRow> = {}): NodeRow => {
  return {
    ...nodeRow,
    id,
    title: id,
    subTitle: '',
    mainStat: count,
    count,
    adjustedCount: count,
    failed: 0,
    ...more,
  }
}
const edge = (source: string, target: string, count: number): EdgeRow => {
  return { ...edgeRow, id: `${source}_${target}`, source, target, mainStat: count, count, failed: 0 }
}
const drawn = ({ nodes, edges }: NodeGraph) => {
  const name = (id: string) => {
    const { title, subTitle } = nodes.find((row) => row.id === id) as NodeRow
    return subTitle === '' ? title : `${title} (${subTitle})`
  }
  return [
    ...nodes.map((row) => `${name(row.id)}: ${row.count}`),
    ...edges.map(({ source, target, count }) => `${name(source)} > ${name(target)}: ${count}`),
  ]
}

/** web calls three caches and two stores of its own; what only cron calls is apart. */
const shop: NodeGraph = {
  nodes: [
    node('c1', 3, { failed: 1, meanMs: 10, selfCalls: 2 }),
    node('c2', 2, { meanMs: 20 }),
    node('c3', 1, { meanMs: 40 }),
    node('cron', 5),
    node('job', 4),
    node('web', 9),
  ],
  edges: [
    edge('cron', 'job', 4),
    edge('web', 'c1', 3),
    edge('web', 'c2', 2),
    edge('web', 'c3', 1),
    edge('c1', 'c2', 1),
  ],
}

t.test('a graph that is small enough stays as it is', async (t) => {
  for (const maxNodes of [6, 7, Number.POSITIVE_INFINITY]) {
    t.same(foldRows(shop, { maxNodes, windowSec }), { ...shop, folded: 0, into: 0 })
  }
})

t.test('the least called that have the same neighbours are one node, with their sums', async (t) => {
  const folded = foldRows(shop, { maxNodes: 4, windowSec })
  t.same(drawn(folded), [
    'cron: 5',
    'job: 4',
    'web: 9',
    'other (3 nodes): 6',
    'cron > job: 4',
    'web > other (3 nodes): 6',
  ])
  t.same([folded.folded, folded.into], [3, 1])
  const row = folded.nodes[3] as NodeRow
  t.match(row, {
    detail__role: 'other',
    detail__traffic: '6 calls, 0.1/s, 1 failed',
    failed: 1,
    meanMs: 18.333333,
    secondaryStat: 18.333333,
    perSec: 0.1,
    arc__failed: 0.166667,
    arc__passed: 0.833333,
  })
  t.equal(row.selfCalls, 3, 'a call of one to another is one to itself')
  t.equal(row.detail__self_calls, '3')
  t.same(Object.keys(row), Object.keys(nodeRow), 'with all keys, in their order')
  const joined = folded.edges[1] as EdgeRow
  t.same(Object.keys(joined), Object.keys(edgeRow))
  t.match(joined, { clientMeanMs: null, gapMeanMs: null, callsPerParent: null, detail__sides: '' })
})

t.test(
  'where they have different neighbours there are several, and where these are too many one more',
  async (t) => {
    const fan: NodeGraph = {
      nodes: ['a', 'b', 'c', 'd'].flatMap((id, at) => [
        node(id, 100 - at),
        node(`${id}1`, 2),
        node(`${id}2`, 1),
      ]),
      edges: ['a', 'b', 'c', 'd'].flatMap((id) => [edge(id, `${id}1`, 2), edge(id, `${id}2`, 1)]),
    }
    t.same(drawn(foldRows(fan, { maxNodes: 8, windowSec })).slice(0, 8), [
      'a: 100',
      'b: 99',
      'c: 98',
      'd: 97',
      'other (2 nodes): 3',
      'other (2 nodes): 3',
      'other (2 nodes): 3',
      'other (2 nodes): 3',
    ])
    t.same(drawn(foldRows(fan, { maxNodes: 6, windowSec })), [
      'a: 100',
      'b: 99',
      'c: 98',
      'other (3 nodes): 100',
      'other (2 nodes): 3',
      'other (4 nodes): 6',
      ...[],
      'a > other (2 nodes): 3',
      'b > other (4 nodes): 3',
      'c > other (4 nodes): 3',
    ])
    t.same(drawn(foldRows(fan, { maxNodes: 1, windowSec })), ['other (12 nodes): 406'])
  },
)

t.test('the service is the title where all are of one, and nodes that are to stay do', async (t) => {
  const operations: NodeGraph = { nodes: [1, 2, 3].map((n) => node(`${n}`, n, { title: 'cart' })), edges: [] }
  t.same(drawn(foldRows(operations, { maxNodes: 2, windowSec })), ['cart: 3', 'cart (2 nodes): 3'])
  const kept = foldRows(operations, { maxNodes: 2, windowSec, keep: ['1'] })
  t.same(
    kept.nodes.map(({ count }) => count),
    [1, 5],
  )
})

t.test('examples and queries are those of the rows that tell most', async (t) => {
  const rows = [
    node('a', 1, { p99Ms: 90, traceql: '{ a }', exemplars: { slowest: 'a', failed: null, typical: 'a' } }),
    node('b', 3, {
      p99Ms: 10,
      traceql: '{ b }',
      exemplars: { slowest: 'b', failed: 'b', typical: 'b' },
      failed: 1,
    }),
  ]
  const [row] = foldRows({ nodes: rows, edges: [] }, { maxNodes: 1, windowSec }).nodes as [NodeRow]
  t.same(row.exemplars, { slowest: 'a', failed: 'b', typical: 'b' })
  t.equal(row.traceql, '({ b }) || ({ a })')
  const many = Array.from({ length: 500 }, (_, at) =>
    node(`${at}`, 1, { traceql: `{ name = "GET /items/${at}" }` }),
  )
  const [long] = foldRows({ nodes: many, edges: [] }, { maxNodes: 1, windowSec }).nodes as [NodeRow]
  t.ok(
    long.traceql.length <= 2000 && long.traceql.endsWith('})'),
    'a query stays short enough for an address',
  )
})

t.test('percentiles of several rows lie where those of each put them', async (t) => {
  const known = (count: number, p50Ms: number, p95Ms: number, p99Ms: number) => ({
    count,
    p50Ms,
    p95Ms,
    p99Ms,
  })
  const near = (found: object, wanted: object) =>
    Object.entries(wanted).every(
      ([key, value]) => Math.abs(found[key as keyof typeof found] - value) < 1e-6 * value,
    )
  t.ok(near(mixedPercentiles([known(7, 10, 20, 30)]), { p50Ms: 10, p95Ms: 20, p99Ms: 30 }), 'of one its own')
  t.ok(
    near(mixedPercentiles([known(1, 10, 20, 30), known(9, 10, 20, 30)]), { p50Ms: 10, p95Ms: 20, p99Ms: 30 }),
  )
  const mixed = mixedPercentiles([known(90, 10, 10, 10), known(10, 100, 100, 100)])
  t.ok(near(mixed, { p50Ms: 10, p95Ms: 100, p99Ms: 100 }), JSON.stringify(mixed))
})

t.test('the neighbourhood of a node', async (t) => {
  const ids = (focus: string[], hops: number) => {
    const { nodes, edges } = neighbourhood(shop, focus, hops)
    return [...nodes, ...edges].map(({ id }) => id)
  }
  t.same(ids(['c1'], 0), ['c1'])
  t.same(
    ids(['c1'], 1),
    ['c1', 'c2', 'web', 'web_c1', 'web_c2', 'c1_c2'],
    'callers, callees, what is between',
  )
  t.same(ids(['job'], 1), ['cron', 'job', 'cron_job'])
  t.same(ids(['c3'], 2), ['c1', 'c2', 'c3', 'web', 'web_c1', 'web_c2', 'web_c3', 'c1_c2'])
  t.same(ids(['c3', 'job'], 1), ['c3', 'cron', 'job', 'web', 'cron_job', 'web_c3'])
  t.same(ids(['c3'], 64), ids(['c3'], 2))
})

t.test('laws, of any graph', async (t) => {
  const arbitraryGraph = arbitraryTraces.map((traces) =>
    toNodeGraph(builderOf(traces, { isTagNode: () => true }).finish(), {
      windowSec,
      tagNodeSubTitle: 'Service Node',
    }),
  )
  const holds = (what: string, law: (graph: NodeGraph, folded: FoldedGraph, maxNodes: number) => boolean) => {
    const found = fc.check(
      fc.property(arbitraryGraph, fc.integer({ min: 1, max: 12 }), (graph, maxNodes) =>
        law(graph, foldRows(graph, { maxNodes, windowSec }), maxNodes),
      ),
      { numRuns: 300 },
    )
    t.notOk(found.failed, fc.defaultReportMessage(found) ?? what)
  }
  const total = <Row>(rows: Row[], value: (row: Row) => number) =>
    rows.reduce((sum, row) => sum + value(row), 0)

  holds('sums stay', (graph, folded) =>
    (['count', 'failed', 'slow'] as const).every(
      (key) => total(graph.nodes, (row) => row[key]) === total(folded.nodes, (row) => row[key]),
    ),
  )
  holds(
    'calls stay: along an edge, or to itself',
    (graph, folded) =>
      total(graph.edges, ({ count }) => count) + total(graph.nodes, ({ selfCalls }) => selfCalls) ===
      total(folded.edges, ({ count }) => count) + total(folded.nodes, ({ selfCalls }) => selfCalls),
  )
  holds('time stays', (graph, folded) => {
    const time = (rows: NodeRow[]) => total(rows, ({ count, meanMs }) => count * meanMs)
    return Math.abs(time(graph.nodes) - time(folded.nodes)) <= 1e-6 * (1 + time(graph.nodes))
  })
  holds('there are at most so many nodes', ({ nodes }, folded, maxNodes) => {
    const unfolded = nodes.length - folded.folded
    return folded.nodes.length === unfolded + folded.into && folded.nodes.length <= maxNodes
  })
  holds('ids are unique, ends exist, and no edge is a loop', (_, { nodes, edges }) => {
    const ids = new Set(nodes.map(({ id }) => id))
    return (
      ids.size === nodes.length &&
      new Set(edges.map(({ id }) => id)).size === edges.length &&
      edges.every(({ source, target }) => source !== target && ids.has(source) && ids.has(target))
    )
  })
  holds('arcs add up to 1', (_, { nodes }) =>
    nodes.every((row) => Math.abs(row.arc__failed + row.arc__slow + row.arc__passed - 1) < 1e-9),
  )
  holds('what stays is called at least as often as what is folded one by one', (graph, folded) => {
    const ids = new Set(folded.nodes.map(({ id }) => id))
    const gone = graph.nodes.filter(({ id }) => !ids.has(id))
    const most = Math.max(0, ...gone.map(({ count }) => count))
    return graph.nodes.filter(({ count }) => count > most).every(({ id }) => ids.has(id))
  })
  holds(
    'equal graphs give equal rows, and folding twice changes nothing',
    (graph, folded, maxNodes) =>
      JSON.stringify(foldRows(graph, { maxNodes, windowSec })) === JSON.stringify(folded) &&
      foldRows(folded, { maxNodes, windowSec }).folded === 0,
  )
})
