import fc from 'fast-check'
import t from 'tap'
import { StringTable } from '../../src/graph/columns/string-table.ts'
import { GraphBuilder } from '../../src/graph/graph-builder.ts'
import { SpanTable } from '../../src/graph/spans/span-table.ts'
import { spanTable, type TestSpan } from '../support/graph/test-spans.ts'
import { holds } from '../support/property.ts'

const nowMs = 1_700_000_000_000
/** The end of a span that ends now and started in 1970, as a duration. */
const sinceEpochMs = nowMs + 30

const web: TestSpan = { id: 1, service: 'web', name: 'GET /', kind: 'server', startMs: nowMs, durationMs: 50 }
const call: TestSpan = {
  id: 2,
  parent: 1,
  service: 'web',
  name: 'GET',
  kind: 'client',
  startMs: nowMs + 10,
  durationMs: 30,
}
const cart: TestSpan = {
  id: 3,
  parent: 2,
  service: 'cart',
  name: 'get',
  kind: 'server',
  startMs: nowMs + 15,
  durationMs: 10,
}

function graphsOf(...traces: TestSpan[][]) {
  const builder = new GraphBuilder({ strings: new StringTable(), slowThresholdMs: 40, level: 'both' })
  for (const [index, spans] of traces.entries()) builder.add(spanTable(builder.strings, index + 1, spans))
  return { operations: builder.finish(), services: builder.finishServices(), examples: builder.examples() }
}

t.test('a span without a start takes that of the span above, and keeps its end', (t) => {
  const untimed = { ...cart, startMs: 0, durationMs: sinceEpochMs }
  const { operations, services, examples } = graphsOf([web, call, untimed])
  for (const graph of [operations, services]) t.match(graph?.spans, { counted: 3, untimed: 1 })
  t.same(examples.untimed, ['00000000000000000000000000000001'])
  // From 10 to 30 ms; a duration of 54 years is exact to 256 ns.
  const { meanNs = 0 } = operations.nodes.find(({ title }) => title === 'cart') ?? {}
  t.equal(Math.round(meanNs / 1000), 20_000)
  t.equal(operations.endToEndNs, 50e6)
  t.end()
})

t.test('takes the start of the earliest span if all spans above are untimed', (t) => {
  const root = { ...web, startMs: 0, durationMs: sinceEpochMs }
  const { operations } = graphsOf([root, { ...call, startMs: 0, durationMs: 5 }, cart])
  t.equal(operations.spans.untimed, 2)
  const means = Object.fromEntries(
    operations.nodes.map(({ operation, meanNs }) => [operation, Math.round(meanNs / 1000)]),
  )
  t.same(
    means,
    { 'GET /': 15_000, GET: 5000, get: 10_000 },
    'the root starts with cart, at 15 ms, and ends at 30 ms',
  )
  t.end()
})

t.test('a start before 1971 or after 2099 is impossible', (t) => {
  const isTimed = (startMs: number) => {
    const table = spanTable(new StringTable(), 1, [{ ...web, startMs }])
    return table.isTimed(0)
  }
  for (const year of ['1971-01-02', '2024-06-01', '2099-12-30']) t.ok(isTimed(Date.parse(year)), year)
  for (const year of ['1970-01-01', '1970-12-30', '2100-01-02', '2200-01-01'])
    t.notOk(isTimed(Date.parse(year)), year)
  t.end()
})

t.test('the extent of a trace is that of its timed spans', (t) => {
  const table = spanTable(new StringTable(), 1, [{ ...web, startMs: 0 }, call, { ...cart, startMs: 8e12 }])
  const { startMs, endMs } = table.extentMs()
  t.same([Math.round(startMs), Math.round(endMs)], [nowMs + 10, nowMs + 40])
  t.same(new SpanTable(new StringTable()).extentMs().startMs, Number.POSITIVE_INFINITY)
  t.end()
})

t.test('a timeless piece of a span never wins over the timed one', (t) => {
  const piece = { ...cart, startMs: 0, durationMs: 0, name: '' }
  for (const trace of [
    [web, call, piece, cart],
    [web, call, cart, piece],
  ]) {
    const { operations } = graphsOf(trace)
    t.match(operations.spans, { duplicates: 1, untimed: 0 })
    t.same(operations, graphsOf([web, call, cart, cart]).operations)
  }
  t.end()
})

t.test('leaves a trace without any timed span as it is', (t) => {
  const { operations } = graphsOf([
    { ...web, startMs: 0 },
    { ...cart, parent: 1, startMs: 10 },
  ])
  t.match(operations, { endToEndNs: 50e6, spans: { counted: 2, untimed: 0 } })
  t.end()
})

t.test('removing undoes adding, and the table keeps its times', (t) => {
  const time = fc.constantFrom(0, 5, nowMs, nowMs + 7, 5e12)
  const trace = fc.array(fc.record({ parent: fc.nat(9), startMs: time, durationMs: time }), { maxLength: 9 })
  const law = fc.property(trace, (spans) => {
    const sketch = spans.map(
      (span, at): TestSpan => ({
        ...span,
        id: at + 1,
        parent: span.parent === at + 1 ? undefined : span.parent || undefined,
        service: `s${at % 3}`,
        name: 'op',
      }),
    )
    const builder = new GraphBuilder({ strings: new StringTable(), slowThresholdMs: 40, level: 'both' })
    const table = spanTable(builder.strings, 1, sketch)
    const before = Array.from({ length: table.length }, (_, row) => [
      table.startMs(row),
      table.durationNs[row],
    ])
    builder.add(table)
    const after = Array.from({ length: table.length }, (_, row) => [
      table.startMs(row),
      table.durationNs[row],
    ])
    builder.remove(table)
    const { nodes, edges, spans: counts, endToEndNs } = builder.finish()
    const isZero = Object.values(counts).every((count) => count === 0)
    return (
      JSON.stringify(before) === JSON.stringify(after) &&
      nodes.length + edges.length + endToEndNs === 0 &&
      isZero
    )
  })
  holds(t, law, 300)
  t.end()
})
