import type { EdgeTotals } from '../graph/totals/call-totals.ts'
import type { Red } from '../graph/totals/red.ts'

/** Totals that rates and shares relate to. */
export interface GraphTotals {
  /** Length of the window, s. */
  windowSec: number
  /** Sum of the durations of all root spans, ns. */
  endToEndNs: number
}

/** Returns the shares of failed, slow and other calls for Grafana's arcs. They add up to 1, also without calls. */
export function arcs({ count: calls, failed, slow }: Pick<Red, 'count' | 'failed' | 'slow'>) {
  const count = Math.max(1, calls)
  const arcFailed = rounded(failed / count, 6)
  // If both round up, as 0.0000005 and 0.9999995 do, their sum would exceed 1.
  const arcSlow = Math.min(rounded(slow / count, 6), rounded(1 - arcFailed, 6))
  return { arc__failed: arcFailed, arc__slow: arcSlow, arc__passed: rounded(1 - arcFailed - arcSlow, 6) }
}

/** Returns the numbers of a node or an edge for programs. */
export function rowNumbers(red: Red, totals: GraphTotals) {
  const { count, failed, slow } = red
  return {
    count,
    adjustedCount: red.adjustedCount,
    adjustedCountLow: rounded(red.adjustedCountLow, 6),
    adjustedCountHigh: rounded(red.adjustedCountHigh, 6),
    failed,
    adjustedFailed: red.adjustedFailed.adjustedCount,
    adjustedFailedLow: rounded(red.adjustedFailed.adjustedCountLow, 6),
    adjustedFailedHigh: rounded(red.adjustedFailed.adjustedCountHigh, 6),
    slow,
    meanMs: meanMs(red),
    p50Ms: toMs(red.p50Ns),
    p95Ms: toMs(red.p95Ns),
    p99Ms: toMs(red.p99Ns),
    perSec: rounded(count / totals.windowSec, 6),
    criticalPathShare: rounded(criticalPathShare(red, totals), 6),
  }
}

/** Returns the numbers that only edges have. null means that no span reports it. */
export function edgeNumbers({ sides, pattern, messages }: EdgeTotals) {
  const { clientMeanNs, serverMeanNs, gapMeanNs } = sides
  const { calls, parents, retries } = pattern
  return {
    clientMeanMs: toMsOrNull(clientMeanNs),
    serverMeanMs: toMsOrNull(serverMeanNs),
    gapMeanMs: toMsOrNull(gapMeanNs),
    callsPerParent: parents === 0 ? null : rounded(calls / parents, 6),
    retries,
    messages,
  }
}

/** Returns the share of end-to-end time on the critical path; 0 if no trace has a root span. */
export const criticalPathShare = ({ criticalPathNs }: Red, { endToEndNs }: GraphTotals) =>
  endToEndNs === 0 ? 0 : criticalPathNs / endToEndNs

export const meanMs = (red: Red) => toMs(red.meanNs)
const toMs = (durationNs: number) => rounded(durationNs / 1e6, 6)
const toMsOrNull = (ns: number | null) => (ns === null ? null : toMs(ns))

/** Rounds to `digits` decimals. Never returns -0. */
export function rounded(value: number, digits: number): number {
  const scale = 10 ** digits
  return Math.round(value * scale) / scale + 0
}
