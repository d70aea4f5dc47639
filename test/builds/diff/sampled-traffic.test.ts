import t from 'tap'
import { compareGraphs } from '../../../src/builds/diff/compare-graphs.ts'
import { presencePValue } from '../../../src/builds/diff/p-values.ts'
import { callWeight, effectiveCalls } from '../../../src/builds/diff/sampled-count.ts'
import { toNodeGraph } from '../../../src/node-graph/node-graph.ts'
import { builderOf } from '../../support/graph/test-graphs.ts'
import type { TestSpan } from '../../support/graph/test-spans.ts'
import { randomNumbers } from '../../support/random-numbers.ts'

/** Adjusted counts of caller and callee, one pair after another for each request. */
type Thresholds = [ofWeb: number, ofCart: number][]
const mixed: Thresholds = [
  [8, 1],
  [2, 4],
  [1, 16],
  [4, 4],
]
const unsampled: Thresholds = [[1, 1]]

interface Traffic {
  thresholds: Thresholds
  requests: number
  /** Whether every failed call is kept. */
  keepsFailed?: boolean
  /** Share of requests that fail. */
  failing?: number
}

/**
 * The graph of a build. The number of requests is random with the variance of a Poisson distribution, and one random
 * number decides for all spans of a request.
 */
function buildOf({ thresholds, requests, failing = 0, keepsFailed = false }: Traffic, random: () => number) {
  const traces: TestSpan[][] = []
  const exponential = () => -Math.log(1 - random()) / requests
  for (let time = exponential(), at = 0; time < 1; time += exponential(), at++) {
    const draw = random()
    const status = random() < failing ? 'error' : 'unset'
    const isKept = keepsFailed && status === 'error'
    const [ofWeb, ofCart] = isKept ? [1, 1] : (thresholds[at % thresholds.length] ?? [1, 1])
    const spans: TestSpan[] = []
    if (draw * ofWeb < 1)
      spans.push({ id: 1, service: 'web', name: 'GET /', kind: 'server', adjustedCount: ofWeb })
    if (draw * ofCart < 1)
      spans.push({
        id: 2,
        parent: 1,
        service: 'cart',
        name: 'GET /cart',
        kind: 'server',
        status,
        adjustedCount: ofCart,
      })
    if (spans.length > 0) traces.push(spans)
  }
  const graph = builderOf(traces).finish()
  return { ...toNodeGraph(graph, { windowSec: 60, tagNodeSubTitle: '' }), windowSec: 60 }
}

/** The p-values of the edge in many pairs of builds. */
function pValues(base: Traffic, current: Traffic, runs: number) {
  const random = randomNumbers(20_261_214)
  return Array.from({ length: runs }, () => {
    const [edge] = compareGraphs(buildOf(base, random), buildOf(current, random)).edges
    return { traffic: edge?.trafficPValue ?? 1, failure: edge?.failurePValue ?? 1 }
  })
}
const shareBelow = (values: number[], alpha: number) =>
  values.filter((value) => value <= alpha).length / values.length

const runs = 400
const requests = 900
for (const [name, current] of [
  ['the same mixed thresholds', mixed],
  ['no sampling in the second build', unsampled],
] as const) {
  t.test(`equal traffic is called changed in about 5 of 100 runs: ${name}`, async (t) => {
    const found = pValues(
      { thresholds: mixed, requests, failing: 0.1 },
      { thresholds: current, requests, failing: 0.1 },
      runs,
    )
    const traffic = shareBelow(
      found.map((one) => one.traffic),
      0.05,
    )
    const failure = shareBelow(
      found.map((one) => one.failure),
      0.05,
    )
    t.ok(traffic >= 0.03 && traffic <= 0.07, `traffic ${traffic}`)
    t.ok(failure <= 0.06, `failures ${failure}`)
  })
}

t.test(
  'an equal share of failures is called changed in at most 5 of 100 runs if failed calls are kept',
  async (t) => {
    const found = pValues(
      { thresholds: unsampled, requests, failing: 0.1 },
      { thresholds: [[10, 10]], requests, failing: 0.1, keepsFailed: true },
      runs,
    ).map(({ failure }) => failure)
    t.ok(
      shareBelow(found, 0.05) >= 0.01 && shareBelow(found, 0.05) <= 0.06,
      `failures ${shareBelow(found, 0.05)}`,
    )
    const worse = pValues(
      { thresholds: unsampled, requests, failing: 0.1 },
      { thresholds: [[10, 10]], requests, failing: 0.25, keepsFailed: true },
      100,
    ).map(({ failure }) => failure)
    t.ok(shareBelow(worse, 0.05) >= 0.8, `power ${shareBelow(worse, 0.05)}`)
  },
)

t.test('a real doubling is found in almost every run', async (t) => {
  const found = pValues({ thresholds: mixed, requests }, { thresholds: mixed, requests: 2 * requests }, 100)
  t.ok(
    shareBelow(
      found.map(({ traffic }) => traffic),
      0.01,
    ) >= 0.95,
  )
})

const sampled = {
  failed: 0,
  adjustedFailed: 0,
  adjustedFailedHigh: 0,
  meanMs: 10,
  p50Ms: 10,
  p95Ms: 10,
  p99Ms: 10,
}

t.test('a call weighs what its row says', async (t) => {
  const rowOf = (spans: TestSpan[]) =>
    toNodeGraph(builderOf(Array.from({ length: 50 }, () => spans)).finish(), {
      windowSec: 60,
      tagNodeSubTitle: '',
    }).nodes[0]
  const web: TestSpan = { id: 1, service: 'web', name: 'GET /' }
  const weightOf = (row: ReturnType<typeof rowOf>) => row && Number(callWeight(row).toPrecision(6))
  t.equal(weightOf(rowOf([web])), 1)
  t.equal(weightOf(rowOf([{ ...web, adjustedCount: 8 }])), 8)
  t.equal(effectiveCalls({ count: 50, adjustedCount: 50, adjustedCountHigh: 50 }), 50)
  // Three calls of one trace were kept or dropped together: 1 + 3 * 7.
  const calls = [1, 2, 3].map((id) => ({ ...web, id, adjustedCount: 8 }))
  t.equal(weightOf(rowOf(calls)), 22)
  t.equal(callWeight({ count: 50, adjustedCount: 400, adjustedCountHigh: 400 }), 8, 'without an interval')
  t.equal(callWeight({ count: 0, adjustedCount: 0, adjustedCountHigh: 0 }), 1)
})

t.test('a row that the other build could not show is not significantly new', async (t) => {
  const row = { ...sampled, count: 100, adjustedCount: 100, adjustedCountHigh: 100 }
  t.ok(presencePValue(row, 0.5) < 1e-20)
  t.ok(presencePValue(row, 0.5, 100) > 0.5, 'the other build keeps one call in a hundred')
  const random = randomNumbers(7)
  const all = buildOf({ thresholds: unsampled, requests: 100 }, random)
  const few = buildOf({ thresholds: [[100, 100]], requests: 5000 }, random)
  const renamed = {
    ...all,
    nodes: all.nodes.map((node) => ({ ...node, id: `${node.id}-2` })),
    edges: [],
  }
  const { nodes } = compareGraphs(few, renamed)
  t.same(
    nodes.map(({ change, significant, trafficChange }) => [change, significant, trafficChange]),
    [
      ['new', false, 'unchanged'],
      ['new', false, 'unchanged'],
      ['gone', true, 'unchanged'],
      ['gone', true, 'unchanged'],
    ],
  )
})
