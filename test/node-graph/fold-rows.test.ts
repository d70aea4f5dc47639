import fc from 'fast-check'
import t from 'tap'
import type { EdgeRow, NodeGraph, NodeRow } from '../../src/model/node-graph-rows.ts'
import { type FoldedGraph, foldNodes } from '../../src/node-graph/fold-rows.ts'
import { estimatePercentiles } from '../../src/node-graph/merged-percentiles.ts'
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
    adjustedCountLow: count,
    adjustedCountHigh: count,
    failed: 0,
    adjustedFailed: 0,
    adjustedFailedLow: 0,
    adjustedFailedHigh: 0,
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

/** web calls three caches; cron calls only job. */
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

t.test('keeps a graph that is small enough', async (t) => {
  for (const maxNodes of [6, 7, Number.POSITIVE_INFINITY]) {
    t.same(foldNodes(shop, { maxNodes, windowSec }), { ...shop, folded: 0, into: 0 })
  }
})

t.test('folds the least called nodes with the same neighbours into one, with exact sums', async (t) => {
  const folded = foldNodes(shop, { maxNodes: 4, windowSec })
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
  t.equal(row.selfCalls, 3, 'a call between folded nodes becomes a self call')
  t.equal(row.detail__self_calls, '3')
  t.same(Object.keys(row), Object.keys(nodeRow), 'has all keys, in their order')
  const joined = folded.edges[1] as EdgeRow
  t.same(Object.keys(joined), Object.keys(edgeRow))
  t.match(joined, { clientMeanMs: null, gapMeanMs: null, callsPerParent: null, detail__sides: '' })
})

t.test('folds by neighbours, and folds the least called groups together if there are too many', async (t) => {
  const fan: NodeGraph = {
    nodes: ['a', 'b', 'c', 'd'].flatMap((id, at) => [
      node(id, 100 - at),
      node(`${id}1`, 2),
      node(`${id}2`, 1),
    ]),
    edges: ['a', 'b', 'c', 'd'].flatMap((id) => [edge(id, `${id}1`, 2), edge(id, `${id}2`, 1)]),
  }
  t.same(drawn(foldNodes(fan, { maxNodes: 8, windowSec })).slice(0, 8), [
    'a: 100',
    'b: 99',
    'c: 98',
    'd: 97',
    'other (2 nodes): 3',
    'other (2 nodes): 3',
    'other (2 nodes): 3',
    'other (2 nodes): 3',
  ])
  t.same(drawn(foldNodes(fan, { maxNodes: 6, windowSec })), [
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
  t.same(drawn(foldNodes(fan, { maxNodes: 1, windowSec })), ['other (12 nodes): 406'])
})

t.test('takes the common service as title, and keeps the nodes in `keep`', async (t) => {
  const operations: NodeGraph = { nodes: [1, 2, 3].map((n) => node(`${n}`, n, { title: 'cart' })), edges: [] }
  t.same(drawn(foldNodes(operations, { maxNodes: 2, windowSec })), ['cart: 3', 'cart (2 nodes): 3'])
  const kept = foldNodes(operations, { maxNodes: 2, windowSec, keep: ['1'] })
  t.same(
    kept.nodes.map(({ count }) => count),
    [1, 5],
  )
})

t.test('takes exemplars and queries from the most telling rows', async (t) => {
  const rows = [
    node('a', 1, { p99Ms: 90, traceql: '{ a }', exemplars: { slowest: 'a', failed: null, typical: 'a' } }),
    node('b', 3, {
      p99Ms: 10,
      traceql: '{ b }',
      exemplars: { slowest: 'b', failed: 'b', typical: 'b' },
      failed: 1,
    }),
  ]
  const [row] = foldNodes({ nodes: rows, edges: [] }, { maxNodes: 1, windowSec }).nodes as [NodeRow]
  t.same(row.exemplars, { slowest: 'a', failed: 'b', typical: 'b' })
  t.equal(row.traceql, '({ b }) || ({ a })')
  const many = Array.from({ length: 500 }, (_, at) =>
    node(`${at}`, 1, { traceql: `{ name = "GET /items/${at}" }` }),
  )
  const [long] = foldNodes({ nodes: many, edges: [] }, { maxNodes: 1, windowSec }).nodes as [NodeRow]
  t.ok(long.traceql.length <= 2000 && long.traceql.endsWith('})'), 'a query stays short enough for a URL')
})

t.test('estimates the percentiles of several rows from those of each row', async (t) => {
  const known = (count: number, p50Ms: number, p95Ms: number, p99Ms: number) => ({
    count,
    p50Ms,
    p95Ms,
    p99Ms,
  })
  const near = (found: object, expected: object) =>
    Object.entries(expected).every(
      ([key, value]) => Math.abs(found[key as keyof typeof found] - value) < 1e-6 * value,
    )
  t.ok(
    near(estimatePercentiles([known(7, 10, 20, 30)]), { p50Ms: 10, p95Ms: 20, p99Ms: 30 }),
    'one row keeps its own',
  )
  t.ok(
    near(estimatePercentiles([known(1, 10, 20, 30), known(9, 10, 20, 30)]), {
      p50Ms: 10,
      p95Ms: 20,
      p99Ms: 30,
    }),
  )
  const estimated = estimatePercentiles([known(90, 10, 10, 10), known(10, 100, 100, 100)])
  t.ok(near(estimated, { p50Ms: 10, p95Ms: 100, p99Ms: 100 }), JSON.stringify(estimated))
})

t.test('holds these laws for any graph', async (t) => {
  const arbitraryGraph = arbitraryTraces.map((traces) =>
    toNodeGraph(builderOf(traces, { isTagNode: () => true }).finish(), {
      windowSec,
      tagNodeSubTitle: 'Service Node',
    }),
  )
  const holds = (what: string, law: (graph: NodeGraph, folded: FoldedGraph, maxNodes: number) => boolean) => {
    const found = fc.check(
      fc.property(arbitraryGraph, fc.integer({ min: 1, max: 12 }), (graph, maxNodes) =>
        law(graph, foldNodes(graph, { maxNodes, windowSec }), maxNodes),
      ),
      { numRuns: 300 },
    )
    t.notOk(found.failed, fc.defaultReportMessage(found) ?? what)
  }
  const total = <Row>(rows: Row[], value: (row: Row) => number) =>
    rows.reduce((sum, row) => sum + value(row), 0)

  holds('sums are unchanged', (graph, folded) =>
    (['count', 'failed', 'slow'] as const).every(
      (key) => total(graph.nodes, (row) => row[key]) === total(folded.nodes, (row) => row[key]),
    ),
  )
  holds(
    'calls are unchanged: along an edge or as self calls',
    (graph, folded) =>
      total(graph.edges, ({ count }) => count) + total(graph.nodes, ({ selfCalls }) => selfCalls) ===
      total(folded.edges, ({ count }) => count) + total(folded.nodes, ({ selfCalls }) => selfCalls),
  )
  holds('total time is unchanged', (graph, folded) => {
    const time = (rows: NodeRow[]) => total(rows, ({ count, meanMs }) => count * meanMs)
    // Each mean is rounded to 1e-6 ms, so every call may add half of that.
    const tolerance = 1e-6 * (total(graph.nodes, ({ count }) => count) + time(graph.nodes))
    return Math.abs(time(graph.nodes) - time(folded.nodes)) <= tolerance
  })
  holds('there are at most maxNodes nodes', ({ nodes }, folded, maxNodes) => {
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
  holds('nodes that stay are called at least as often as folded nodes', (graph, folded) => {
    const ids = new Set(folded.nodes.map(({ id }) => id))
    const gone = graph.nodes.filter(({ id }) => !ids.has(id))
    const most = Math.max(0, ...gone.map(({ count }) => count))
    return graph.nodes.filter(({ count }) => count > most).every(({ id }) => ids.has(id))
  })
  holds(
    'equal graphs give equal rows, and folding twice changes nothing',
    (graph, folded, maxNodes) =>
      JSON.stringify(foldNodes(graph, { maxNodes, windowSec })) === JSON.stringify(folded) &&
      foldNodes(folded, { maxNodes, windowSec }).folded === 0,
  )
})
