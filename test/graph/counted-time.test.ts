import fc from 'fast-check'
import t from 'tap'
import { StringTable } from '../../src/graph/columns/string-table.ts'
import type { Graph } from '../../src/graph/graph.ts'
import { GraphBuilder, type GraphBuilderOptions } from '../../src/graph/graph-builder.ts'
import { arbitraryWeightedTraces, spanTable, type TestSpan } from '../support/graph/test-spans.ts'
import { holds } from '../support/property.ts'

const nowMs = 1_700_000_000_000
/** Starts are up to 100 ms after `nowMs`. */
const all = { fromMs: nowMs, toMs: nowMs + 101 }

type Options = Partial<GraphBuilderOptions>

function builderOf(traces: TestSpan[][], options: Options): GraphBuilder {
  const builder = newBuilder(options)
  for (const [index, spans] of traces.entries()) builder.add(spanTable(builder.strings, index + 1, spans))
  return builder
}

const newBuilder = (options: Options) =>
  new GraphBuilder({ strings: new StringTable(), slowThresholdMs: 40, level: 'both', ...options })

const withoutExamples = (graphs: unknown) =>
  JSON.stringify(graphs, (key, value) => (key === 'exemplars' ? undefined : value))

const graphsOf = (builder: GraphBuilder) => [builder.finish(), builder.finishServices()] as const

/** Any traces, whose spans start in those 100 ms; some name a peer. */
const arbitraryTimedTraces = fc
  .tuple(arbitraryWeightedTraces, fc.infiniteStream(fc.nat(100)))
  .map(([traces, times]) =>
    traces.map((spans) =>
      spans.map(
        (span): TestSpan => ({
          ...span,
          startMs: nowMs + (times.next().value as number),
          durationNs: (span.durationNs ?? 0) % 2 ** 40,
          ...(span.kind === 'client' && span.id % 2 === 0
            ? { peer: { 'db.namespace': 'db', 'peer.service': 'db' } }
            : {}),
          ...(span.kind === 'consumer' && span.id % 3 === 0
            ? { link: [1, span.id] as [number, number] }
            : {}),
        }),
      ),
    ),
  )

/** The figures that two adjacent windows share out between them. */
function figures({ nodes, edges, endToEndNs, spans }: Graph) {
  const nameOf = (at: number) => JSON.stringify([nodes[at]?.role, nodes[at]?.title, nodes[at]?.operation])
  const rows = new Map<string, number[]>()
  for (const [at, node] of nodes.entries()) {
    // A peer counts the calls that it made only if it received none, and an absent service may be a peer.
    if (node.count + node.selfCalls === 0 || !['operation', 'service'].includes(node.role)) continue
    rows.set(nameOf(at), [node.count, node.failed, node.slow, node.selfCalls])
  }
  for (const { source, target, count, failed, slow } of edges) {
    rows.set(`${nameOf(source)} ${nameOf(target)}`, [count, failed, slow])
  }
  const { traces: _traces, received: _received, outsideWindow: _outside, ...counts } = spans
  rows.set('spans', Object.values(counts))
  return { rows, endToEndNs }
}

function sumOf(a: Graph, b: Graph) {
  const [one, other] = [figures(a), figures(b)]
  const rows = new Map(one.rows)
  for (const [key, values] of other.rows) {
    rows.set(
      key,
      values.map((value, at) => value + (one.rows.get(key)?.[at] ?? 0)),
    )
  }
  return { rows, endToEndNs: one.endToEndNs + other.endToEndNs }
}

const sorted = ({ rows, endToEndNs }: ReturnType<typeof figures>) =>
  JSON.stringify([[...rows].sort(), endToEndNs])

t.test('the counts of two adjacent windows add up to those of the whole', (t) => {
  const law = fc.property(arbitraryTimedTraces, fc.nat(101), (traces, cut) => {
    const atMs = nowMs + cut
    const whole = graphsOf(builderOf(traces, { countedTime: all }))
    const before = graphsOf(builderOf(traces, { countedTime: { ...all, toMs: atMs } }))
    const after = graphsOf(builderOf(traces, { countedTime: { ...all, fromMs: atMs } }))
    return [0, 1].every((level) => {
      const [w, b, a] = [whole[level], before[level], after[level]] as [Graph, Graph, Graph]
      return sorted(figures(w)) === sorted(sumOf(b, a))
    })
  })
  holds(t, law, 400)
  t.end()
})

t.test('a time that holds all spans gives the same graph as none', (t) => {
  const isTagNode = () => true
  const law = fc.property(arbitraryTimedTraces, (traces) => {
    const plain = builderOf(traces, { isTagNode })
    const counted = builderOf(traces, { isTagNode, countedTime: all })
    return JSON.stringify(graphsOf(plain)) === JSON.stringify(graphsOf(counted))
  })
  holds(t, law, 200)
  t.end()
})

t.test('order, merging and removal change no byte, and every span is accounted for', (t) => {
  const countedTime = { fromMs: nowMs + 30, toMs: nowMs + 70 }
  const options = { countedTime, isTagNode: () => true }
  const law = fc.property(arbitraryTimedTraces, arbitraryTimedTraces, fc.nat(6), (traces, others, cut) => {
    const expected = JSON.stringify(graphsOf(builderOf(traces, options)))
    const merged = newBuilder(options)
    // Trace ids count from 1, so an empty trace takes the place of each one left out.
    merged.merge(
      builderOf(
        traces.map((spans, at) => (at < cut ? [] : [...spans].reverse())),
        options,
      ),
    )
    merged.merge(
      builderOf(
        traces.map((spans, at) => (at < cut ? spans : [])),
        options,
      ),
    )
    const removed = builderOf(traces, options)
    for (const [index, spans] of others.entries()) {
      const table = spanTable(removed.strings, index + 100, spans)
      removed.add(table)
      removed.remove(table)
    }
    const [operations, services] = graphsOf(merged)
    for (const graph of [operations, services]) if (graph) graph.spans.traces = traces.length
    const isAccounted = [operations.spans, services?.spans ?? operations.spans].every(
      (spans) =>
        spans.received === spans.counted + spans.duplicates + spans.withoutService + spans.outsideWindow &&
        spans.counted === spans.edgeCalls + spans.selfCalls + spans.roots + spans.orphans + spans.cycles,
    )
    const isSame = JSON.stringify([operations, services]) === expected
    // After a removal the example traces may be others.
    return (
      isAccounted && isSame && withoutExamples(graphsOf(removed)) === withoutExamples(JSON.parse(expected))
    )
  })
  holds(t, law, 200)
  t.end()
})

t.test('every edge has both ends, also where the caller began before the time', (t) => {
  const loop: TestSpan = { id: 1, service: 'worker', name: 'loop', startMs: nowMs - 3e6, durationMs: 10 }
  const call = (id: number): TestSpan[] => [
    { id, parent: 1, service: 'worker', name: 'GET', kind: 'client', startMs: nowMs + id, durationMs: 20 },
    {
      id: id + 1,
      parent: id,
      service: 'api',
      name: 'GET /job',
      kind: 'server',
      startMs: nowMs + id + 2,
      durationMs: 15,
    },
  ]
  const traces = [[loop, ...call(2), ...call(4), ...call(150)]]
  const [operations, services] = graphsOf(builderOf(traces, { countedTime: all }))
  const spans = { traces: 1, received: 7, counted: 4, outsideWindow: 3, edgeCalls: 4, roots: 0, orphans: 0 }
  t.match(operations.spans, spans)
  t.same(
    operations.nodes.map(({ title, operation, count }) => [title, operation, count]),
    [
      ['api', 'GET /job', 2],
      ['worker', 'GET', 2],
      ['worker', 'loop', 0],
    ],
  )
  t.match(operations.edges, [
    { source: 1, target: 0, count: 2, meanNs: 15e6 },
    { source: 2, target: 1, count: 2, meanNs: 20e6 },
  ])
  t.match(services?.nodes, [
    { title: 'api', count: 2 },
    { title: 'worker', count: 0 },
  ])
  t.match(services?.edges, [{ source: 1, target: 0, count: 2, sides: { clientMeanNs: 20e6 } }])
  t.match(services?.spans, { counted: 4, outsideWindow: 3, edgeCalls: 2, selfCalls: 2 })
  t.end()
})
