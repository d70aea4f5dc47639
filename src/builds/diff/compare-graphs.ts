import {
  baseName,
  type Change,
  type Comparison,
  changes,
  type EdgeDiff,
  figuresOfRow,
  type NodeDiff,
} from '../../model/diff-rows.ts'
import { EdgeRow, type NodeGraph, NodeRow } from '../../model/node-graph-rows.ts'
import {
  failurePValue,
  failureShare,
  latencyPValue,
  presencePValue,
  type Sample,
  significanceLimit,
  trafficPValue,
} from './p-values.ts'
import { meanWeight } from './sampled-count.ts'

export interface ComparedGraph extends NodeGraph {
  /** Length of the window, s. */
  windowSec: number
}

export interface GraphDiff {
  nodes: NodeDiff[]
  edges: EdgeDiff[]
  /** Number of rows by change. */
  summary: Record<'nodes' | 'edges', Record<Change, number>>
}

type Row = Sample & { id: string }
interface Pair<R extends Row> {
  base: R | undefined
  current: R | undefined
}
interface Tested {
  latency: number
  failure: number
  presence: number
  traffic: number
  /** Rate of the current side, in rates of the base; 1 if only one side has the row. */
  trafficRatio: number
}
/** Facts about both graphs that the tests use. */
interface Sides {
  /** Share of the current graph in the time of both windows. */
  share: number
  /** Mean weight of a call on each side. */
  weights: Record<'base' | 'current', number>
}
/** Largest significant p-value of the changes, and of the traffic. */
interface Limits {
  change: number
  traffic: number
}

/** Smallest relevant change of a mean or of a rate: a smaller one is unchanged, even if it is significant. */
const leastShift = 0.05
/** Percentiles have an error of 1 %, so a larger change than this is real. */
const sketchError = 0.02

const colors: Record<Change, string> = {
  new: 'blue',
  gone: 'purple',
  'failing more': 'red',
  slower: 'orange',
  'failing less': 'green',
  faster: 'green',
  unchanged: 'gray',
}

const nodeFigures = figuresOfRow(NodeRow.properties)
const edgeFigures = figuresOfRow(EdgeRow.properties)

/**
 * Compares two graphs row by row, by id. Returns the rows in the order of the current graph, then those that are gone.
 * `p-values.ts` describes the tests.
 */
export function compareGraphs(base: ComparedGraph, current: ComparedGraph): GraphDiff {
  const share = current.windowSec / (base.windowSec + current.windowSec)
  const weights = { base: meanWeight(base.nodes), current: meanWeight(current.nodes) }
  const test = <R extends Row>(pair: Pair<R>) => ({ pair, tested: tested(pair, { share, weights }) })
  const nodes = pairs(base.nodes, current.nodes).map(test)
  const edges = pairs(base.edges, current.edges).map(test)
  const all = [...nodes, ...edges]
  const both = all.filter(({ pair }) => pair.base && pair.current)
  const limits = {
    change: significanceLimit(
      all.flatMap(({ pair, tested }) =>
        pair.base && pair.current ? [tested.latency, tested.failure] : [tested.presence],
      ),
    ),
    traffic: significanceLimit(both.map(({ tested }) => tested.traffic)),
  }
  const nodeDiffs = nodes.map(({ pair, tested }) => {
    const { arc__failed, arc__slow, arc__passed, ...row } = diffRow(pair, tested, limits, nodeFigures)
    return row as unknown as NodeDiff
  })
  const edgeDiffs = edges.map(({ pair, tested }) => diffRow(pair, tested, limits, edgeFigures) as EdgeDiff)
  return {
    nodes: nodeDiffs,
    edges: edgeDiffs,
    summary: { nodes: counted(nodeDiffs), edges: counted(edgeDiffs) },
  }
}

function pairs<R extends Row>(base: R[], current: R[]): Pair<R>[] {
  const before = new Map(base.map((row) => [row.id, row]))
  const now = new Set(current.map(({ id }) => id))
  return [
    ...current.map((row) => ({ base: before.get(row.id), current: row })),
    ...base.filter(({ id }) => !now.has(id)).map((row) => ({ base: row, current: undefined })),
  ]
}

function tested({ base, current }: Pair<Row>, { share, weights }: Sides): Tested {
  if (base && current) {
    return {
      latency: latencyPValue(base, current),
      failure: failurePValue(base, current),
      presence: 1,
      traffic: trafficPValue(base, current, share),
      trafficRatio: (current.adjustedCount / share) * ((1 - share) / Math.max(1, base.adjustedCount)),
    }
  }
  const ofBase = base ? presencePValue(base, 1 - share, weights.current) : 1
  const presence = current ? presencePValue(current, share, weights.base) : ofBase
  return { latency: 1, failure: 1, presence, traffic: 1, trafficRatio: 1 }
}

function diffRow<R extends Row>(
  pair: Pair<R>,
  tested: Tested,
  limits: Limits,
  figures: Map<string, 0 | null>,
) {
  const { base, current } = pair
  const row = (current ?? base) as R
  const of = (side: R | undefined, key: string, none: 0 | null) =>
    side ? (side[key as keyof R] as number | null) : none
  const now = [...figures].map(([key, none]) => [key, of(current, key, none)])
  const before = [...figures].map(([key, none]) => [baseName(key), of(base, key, none)])
  const stats = current ? {} : { mainStat: 0, secondaryStat: 0 }
  return {
    ...row,
    ...Object.fromEntries(now),
    ...stats,
    ...compared(pair, tested, limits),
    ...Object.fromEntries(before),
  } as R & Comparison
}

function compared(
  { base, current }: Pair<Row>,
  { latency, failure, presence, traffic, trafficRatio }: Tested,
  { change: limit, traffic: trafficLimit }: Limits,
): Comparison {
  const latencyChange = base && current && latency <= limit ? shift(base, current) : 'unchanged'
  const failureChange = base && current && failure <= limit ? failureShift(base, current) : 'unchanged'
  const trafficChange = traffic <= trafficLimit ? trafficShift(trafficRatio) : 'unchanged'
  const presenceChange = base ? (current ? 'unchanged' : 'gone') : 'new'
  const found: Change[] = [presenceChange, failureChange, latencyChange]
  const change = changes.find((one) => found.includes(one)) ?? 'unchanged'
  const pValues = { [latencyChange]: latency, [failureChange]: failure, [presenceChange]: presence }
  const pValue = change === 'unchanged' ? Math.min(latency, failure) : (pValues[change] ?? 1)
  return {
    change,
    significant: change !== 'unchanged' && pValue <= limit,
    pValue,
    latencyChange,
    latencyPValue: latency,
    failureChange,
    failurePValue: failure,
    trafficChange,
    trafficPValue: traffic,
    color: colors[change],
    detail__change: changeText(change, base, current),
  }
}

/** A percentile must change with the mean, because one outlier can change the mean alone. */
function shift(base: Sample, current: Sample): 'slower' | 'faster' | 'unchanged' {
  const moved = (from: number, to: number, least: number) => to - from > least * Math.min(from, to)
  const isSlower = (from: Sample, to: Sample) =>
    moved(from.meanMs, to.meanMs, leastShift) &&
    (moved(from.p50Ms, to.p50Ms, sketchError) || moved(from.p95Ms, to.p95Ms, sketchError))
  if (isSlower(base, current)) return 'slower'
  return isSlower(current, base) ? 'faster' : 'unchanged'
}

const failureShift = (base: Sample, current: Sample) =>
  failureShare(current) > failureShare(base) ? 'failing more' : 'failing less'

function trafficShift(ratio: number): 'busier' | 'quieter' | 'unchanged' {
  if (ratio > 1 + leastShift) return 'busier'
  return 1 / ratio > 1 + leastShift ? 'quieter' : 'unchanged'
}

function changeText(change: Change, base: Sample | undefined, current: Sample | undefined): string {
  if (!base || !current) return `${change}: ${(current ?? base)?.count} calls`
  const failing = (sample: Sample) =>
    `${Number(((100 * sample.adjustedFailed) / Math.max(1, sample.adjustedCount)).toPrecision(3))} %`
  const mean = (sample: Sample) => `${Number(sample.meanMs.toPrecision(3))} ms`
  return `${change}: mean ${mean(base)} -> ${mean(current)}, failed ${failing(base)} -> ${failing(current)}`
}

function counted(rows: { change: Change }[]): Record<Change, number> {
  const counts = Object.fromEntries(changes.map((change) => [change, 0])) as Record<Change, number>
  for (const { change } of rows) counts[change]++
  return counts
}
