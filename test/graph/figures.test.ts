import t from 'tap'
import { StringTable } from '../../src/graph/columns/string-table.ts'
import { GraphBuilder } from '../../src/graph/graph-builder.ts'
import { SpanTable } from '../../src/graph/spans/span-table.ts'
import { RedColumns } from '../../src/graph/totals/red.ts'
import { builderOf, edgesOf, graphOf } from '../support/graph/test-graphs.ts'
import { spanTable, type TestSpan } from '../support/graph/test-spans.ts'

const call = (durationNs: number, more: Partial<TestSpan> = {}): TestSpan[] => [
  { id: 1, service: 'a', name: 'op', durationNs, ...more },
]

t.test('slow is what takes longer than the threshold and did not fail', async (t) => {
  const graph = graphOf(
    call(40e6 - 1),
    call(40e6),
    call(40e6 + 1),
    call(90e6, { status: 'ok' }),
    call(90e6, { status: 'error' }),
    call(1, { status: 'error' }),
  )
  t.match(graph.nodes, [{ count: 6, failed: 2, slow: 2 }])
})

t.test('a threshold with decimals means what it says: 1.001 ms is 1001000 ns', async (t) => {
  const { nodes } = builderOf([call(1_001_000), call(1_001_001)], { slowThresholdMs: 1.001 }).finish()
  t.match(nodes, [{ count: 2, slow: 1 }])
})

t.test('with a threshold of 0 everything that took time is slow', async (t) => {
  t.match(builderOf([call(0), call(1)], { slowThresholdMs: 0 }).finish().nodes, [{ slow: 1 }])
})

t.test('the mean is the mean: five calls of 10 ms take 10 ms (the demo said 22.8)', async (t) => {
  t.match(graphOf(...Array.from({ length: 5 }, () => call(10e6))).nodes, [{ count: 5, meanNs: 10e6 }])
})

t.test('a sum beyond 2^53 ns loses no ns', async (t) => {
  // As plain numbers 2^53 + 1 + 1 + 1 is 2^53, and the mean 2^51.
  t.match(graphOf(call(2 ** 53), call(1), call(1), call(2)).nodes, [{ meanNs: 2 ** 51 + 1 }])
  t.match(graphOf(call(2 ** 64), call(3), call(3), call(2)).nodes, [{ meanNs: 2 ** 62 }])
  const taken = builderOf([call(2 ** 64), call(2 ** 63), call(7)])
  taken.remove(spanTable(taken.strings, 1, call(2 ** 64)))
  taken.remove(spanTable(taken.strings, 1, call(2 ** 63)))
  t.match(taken.finish().nodes, [{ count: 1, meanNs: 7 }])
})

t.test('percentiles are of the calls, the mean aside: of 100 calls one takes 10 s', async (t) => {
  const calls = Array.from({ length: 99 }, (_, at) => call((at + 1) * 1e6))
  const { nodes } = graphOf(call(10e9), ...calls)
  t.match(nodes, [{ count: 100, meanNs: 149.5e6 }])
  const near = (found: number | undefined, exact: number) => Math.abs((found ?? 0) - exact) <= exact / 100
  t.ok(near(nodes[0]?.p50Ns, 50e6))
  t.ok(near(nodes[0]?.p95Ns, 95e6))
  t.ok(near(nodes[0]?.p99Ns, 99e6))
})

t.test('percentiles of a single call are its duration, to the ns', async (t) => {
  const builder = builderOf([call(1_234_567), call(9e9)])
  builder.remove(spanTable(builder.strings, 2, call(9e9)))
  t.match(builder.finish().nodes, [{ count: 1, p50Ns: 1_234_567, p95Ns: 1_234_567, p99Ns: 1_234_567 }])
})

t.test('a span that ends before it starts counts with a duration of 0 and is reported', async (t) => {
  const graph = graphOf(call(50e6), call(0, { skewed: true }))
  t.match(graph.nodes, [{ count: 2, slow: 1, meanNs: 25e6 }])
  t.equal(graph.spans.skewed, 1)
})

t.test('taking back all there was leaves nothing, not even zeros', async (t) => {
  const trace: TestSpan[] = [
    { id: 1, service: 'a', name: 'op', tag: 'x' },
    { id: 2, parent: 1, service: 'a', name: 'op' },
    { id: 3, parent: 2, service: 'b', name: 'op', status: 'error' },
  ]
  const builder = builderOf([trace], { isTagNode: () => true })
  t.same(edgesOf(builder.finish()), ['a > b 1', 'x > a 1'])
  builder.remove(spanTable(builder.strings, 1, trace))
  t.equal(JSON.stringify(builder.finish()), JSON.stringify(graphOf()))
})

t.test('a finished graph does not change when the builder continues', async (t) => {
  const builder = builderOf([call(1)])
  const graph = builder.finish()
  builder.add(spanTable(builder.strings, 2, call(3)))
  t.match(graph, { nodes: [{ count: 1 }], spans: { counted: 1 } })
  t.match(builder.finish(), { nodes: [{ count: 2 }], spans: { counted: 2 } })
})

t.test('large graphs and odd traces', async (t) => {
  const chain = (length: number, service: (row: number) => string | undefined): TestSpan[] =>
    Array.from({ length }, (_, row) => ({ id: row + 1, parent: row, service: service(row), name: 'op' }))

  t.test('a chain 20,000 deep', async (t) => {
    const graph = graphOf(chain(20_000, (row) => (row % 2 ? 'b' : 'a')).reverse())
    t.same(edgesOf(graph), ['a > b 10000', 'b > a 9999'])
  })

  t.test('a chain 20,000 deep without names, with a leaf at each step, is walked once', async (t) => {
    const length = 20_000
    const nameless = chain(length, (row) => (row === 0 ? 'a' : undefined))
    const leaves = nameless.map(({ id }) => ({ id: id + length, parent: id, service: 'b', name: 'op' }))
    t.same(edgesOf(graphOf([...leaves, ...nameless])), [`a > b ${length}`])
  })

  t.test('a cycle of 20,000 spans', async (t) => {
    const circle = chain(20_000, () => 'a')
    circle[0] = { id: 1, parent: 20_000, service: 'a', name: 'op' }
    t.match(graphOf(circle).spans, { cycles: 1, selfCalls: 19_999 })
  })

  // Ids counted up in any byte of the 64 bits: a hash that looks only at some of them takes minutes here.
  for (const step of [1, 2 ** 8, 2 ** 16, 2 ** 32, 2 ** 36]) {
    t.test(`a trace of 100,000 spans whose ids are multiples of ${step}`, async (t) => {
      const spans = Array.from({ length: 100_000 }, (_, row) => ({
        id: (row + 1) * step,
        parent: Math.floor((row + 1) / 2) * step,
        service: row % 2 ? 'a' : 'b',
        name: 'op',
      }))
      t.match(graphOf(spans).spans, { counted: 100_000, roots: 1, orphans: 0, duplicates: 0 })
    })
  }

  t.test('50,000 span names', async (t) => {
    const strings = new StringTable()
    const builder = new GraphBuilder({ strings, slowThresholdMs: 40, maxNodes: 50_000 })
    for (let trace = 0; trace < 5000; trace++) {
      const names = Array.from({ length: 10 }, (_, span) => `GET /item/${trace * 10 + span}`)
      builder.add(
        spanTable(
          strings,
          trace,
          names.map((name, row) => ({ id: row + 1, parent: row, service: 'a', name })),
        ),
      )
    }
    const { nodes, edges } = builder.finish()
    t.equal(nodes.length, 50_000)
    t.equal(edges.length, 45_000)
  })

  t.test('small traces after a huge one are counted as if it had not been there, and as fast', async (t) => {
    const builder = builderOf([chain(200_000, () => 'a')])
    const small = spanTable(
      builder.strings,
      2,
      chain(3, () => 'b'),
    )
    for (let trace = 0; trace < 20_000; trace++) builder.add(small)
    t.match(builder.finish().spans, { counted: 260_000, roots: 20_001, selfCalls: 239_999 })
  })
})

t.test('time on a critical path is kept for a row that has no call yet, however far it is', async (t) => {
  const spans = new SpanTable(new StringTable())
  spans.durationNs[spans.addRow()] = 10
  const red = new RedColumns()
  for (const row of [3, 5000]) {
    red.addCriticalPath(row, 7, 1)
    red.addSpan(row, spans, 0, 40, 1)
    t.match(red.read(row), { count: 1, meanNs: 10, criticalPathNs: 7 }, `row ${row}`)
  }
})
