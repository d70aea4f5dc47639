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
import { failurePValue, latencyPValue, presencePValue, type Sample, significanceLimit } from './p-values.ts'

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
}

/** Smallest relevant change of a mean: a smaller one is unchanged, even if it is significant. */
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
 * `failurePValue` and `latencyPValue` describe the tests.
 */
export function compareGraphs(base: ComparedGraph, current: ComparedGraph): GraphDiff {
  const share = current.windowSec / (base.windowSec + current.windowSec)
  const test = <R extends Row>(pair: Pair<R>) => ({ pair, tested: tested(pair, share) })
  const nodes = pairs(base.nodes, current.nodes).map(test)
  const edges = pairs(base.edges, current.edges).map(test)
  const limit = significanceLimit(
    [...nodes, ...edges].flatMap(({ pair, tested }) =>
      pair.base && pair.current ? [tested.latency, tested.failure] : [tested.presence],
    ),
  )
  const nodeDiffs = nodes.map(({ pair, tested }) => {
    const { arc__failed, arc__slow, arc__passed, ...row } = diffRow(pair, tested, limit, nodeFigures)
    return row as unknown as NodeDiff
  })
  const edgeDiffs = edges.map(({ pair, tested }) => diffRow(pair, tested, limit, edgeFigures) as EdgeDiff)
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

function tested({ base, current }: Pair<Row>, share: number): Tested {
  if (base && current) {
    return { latency: latencyPValue(base, current), failure: failurePValue(base, current), presence: 1 }
  }
  const presence = current ? presencePValue(current, share) : base ? presencePValue(base, 1 - share) : 1
  return { latency: 1, failure: 1, presence }
}

function diffRow<R extends Row>(
  pair: Pair<R>,
  tested: Tested,
  limit: number,
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
    ...compared(pair, tested, limit),
    ...Object.fromEntries(before),
  } as R & Comparison
}

function compared(
  { base, current }: Pair<Row>,
  { latency, failure, presence }: Tested,
  limit: number,
): Comparison {
  const latencyChange = base && current && latency <= limit ? shift(base, current) : 'unchanged'
  const failureChange = base && current && failure <= limit ? failureShift(base, current) : 'unchanged'
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
  current.failed / current.count > base.failed / base.count ? 'failing more' : 'failing less'

function changeText(change: Change, base: Sample | undefined, current: Sample | undefined): string {
  if (!base || !current) return `${change}: ${(current ?? base)?.count} calls`
  const failing = (sample: Sample) =>
    `${Number(((100 * sample.failed) / Math.max(1, sample.count)).toPrecision(3))} %`
  const mean = (sample: Sample) => `${Number(sample.meanMs.toPrecision(3))} ms`
  return `${change}: mean ${mean(base)} -> ${mean(current)}, failed ${failing(base)} -> ${failing(current)}`
}

function counted(rows: { change: Change }[]): Record<Change, number> {
  const counts = Object.fromEntries(changes.map((change) => [change, 0])) as Record<Change, number>
  for (const { change } of rows) counts[change]++
  return counts
}
