import { Ajv } from 'ajv'
import fc from 'fast-check'
import t from 'tap'
import type { GraphNode } from '../../src/graph/graph.ts'
import { noExemplars } from '../../src/graph/totals/exemplars.ts'
import { certain } from '../../src/graph/totals/sampled-calls.ts'
import { EdgeRow, NodeRow } from '../../src/model/node-graph-rows.ts'
import { toNodeGraph } from '../../src/node-graph/node-graph.ts'
import { builderOf } from '../support/graph/test-graphs.ts'
import { arbitraryTraces } from '../support/graph/test-spans.ts'
import { checkout, checkoutRows, md5 } from './checkout.ts'

const tag = { scope: 'resource', key: 'region' } as const
const options = { windowSec: 60, tagNodeSubTitle: 'Service Node', tag }

const node = (title: string, operation: string, more: Partial<GraphNode> = {}): GraphNode => {
  return {
    role: 'operation',
    title,
    operation,
    count: 1,
    ...certain(more.count ?? 1),
    failed: 0,
    adjustedFailed: certain(more.failed ?? 0),
    slow: 0,
    meanNs: 0,
    criticalPathNs: 0,
    p50Ns: 0,
    p95Ns: 0,
    p99Ns: 0,
    exemplars: noExemplars,
    selfCalls: 0,
    ...more,
  }
}
const tagNode = (title: string) => node(title, '', { role: 'tag' })

/** Returns the rows of a graph without edges. */
const rowsOf = (...nodes: GraphNode[]) =>
  toNodeGraph({ nodes, edges: [], endToEndNs: 0, spans: builderOf([]).finish().spans }, options).nodes

/** Returns the row of a single node with these fields. */
function rowOf(more: Partial<GraphNode>): NodeRow {
  const [row] = rowsOf(node('a', 'op', more))
  if (!row) throw new Error('no row')
  return row
}

t.test('writes no rows for an empty graph', async (t) => {
  t.same(toNodeGraph(builderOf([]).finish(), options), { nodes: [], edges: [] })
})

t.test('writes every field of every row in a fixed order', async (t) => {
  t.equal(JSON.stringify(toNodeGraph(checkout(), options)), JSON.stringify(checkoutRows))
})

t.test("keeps the demo's ids, on which dashboards depend", async (t) => {
  t.same(
    rowsOf(node('shop', 'GET /'), node('käse', '🛒'), tagNode('shop')).map((row) => row.id),
    ['shop##GET /', 'käse##🛒', 'shop##service'].map(md5),
  )
  t.equal(rowsOf(node('shop', 'GET /'))[0]?.id, '56c43d439b778f74dcaaca30034d0aa4')
})

t.test('gives two nodes different ids where the demo gave them the same', async (t) => {
  t.test('an operation called "service" and the tag node of that service', async (t) => {
    const [operation, tag] = rowsOf(node('shop', 'service'), tagNode('shop'))
    t.equal(operation?.id, md5('shop##service'))
    t.match(tag?.id, /^[0-9a-f]{32}$/)
    t.not(tag?.id, operation?.id)
  })

  t.test('## within a name', async (t) => {
    const rows = rowsOf(node('a', 'b##c'), node('a##b', 'c'))
    t.equal(rows[0]?.id, md5('a##b##c'))
    t.not(rows[1]?.id, rows[0]?.id)
  })
})

t.test('rounds shares so that they add up to 1 and none is negative', async (t) => {
  const arcs = (count: number, failed: number, slow: number) => {
    const row = rowOf({ count, failed, slow })
    return [row.arc__failed, row.arc__slow, row.arc__passed]
  }
  t.same(arcs(3, 1, 1), [0.333333, 0.333333, 0.333334])
  t.same(arcs(3, 2, 1), [0.666667, 0.333333, 0])
  t.same(arcs(7, 0, 0), [0, 0, 1])
  t.same(arcs(7, 7, 0), [1, 0, 0])
  // 0.0000005 and 0.9999995 both round up.
  t.same(arcs(2_000_000, 1, 1_999_999), [0.000001, 0.999999, 0])
  const figures = fc
    .integer({ min: 1, max: 1e9 })
    .chain((count) => fc.tuple(fc.constant(count), fc.nat(count)))
    .chain(([count, failed]) => fc.tuple(fc.constant(count), fc.constant(failed), fc.nat(count - failed)))
  const found = fc.check(
    fc.property(figures, ([count, failed, slow]) => {
      const shares = arcs(count, failed, slow)
      const total = shares.reduce((sum, share) => sum + share, 0)
      return shares.every((share) => share >= 0 && share <= 1) && Math.abs(total - 1) < 1e-9
    }),
  )
  t.notOk(found.failed, fc.defaultReportMessage(found) ?? 'holds')
})

t.test('writes durations in ms with six decimals, without float noise or -0', async (t) => {
  const meanMs = (meanNs: number) => rowOf({ meanNs }).meanMs
  t.same([0, 1, 0.4, 1_234_567.8, 0.1e6 + 0.2e6, 2 ** 64].map(meanMs), [
    0,
    0.000001,
    0,
    1.234568,
    0.3,
    2 ** 64 / 1e6,
  ])
  t.ok(Object.is(meanMs(-0), 0))
})

t.test('calculates the rate over the window', async (t) => {
  const { nodes } = toNodeGraph(checkout(), { ...options, windowSec: 7200 })
  t.same(
    nodes.map((row) => [row.perSec, row.detail__traffic]),
    [
      [0.000417, '3 calls, 0.000417/s, 1 failed'],
      [0.000278, '2 calls, 0.000278/s'],
      [0.000139, '1 call, 0.000139/s'],
    ],
  )
})

t.test('writes rows that match the schema for any graph', async (t) => {
  const ajv = new Ajv({ allErrors: true })
  const isNode = ajv.compile(NodeRow)
  const isEdge = ajv.compile(EdgeRow)
  const keysOf = (rows: object[]) => new Set(rows.map((row) => Object.keys(row).join()))
  const found = fc.check(
    fc.property(arbitraryTraces, (traces) => {
      const graph = builderOf(traces, { isTagNode: () => true }).finish()
      const { nodes, edges } = toNodeGraph(graph, options)
      return (
        nodes.every((row) => isNode(row)) &&
        edges.every((row) => isEdge(row)) &&
        keysOf(nodes).size <= 1 &&
        keysOf(edges).size <= 1
      )
    }),
  )
  t.notOk(found.failed, `${fc.defaultReportMessage(found)} ${ajv.errorsText(isNode.errors ?? isEdge.errors)}`)
})

t.test('sorts operations before tags, then by title and name in code units', async (t) => {
  const names: [string, string][] = [
    ['b', 'x'],
    ['a', 'z'],
    ['a', 'y'],
    ['B', 'x'],
    ['ä', 'x'],
    ['a b', 'x'],
  ]
  const traces = names.map(([service, name]) => [{ id: 1, service, name, tag: service }])
  const graph = builderOf(traces, { isTagNode: () => true }).finish()
  const { nodes, edges } = toNodeGraph(graph, options)
  t.same(
    nodes.map((row) => `${row.title}/${row.subTitle}`),
    [
      ...['B/x', 'a/y', 'a/z', 'a b/x', 'b/x', 'ä/x'],
      ...['B', 'a', 'a b', 'b', 'ä'].map((value) => `${value}/Service Node`),
    ],
  )
  const place = (id: string) => nodes.findIndex((row) => row.id === id)
  const places = edges.map((edge) => [place(edge.source), place(edge.target)])
  t.same(places, [
    [6, 0],
    [7, 1],
    [7, 2],
    [8, 3],
    [9, 4],
    [10, 5],
  ])
})
