import fc from 'fast-check'
import t from 'tap'
import { compareGraphs } from '../../../src/builds/diff/compare-graphs.ts'
import {
  failurePValue,
  latencyPValue,
  presencePValue,
  significanceLimit,
  varianceMs2,
} from '../../../src/builds/diff/p-values.ts'
import type { EdgeDiff, NodeDiff } from '../../../src/model/diff-rows.ts'
import type { NodeGraph } from '../../../src/model/node-graph-rows.ts'
import { graphDocument } from '../../support/graph-documents.ts'

interface Figures {
  count: number
  failed?: number
  meanMs?: number
  p50Ms?: number
  p95Ms?: number
  p99Ms?: number
  adjustedCount?: number
  adjustedCountHigh?: number
}

/** A graph of nodes with the given figures; edges lead from each to the next, with the figures of the first. */
function graphOf(nodes: Record<string, Figures>, windowSec = 3600): NodeGraph & { windowSec: number } {
  const ids = Object.keys(nodes)
  const [row] = graphDocument('micro', { nodes: ['x'] }).nodes
  const [edge] = graphDocument('micro', { calls: { 'a -> b': 1 } }).edges
  if (!row || !edge) throw new Error('no rows')
  const figures = (id: string) => ({
    failed: 0,
    slow: 0,
    meanMs: 10,
    p50Ms: 9,
    p95Ms: 20,
    p99Ms: 30,
    adjustedCount: nodes[id]?.count ?? 0,
    adjustedCountHigh: nodes[id]?.adjustedCount ?? nodes[id]?.count ?? 0,
    adjustedFailed: nodes[id]?.failed ?? 0,
    adjustedFailedHigh: nodes[id]?.failed ?? 0,
    ...nodes[id],
  })
  return {
    windowSec,
    nodes: ids.map((id) => ({ ...row, id, title: id, ...figures(id), mainStat: nodes[id]?.count ?? 0 })),
    edges: ids.slice(1).map((id, index) => {
      const source = ids[index] ?? ''
      return { ...edge, id: `${source}_${id}`, source, target: id, ...figures(source) }
    }),
  }
}

const slower = { meanMs: 20, p50Ms: 18, p95Ms: 40, p99Ms: 60 }
const changesOf = (base: Record<string, Figures>, current: Record<string, Figures>) => {
  const { nodes } = compareGraphs(graphOf(base), graphOf(current))
  return Object.fromEntries(
    nodes.map(({ id, change, significant }) => [id, significant ? `${change}!` : change]),
  )
}

t.test('names each kind of change', async (t) => {
  const base = {
    same: { count: 1000 },
    gone: { count: 1000 },
    slower: { count: 1000 },
    faster: { count: 1000, ...slower },
    worse: { count: 1000, failed: 10 },
    better: { count: 1000, failed: 60 },
    both: { count: 1000, failed: 10 },
  }
  const current = {
    new: { count: 1000 },
    same: { count: 3000 },
    slower: { count: 1000, ...slower },
    faster: { count: 1000 },
    worse: { count: 1000, failed: 60 },
    better: { count: 1000, failed: 10 },
    both: { count: 1000, failed: 60, ...slower },
  }
  t.same(changesOf(base, current), {
    new: 'new!',
    same: 'unchanged',
    slower: 'slower!',
    faster: 'faster!',
    worse: 'failing more!',
    better: 'failing less!',
    both: 'failing more!',
    gone: 'gone!',
  })
  const { nodes, summary } = compareGraphs(graphOf(base), graphOf(current))
  t.same(summary.nodes, {
    new: 1,
    gone: 1,
    'failing more': 2,
    slower: 1,
    'failing less': 1,
    faster: 1,
    unchanged: 1,
  })
  t.match(
    nodes.find(({ id }) => id === 'both'),
    {
      latencyChange: 'slower',
      failureChange: 'failing more',
      color: 'red',
      detail__change: 'failing more: mean 10 ms -> 20 ms, failed 1 % -> 6 %',
    },
  )
})

t.test('gives the figures of both sides, 0 for a missing side', async (t) => {
  const { nodes, edges } = compareGraphs(
    graphOf({ a: { count: 100, meanMs: 7 }, b: { count: 50 } }),
    graphOf({ b: { count: 60 }, c: { count: 40 } }),
  )
  t.match(nodes, [
    { id: 'b', count: 60, mainStat: 60, baseCount: 50, change: 'unchanged' },
    { id: 'c', count: 40, baseCount: 0, baseMeanMs: 0, color: 'blue', detail__change: 'new: 40 calls' },
    { id: 'a', title: 'a', count: 0, mainStat: 0, meanMs: 0, baseCount: 100, baseMeanMs: 7, color: 'purple' },
  ])
  t.match(edges, [
    { id: 'b_c', source: 'b', target: 'c', change: 'new', baseCount: 0 },
    { id: 'a_b', source: 'a', target: 'b', change: 'gone', count: 0, baseCount: 100 },
  ])
  const keys = new Set(nodes.map((row) => Object.keys(row).sort().join()))
  t.equal(keys.size, 1, 'every row has the same keys')
  t.notOk(
    Object.keys(nodes[0] ?? {}).some((key) => key.startsWith('arc__')),
    'arcs would hide the colour',
  )
})

t.test('compares the calls per second apart from other changes', async (t) => {
  const base = graphOf({ a: { count: 1000 }, b: { count: 1000 }, c: { count: 10_000 }, d: { count: 29 } })
  const current = graphOf(
    { a: { count: 700 }, b: { count: 500 }, c: { count: 5_300 }, d: { count: 1000 } },
    1800,
  )
  t.match(compareGraphs(base, current).nodes, [
    { id: 'a', trafficChange: 'busier', change: 'unchanged', significant: false },
    { id: 'b', trafficChange: 'unchanged', trafficPValue: 1 },
    { id: 'c', trafficChange: 'busier' },
    { id: 'd', trafficChange: 'unchanged', trafficPValue: 1 },
  ])
  const little = compareGraphs(graphOf({ a: { count: 1e6 } }), graphOf({ a: { count: 1.04e6 } })).nodes[0]
  t.equal(little?.trafficChange, 'unchanged', '4 %')
})

t.test('finds nothing significant in few calls', async (t) => {
  t.same(
    changesOf(
      { slow: { count: 29 }, failing: { count: 29 }, gone: { count: 29 }, big: { count: 1000 } },
      {
        slow: { count: 1000, ...slower },
        failing: { count: 29, failed: 29 },
        new: { count: 29 },
        big: { count: 29, ...slower },
      },
    ),
    { slow: 'unchanged', failing: 'unchanged', new: 'new', gone: 'gone', big: 'unchanged' },
  )
})

t.test('ignores small changes and single outliers', async (t) => {
  t.same(
    changesOf({ a: { count: 1e7 } }, { a: { count: 1e7, meanMs: 10.4, p50Ms: 9.4 } }),
    { a: 'unchanged' },
    '4 %',
  )
  const outlier = { count: 1e4, meanMs: 40 }
  t.same(changesOf({ a: { count: 1e4 } }, { a: outlier }), { a: 'unchanged' }, 'no percentile moves')
})

t.test('computes the p-values of the textbook', async (t) => {
  const near = (found: number, expected: number, what: string) =>
    t.ok(Math.abs(found - expected) < 2e-4 * expected, `${what}: ${found}, expected ${expected}`)
  const sample = (figures: Figures) => ({
    failed: 0,
    meanMs: 10,
    p50Ms: 10,
    p95Ms: 10,
    p99Ms: 10,
    adjustedCount: figures.count,
    adjustedCountHigh: figures.count,
    adjustedFailed: figures.failed ?? 0,
    adjustedFailedHigh: figures.failed ?? 0,
    ...figures,
  })
  // z = (0.03 - 0.0025) / sqrt(0.025 * 0.975 * 0.005) = 2.491
  near(
    failurePValue(sample({ count: 400, failed: 4 }), sample({ count: 400, failed: 16 })),
    0.012_738,
    'two proportions',
  )
  t.equal(failurePValue(sample({ count: 50 }), sample({ count: 50 })), 1)
  t.equal(latencyPValue(sample({ count: 50 }), sample({ count: 50 })), 1, 'equal means')
  t.equal(
    latencyPValue(sample({ count: 50 }), sample({ count: 50, meanMs: 20, p50Ms: 20, p95Ms: 20, p99Ms: 20 })),
    0,
  )
  near(presencePValue(sample({ count: 30 }), 0.5), 2 * 0.5 ** 30, 'presence')
  t.equal(presencePValue(sample({ count: 30 }), 1), 1)
  t.equal(significanceLimit([]), -1)
  t.equal(significanceLimit([0.9, 0.04]), -1, '0.04 is the better of two, 0.025 would do')
  t.equal(significanceLimit([0.03, 0.02, 0.9, 0.001]), 0.03, 'three of four: up to 0.0375')
})

t.test('estimates the variance of known distributions', async (t) => {
  const cases: [name: string, draw: (u: number) => number, ratio: [number, number]][] = [
    ['uniform', (u) => 100 * u, [0.9, 1.1]],
    ['exponential', (u) => -10 * Math.log(1 - u), [0.8, 1.2]],
    ['log-normal-like', (u) => 10 * Math.exp(0.8 * Math.log(u / (1 - u)) * 0.6), [0.4, 1.6]],
    ['two modes', (u) => (u < 0.5 ? 1 : 100), [0.9, 1.1]],
    ['a rare outlier', (u) => (u < 0.999 ? 10 : 60_000), [0.05, 1.1]],
  ]
  for (const [name, draw, [least, most]] of cases) {
    const values = Array.from({ length: 20_000 }, (_, index) => draw((index + 0.5) / 20_000))
    const meanMs = values.reduce((sum, value) => sum + value, 0) / values.length
    const truth = values.reduce((sum, value) => sum + (value - meanMs) ** 2, 0) / values.length
    const at = (share: number) => values[Math.ceil(share * values.length) - 1] ?? 0
    const sample = {
      count: 1,
      adjustedCount: 1,
      adjustedFailed: 0,
      adjustedFailedHigh: 0,
      adjustedCountHigh: 1,
      failed: 0,
      meanMs,
      p50Ms: at(0.5),
      p95Ms: at(0.95),
      p99Ms: at(0.99),
    }
    const ratio = varianceMs2(sample) / truth
    t.ok(ratio >= least && ratio <= most, `${name}: ${ratio.toFixed(2)} of the truth`)
  }
})

const figures = fc
  .record({
    count: fc.integer({ min: 1, max: 5000 }),
    failing: fc.double({ min: 0, max: 1, noNaN: true }),
    ms: fc.integer({ min: 1, max: 500 }),
  })
  .map(({ count, failing, ms }) => ({
    count,
    failed: Math.round(count * failing),
    meanMs: ms,
    p50Ms: ms * 0.9,
    p95Ms: ms * 2,
    p99Ms: ms * 3,
  }))
const graph = fc.dictionary(fc.constantFrom('a', 'b', 'c', 'd', 'e', 'f'), figures)

t.test('finds no change between a graph and itself', async () => {
  fc.assert(
    fc.property(graph, (nodes) => {
      const { nodes: rows, edges } = compareGraphs(graphOf(nodes), graphOf(nodes))
      return [...rows, ...edges].every(({ change, significant }) => change === 'unchanged' && !significant)
    }),
  )
})

t.test('finds the opposite changes with equal p-values when the sides are swapped', async (t) => {
  const opposite: Record<string, string> = {
    new: 'gone',
    gone: 'new',
    slower: 'faster',
    faster: 'slower',
    'failing more': 'failing less',
    'failing less': 'failing more',
    busier: 'quieter',
    quieter: 'busier',
    unchanged: 'unchanged',
  }
  const seen = new Set<string>()
  const words = (row: NodeDiff | EdgeDiff) => {
    const presence = row.change === 'new' || row.change === 'gone' ? row.change : 'unchanged'
    return [presence, row.latencyChange, row.failureChange, row.trafficChange]
  }
  const figuresThere = (row: NodeDiff | EdgeDiff) => [row.count, row.meanMs, row.baseCount, row.baseMeanMs]
  const figuresBack = (row: NodeDiff | EdgeDiff) => [row.baseCount, row.baseMeanMs, row.count, row.meanMs]
  const sure = (row: NodeDiff | EdgeDiff) => [row.latencyPValue, row.failurePValue]
  fc.assert(
    fc.property(graph, graph, (one, two) => {
      const there = compareGraphs(graphOf(one, 600), graphOf(two, 3600))
      const back = compareGraphs(graphOf(two, 3600), graphOf(one, 600))
      const others = new Map([...back.nodes, ...back.edges].map((row) => [row.id, row]))
      for (const row of [...there.nodes, ...there.edges]) {
        const other = others.get(row.id)
        if (!other) return false
        for (const word of words(row)) seen.add(word)
        const found = [words(other), figuresBack(other), sure(other)]
        const wanted = [words(row).map((word) => opposite[word]), figuresThere(row), sure(row)]
        if (JSON.stringify(found) !== JSON.stringify(wanted)) return false
      }
      return others.size === there.nodes.length + there.edges.length
    }),
  )
  t.equal(seen.size, 9, 'all of them were tried')
})
