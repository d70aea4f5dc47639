import type { EdgeRow, NodeRow } from '../model/node-graph-rows.ts'
import { arcs, criticalPath, latency, rounded, traffic } from './figures.ts'
import { mixedPercentiles } from './mixed-percentiles.ts'

/**
 * Longest query that is put together of those of several rows, in characters: Tempo reads 1,024 at a time, and loses
 * some where it looks ahead over the end of them ("unexpected $end").
 */
const maxTraceqlLength = 1000

/**
 * One node in place of several. Sums are those of the rows, percentiles an estimate (`mixedPercentiles`).
 *
 * @param rows at least one
 * @param callsBetween calls from one of them to another: calls to itself now
 */
export function mergeNodes(rows: NodeRow[], id: string, callsBetween: number, windowSec: number): NodeRow {
  const [first] = rows as [NodeRow]
  const figures = summed(rows, windowSec)
  const selfCalls = rows.reduce((sum, row) => sum + row.selfCalls, callsBetween)
  return {
    ...first,
    id,
    title: rows.every(({ title }) => title === first.title) ? first.title : 'other',
    subTitle: `${rows.length} nodes`,
    ...arcs(figures),
    detail__role: 'other',
    detail__source: '',
    detail__self_calls: String(selfCalls),
    selfCalls,
    ...figures,
  }
}

/**
 * One edge in place of several that lead from and to the same nodes now. What of it depends on which calls belong
 * together, such as the times on both sides, nobody knows any more.
 *
 * @param rows at least one; a single one keeps all it had
 */
export function mergeEdges(rows: EdgeRow[], source: string, target: string, windowSec: number): EdgeRow {
  const [first] = rows as [EdgeRow]
  const ends = { id: `${source}_${target}`, source, target }
  if (rows.length === 1) return { ...first, ...ends }
  return {
    ...first,
    ...ends,
    detail__sides: '',
    detail__pattern: '',
    clientMeanMs: null,
    serverMeanMs: null,
    gapMeanMs: null,
    callsPerParent: null,
    retries: rows.reduce((sum, row) => sum + row.retries, 0),
    ...summed(rows, windowSec),
  }
}

/** What nodes and edges have in common. */
type Figures = Omit<NodeRow & EdgeRow, OwnOfNode | OwnOfEdge>
type OwnOfNode = Exclude<keyof NodeRow, keyof EdgeRow> | 'id'
type OwnOfEdge = Exclude<keyof EdgeRow, keyof NodeRow>

function summed(rows: (NodeRow | EdgeRow)[], windowSec: number): Figures {
  const sum = (value: (row: NodeRow | EdgeRow) => number) =>
    rows.reduce((total, row) => total + value(row), 0)
  const count = sum((row) => row.count)
  const calls = {
    count,
    adjustedCount: rounded(
      sum((row) => row.adjustedCount),
      6,
    ),
    failed: sum((row) => row.failed),
    slow: sum((row) => row.slow),
  }
  const meanMs = rounded(sum((row) => row.count * row.meanMs) / count, 6)
  const { p50Ms, p95Ms, p99Ms } = mixedPercentiles(rows)
  const percentiles = { p50Ms: rounded(p50Ms, 6), p95Ms: rounded(p95Ms, 6), p99Ms: rounded(p99Ms, 6) }
  const share = Math.min(
    1,
    rounded(
      sum((row) => row.criticalPathShare),
      6,
    ),
  )
  const exemplars = exemplarsOf(rows)
  return {
    mainStat: count,
    secondaryStat: meanMs,
    detail__traffic: traffic(calls, windowSec),
    detail__latency: `about ${latency({ p50Ns: p50Ms * 1e6, p95Ns: p95Ms * 1e6, p99Ns: p99Ms * 1e6 })}`,
    detail__critical_path: criticalPath(share),
    detail__trace_slowest: exemplars.slowest ?? '',
    detail__trace_failed: exemplars.failed ?? '',
    detail__trace_typical: exemplars.typical ?? '',
    ...calls,
    meanMs,
    ...percentiles,
    perSec: rounded(count / windowSec, 6),
    criticalPathShare: share,
    exemplars,
    traceql: unionOf(rows),
  }
}

/** Of the row that is slowest by its 99th percentile, of that which fails most, of that which is called most. */
function exemplarsOf(rows: (NodeRow | EdgeRow)[]): NodeRow['exemplars'] {
  const most = (value: (row: NodeRow | EdgeRow) => number) =>
    rows.reduce((best, row) => (value(row) > value(best) ? row : best)).exemplars
  return {
    slowest: most(({ p99Ms }) => p99Ms).slowest,
    failed: most(({ failed, exemplars }) => (exemplars.failed === null ? -1 : failed)).failed,
    typical: most(({ count }) => count).typical,
  }
}

/** Finds the calls of all rows, or where that is too long of the most called. */
function unionOf(rows: (NodeRow | EdgeRow)[]): string {
  const byCalls = [...rows].sort((a, b) => b.count - a.count)
  let union = byCalls[0]?.traceql ?? ''
  if (rows.length > 1) union = `(${union})`
  for (const { traceql } of byCalls.slice(1)) {
    const longer = `${union} || (${traceql})`
    if (longer.length > maxTraceqlLength) break
    union = longer
  }
  return union
}
