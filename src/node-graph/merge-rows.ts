import type { EdgeRow, NodeRow } from '../model/node-graph-rows.ts'
import { criticalPathText, latencyText, trafficText } from './detail-texts.ts'
import { estimatePercentiles } from './merged-percentiles.ts'
import { arcs, rounded } from './row-numbers.ts'

/**
 * Longest TraceQL union of several rows, in characters. Tempo's parser reads 1,024 at a time and fails on longer queries
 * if it looks ahead over that boundary ("unexpected $end").
 */
const maxTraceqlLength = 1000

/**
 * Merges several nodes into one. Sums are exact, percentiles are estimates (`estimatePercentiles`).
 *
 * @param rows at least one
 * @param callsBetween calls between these nodes, which become self calls
 */
export function mergeNodes(rows: NodeRow[], id: string, callsBetween: number, windowSec: number): NodeRow {
  const [first] = rows as [NodeRow]
  const numbers = sumRows(rows, windowSec)
  const selfCalls = rows.reduce((sum, row) => sum + row.selfCalls, callsBetween)
  return {
    ...first,
    id,
    title: rows.every(({ title }) => title === first.title) ? first.title : 'other',
    subTitle: `${rows.length} ${rows.length === 1 ? 'node' : 'nodes'}`,
    ...arcs(numbers),
    detail__role: 'other',
    detail__named_by: '',
    detail__self_calls: String(selfCalls),
    selfCalls,
    group: rows.every(({ group }) => group === first.group) ? first.group : '',
    operation: '',
    identity: {},
    ...numbers,
  }
}

/**
 * Merges edges that now have the same ends. Fields that depend on which calls belong together, such as the times on both
 * sides, become unknown.
 *
 * @param rows at least one; a single row keeps all its fields
 */
export function mergeEdges(rows: EdgeRow[], source: string, target: string, windowSec: number): EdgeRow {
  const [first] = rows as [EdgeRow]
  const ends = { id: `${source}_${target}`, source, target }
  if (rows.length === 1) return { ...first, ...ends }
  return {
    ...first,
    ...ends,
    detail__sides: '',
    detail__via: viaOf(rows),
    detail__pattern: '',
    clientMeanMs: null,
    serverMeanMs: null,
    gapMeanMs: null,
    callsPerParent: null,
    retries: rows.reduce((sum, row) => sum + row.retries, 0),
    messages: rows.reduce((sum, row) => sum + row.messages, 0),
    ...sumRows(rows, windowSec),
  }
}

/** Separates the names in `detail__via`. */
export const viaSeparator = ', '

function viaOf(rows: EdgeRow[]): string {
  const names = rows.flatMap(({ detail__via: via = '' }) => (via === '' ? [] : via.split(viaSeparator)))
  return [...new Set(names)].sort().join(viaSeparator)
}

/** Fields that nodes and edges have in common, except the id. */
type SharedFields = Omit<NodeRow & EdgeRow, NodeOnly | EdgeOnly>
type NodeOnly = Exclude<keyof NodeRow, keyof EdgeRow> | 'id'
type EdgeOnly = Exclude<keyof EdgeRow, keyof NodeRow>

function sumRows(rows: (NodeRow | EdgeRow)[], windowSec: number): SharedFields {
  const sum = (value: (row: NodeRow | EdgeRow) => number) =>
    rows.reduce((total, row) => total + value(row), 0)
  const adjusted = (value: (row: NodeRow | EdgeRow) => number) => rounded(sum(value), 6)
  const count = sum((row) => row.count)
  const calls = {
    count,
    adjustedCount: adjusted((row) => row.adjustedCount),
    // Rows may count the same traces, so their errors are added.
    adjustedCountLow: adjusted((row) => row.adjustedCountLow),
    adjustedCountHigh: adjusted((row) => row.adjustedCountHigh),
    failed: sum((row) => row.failed),
    adjustedFailed: adjusted((row) => row.adjustedFailed),
    adjustedFailedLow: adjusted((row) => row.adjustedFailedLow),
    adjustedFailedHigh: adjusted((row) => row.adjustedFailedHigh),
    slow: sum((row) => row.slow),
  }
  const meanMs = rounded(sum((row) => row.count * row.meanMs) / Math.max(1, count), 6)
  const { p50Ms, p95Ms, p99Ms } = estimatePercentiles(rows)
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
    detail__traffic: trafficText(calls, windowSec),
    detail__latency: `about ${latencyText({ p50Ns: p50Ms * 1e6, p95Ns: p95Ms * 1e6, p99Ns: p99Ms * 1e6 })}`,
    detail__critical_path: criticalPathText(share),
    detail__trace_slowest: exemplars.slowest ?? '',
    detail__trace_failed: exemplars.failed ?? '',
    detail__trace_typical: exemplars.typical ?? '',
    ...calls,
    meanMs,
    ...percentiles,
    perSec: rounded(count / windowSec, 6),
    criticalPathShare: share,
    exemplars,
    traceql: unionOf(rows, 'traceql'),
    traceqlFailed: unionOf(rows, 'traceqlFailed'),
  }
}

/** Picks exemplars: of the row with the highest p99, of the one with most failures, of the most called one. */
function exemplarsOf(rows: (NodeRow | EdgeRow)[]): NodeRow['exemplars'] {
  const most = (value: (row: NodeRow | EdgeRow) => number) =>
    rows.reduce((best, row) => (value(row) > value(best) ? row : best)).exemplars
  return {
    slowest: most(({ p99Ms }) => p99Ms).slowest,
    failed: most(({ failed, exemplars }) => (exemplars.failed === null ? -1 : failed)).failed,
    typical: most(({ count }) => count).typical,
  }
}

/** Joins the queries of the most called rows, up to the longest query that Tempo accepts. */
function unionOf(rows: (NodeRow | EdgeRow)[], key: 'traceql' | 'traceqlFailed'): string {
  const byCalls = rows.filter((row) => (row[key] ?? '') !== '').sort((a, b) => b.count - a.count)
  let union = byCalls[0]?.[key] ?? ''
  if (byCalls.length > 1) union = `(${union})`
  for (const row of byCalls.slice(1)) {
    const longer = `${union} || (${row[key]})`
    if (longer.length > maxTraceqlLength) break
    union = longer
  }
  return union
}
