import fc from 'fast-check'
import t from 'tap'
import { StringTable } from '../../src/graph/columns/string-table.ts'
import type { Graph } from '../../src/graph/graph.ts'
import type { Red } from '../../src/graph/totals/red.ts'
import type { AdjustedCount } from '../../src/graph/totals/sampled-calls.ts'
import { toNodeGraph } from '../../src/node-graph/node-graph.ts'
import {
  builderOf as buildGraph,
  exemplarIds,
  hexTraceId,
  withoutExemplars,
} from '../support/graph/test-graphs.ts'
import {
  arbitraryPlainTrace,
  arbitraryTightTrace,
  arbitraryTrace,
  arbitraryTraces,
  arbitraryWeightedTraces,
  durationNsOf,
  spanTable,
  type TestSpan,
  weighted,
} from '../support/graph/test-spans.ts'
import { holds } from '../support/property.ts'
import { referenceGraph } from './reference-graph.ts'

/** Not so heavy that a sum would be rounded. */
const arbitraryWeightedTrace = weighted(
  arbitraryTrace.map((trace) => [trace]),
  2 ** 24,
).map(([trace]) => trace ?? [])

const options = { slowThresholdMs: 40, isTagNode: (value: string) => value !== 'hidden' }

const builderOf = (traces: TestSpan[][], strings = new StringTable(), ids?: number[]) =>
  buildGraph(traces, { strings, isTagNode: options.isTagNode }, ids)

/** The graph of some of these traces, in any order: what they are called does not depend on it. */
const builderOfSome = (traces: TestSpan[][], indexes: number[]) =>
  builderOf(
    indexes.map((index) => traces[index] ?? []),
    new StringTable(),
    indexes.map((index) => index + 1),
  )

const graphOf = (traces: TestSpan[][]): Graph => builderOf(traces).finish()

/** Everything anyone could see of a graph. */
const bytesOf = (graph: Graph) =>
  JSON.stringify([graph, toNodeGraph(graph, { windowSec: 60, tagNodeSubTitle: 'Service Node' })])

const inTwoOrders = <T>(values: fc.Arbitrary<T[]>) =>
  values.chain((one) => fc.tuple(fc.constant(one), fc.shuffledSubarray(one, { minLength: one.length })))

t.test('the spans of a trace may come in any order', async (t) => {
  const sameBytes = fc.property(
    inTwoOrders(arbitraryWeightedTrace),
    ([one, other]) => bytesOf(graphOf([one])) === bytesOf(graphOf([other])),
  )
  holds(t, sameBytes, 1000)
})

t.test('the traces may come in any order', async (t) => {
  const sameBytes = fc.property(
    arbitraryWeightedTraces.chain((traces) =>
      fc.tuple(fc.constant(traces), fc.shuffledSubarray([...traces.keys()], { minLength: traces.length })),
    ),
    ([traces, order]) => bytesOf(builderOfSome(traces, order).finish()) === bytesOf(graphOf(traces)),
  )
  holds(t, sameBytes, 200)
})

t.test('slices merged are the whole, whichever strings each has seen first', async (t) => {
  const labelledTraces = fc.array(fc.tuple(fc.nat(2), arbitraryWeightedTrace), { maxLength: 8 })
  const sameBytes = fc.property(labelledTraces, (labelled) => {
    const merged = builderOf([])
    const traces = labelled.map(([, trace]) => trace)
    for (const slice of [2, 0, 1]) {
      const indexes = [...labelled.keys()].filter((index) => labelled[index]?.[0] === slice)
      merged.merge(builderOfSome(traces, indexes))
    }
    return bytesOf(merged.finish()) === bytesOf(graphOf(traces))
  })
  holds(t, sameBytes, 200)
})

t.test('removing a trace restores the graph from before it', async (t) => {
  const sameBytes = fc.property(arbitraryWeightedTraces, arbitraryWeightedTraces, (kept, taken) => {
    const strings = new StringTable()
    const builder = builderOf([...kept, ...taken], strings)
    for (const [index, trace] of taken.entries()) {
      builder.remove(spanTable(strings, kept.length + index + 1, trace))
    }
    const graph = builder.finish()
    return (
      bytesOf(withoutExemplars(graph)) === bytesOf(withoutExemplars(graphOf(kept))) &&
      [...exemplarIds(graph)].every((id) => kept.some((_, index) => id === hexTraceId(index + 1)))
    )
  })
  holds(t, sameBytes, 200)
})

t.test('removing a trace and adding it again changes nothing', async (t) => {
  const sameBytes = fc.property(
    arbitraryWeightedTraces,
    arbitraryWeightedTraces,
    fc.nat(5),
    (kept, taken, later) => {
      const strings = new StringTable()
      const traces = [...taken, ...kept]
      const builder = builderOf(traces.slice(0, traces.length - Math.min(later, kept.length)), strings)
      const tables = traces.map((trace, index) => spanTable(strings, index + 1, trace))
      for (const table of tables.slice(0, taken.length)) builder.remove(table)
      for (const table of tables.slice(traces.length - Math.min(later, kept.length))) builder.add(table)
      for (const table of tables.slice(0, taken.length)) builder.add(table)
      return bytesOf(builder.finish()) === bytesOf(graphOf(traces))
    },
  )
  holds(t, sameBytes, 200)
})

t.test('a table is only read: what was added can be added again', async (t) => {
  const sameBytes = fc.property(arbitraryWeightedTraces, (traces) => {
    const strings = new StringTable()
    const tables = traces.map((trace, index) => spanTable(strings, index + 1, trace))
    const [builder, again] = [builderOf([], strings), builderOf([], strings)]
    for (const table of tables) builder.add(table)
    for (const table of tables) again.add(table.snapshot())
    return bytesOf(builder.finish()) === bytesOf(again.finish())
  })
  holds(t, sameBytes, 200)
})

t.test('no span is lost and none counts twice', async (t) => {
  const conserved = fc.property(arbitraryTraces, (traces) => {
    const { nodes, edges, spans } = graphOf(traces)
    const operations = nodes.filter((node) => node.role === 'operation')
    const calls = edges.filter((edge) => nodes[edge.source]?.role === 'operation')
    return (
      spans.traces === traces.length &&
      spans.received === traces.flat().length &&
      spans.received === spans.counted + spans.duplicates + spans.withoutService &&
      spans.counted === spans.edgeCalls + spans.selfCalls + spans.roots + spans.orphans + spans.cycles &&
      spans.counted === sum(operations.map((node) => node.count)) &&
      spans.selfCalls === sum(operations.map((node) => node.selfCalls)) &&
      spans.edgeCalls === sum(calls.map((edge) => edge.count)) &&
      [...nodes, ...edges].every((row) => row.count > 0 && row.failed + row.slow <= row.count)
    )
  })
  holds(t, conserved, 200)
})

t.test('Grafana can draw the graph', async (t) => {
  const drawable = fc.property(arbitraryTraces, (traces) => {
    const { nodes, edges } = toNodeGraph(graphOf(traces), { windowSec: 60, tagNodeSubTitle: '' })
    const ids = new Set(nodes.map((node) => node.id))
    const edgeIds = new Set(edges.map((edge) => edge.id))
    const shares = nodes.map((node) => [node.arc__failed, node.arc__slow, node.arc__passed])
    const cells = [...nodes, ...edges].flatMap((row): unknown[] => Object.values(row))
    const numbers = cells.filter((cell) => typeof cell === 'number')
    return (
      ids.size === nodes.length &&
      edgeIds.size === edges.length &&
      edges.every((edge) => ids.has(edge.source) && ids.has(edge.target) && edge.source !== edge.target) &&
      numbers.every((value) => Number.isFinite(value) && value >= 0 && !Object.is(value, -0)) &&
      shares.flat().every((share) => share <= 1) &&
      shares.every((three) => Math.abs(sum(three) - 1) < 1e-9)
    )
  })
  holds(t, drawable, 200)
})

t.test('the graph is the one that the slow and plain way gives', async (t) => {
  const same = (traces: TestSpan[][]) => {
    const [graph, expected] = [graphOf(traces), referenceGraph(traces, options)]
    return (
      JSON.stringify(comparable(graph, traces)) === JSON.stringify(comparable(expected, traces)) &&
      percentilesAreClose(graph.nodes, expected.nodes) &&
      percentilesAreClose(graph.edges, expected.edges) &&
      estimatesAreEqual(graph.nodes, expected.nodes) &&
      estimatesAreEqual(graph.edges, expected.edges)
    )
  }

  t.test('of traces in which every span has its own id', async (t) => {
    holds(t, fc.property(fc.array(arbitraryPlainTrace, { maxLength: 4 }), same), 200)
  })

  t.test('of traces in which spans touch, tie, nest and overlap', async (t) => {
    holds(t, fc.property(fc.array(arbitraryTightTrace, { maxLength: 3 }), same), 200)
  })

  t.test('of any traces', async (t) => {
    holds(t, fc.property(fc.array(arbitraryTrace, { maxLength: 3 }), same), 1000)
  })

  t.test('of traces with sampled and summary spans', async (t) => {
    holds(t, fc.property(fc.array(arbitraryWeightedTrace, { maxLength: 3 }), same), 1000)
  })
})

const percentileKeys = ['p50Ns', 'p95Ns', 'p99Ns'] as const

/** All but percentiles, estimates and exemplars; of traces that last over 52 days the critical path is rounded, and left out as well. */
function comparable({ nodes, edges, foldings, ...graph }: Graph, traces: TestSpan[][]) {
  const isRounded = traces.flat().some((span) => durationNsOf(span) > 2 ** 52)
  const strip = <Row extends Red>(row: Row) => {
    const { p50Ns, p95Ns, p99Ns, criticalPathNs, exemplars, ...others } = row
    const {
      adjustedCount,
      adjustedCountLow,
      adjustedCountHigh,
      adjustedCountVariance,
      adjustedFailed,
      ...exact
    } = others
    return [exact, isRounded ? 0 : criticalPathNs]
  }
  // A gap of over 104 days is a difference of doubles.
  const calls = edges.map(({ sides: { gapMeanNs, ...sides }, ...edge }) => [
    strip(edge),
    sides,
    gapMeanNs !== null && (gapMeanNs > 2 ** 52 || isRounded) ? 'rounded' : gapMeanNs,
  ])
  return [nodes.map(strip), calls, graph]
}

/** A percentile is off by 1 % at most, one of a single call not at all. */
const percentilesAreClose = (rows: Red[], expected: Red[]) =>
  rows.every((row, at) =>
    percentileKeys.every((key) => {
      const exact = expected[at]?.[key] ?? Number.NaN
      return Math.abs(row[key] - exact) <= (row.count === 1 ? 0 : exact / 100)
    }),
  )

/** Adjusted counts are exact, variances are rounded to millionths for each trace. */
const estimatesAreEqual = (rows: Red[], expected: Red[]) =>
  rows.every((row, at) => {
    const other = expected[at]
    return (
      other !== undefined &&
      isEstimate(row, row.count, other) &&
      isEstimate(row.adjustedFailed, row.failed, other.adjustedFailed)
    )
  })

function isEstimate(found: AdjustedCount, recorded: number, expected: AdjustedCount): boolean {
  const { adjustedCount, adjustedCountLow, adjustedCountHigh, adjustedCountVariance } = found
  const error = Math.abs(adjustedCountVariance - expected.adjustedCountVariance)
  return (
    recorded <= adjustedCountLow &&
    adjustedCountLow <= adjustedCountHigh &&
    adjustedCount === expected.adjustedCount &&
    error <= 1e-5 + expected.adjustedCountVariance * 1e-9
  )
}

const sum = (values: number[]) => values.reduce((total, value) => total + value, 0)
