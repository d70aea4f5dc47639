import type { Percentiles } from '../graph/totals/duration-sketch.ts'
import type { Red } from '../graph/totals/red.ts'

/** What figures are relative to. */
export interface Whole {
  /** Length of the time that was read, s. */
  windowSec: number
  /** Sum of the durations of all roots, ns. */
  endToEndNs: number
}

/** Shares of the calls that failed, were slow, and are neither. They add up to 1. */
export function arcs({ count, failed, slow }: Pick<Red, 'count' | 'failed' | 'slow'>) {
  const arcFailed = rounded(failed / count, 6)
  // Where both round up, as 0.0000005 and 0.9999995 do, they would exceed 1.
  const arcSlow = Math.min(rounded(slow / count, 6), rounded(1 - arcFailed, 6))
  return { arc__failed: arcFailed, arc__slow: arcSlow, arc__passed: rounded(1 - arcFailed - arcSlow, 6) }
}

/** The figures of a node or an edge, as programs like them. */
export function figuresOf(red: Red, whole: Whole) {
  const { count, failed, slow } = red
  return {
    count,
    adjustedCount: red.adjustedCount,
    failed,
    slow,
    meanMs: meanMs(red),
    p50Ms: inMs(red.p50Ns),
    p95Ms: inMs(red.p95Ns),
    p99Ms: inMs(red.p99Ns),
    perSec: rounded(count / whole.windowSec, 6),
    criticalPathShare: rounded(criticalPathShare(red, whole), 6),
  }
}

/** 0 where no trace has a root: nobody knows what was waited for. */
export const criticalPathShare = ({ criticalPathNs }: Red, { endToEndNs }: Whole) =>
  endToEndNs === 0 ? 0 : criticalPathNs / endToEndNs

/** The share in words; "0 %" is none at all. */
export function criticalPath(share: number): string {
  return share > 0 && share < 0.0005 ? '<0.1 %' : `${rounded(share * 100, 1)} %`
}

const inMs = (durationNs: number) => rounded(durationNs / 1e6, 6)
export const meanMs = (red: Red) => inMs(red.meanNs)

/** More than three digits would promise more than a percentile within 1 % can keep. */
export function latency({ p50Ns, p95Ns, p99Ns }: Percentiles): string {
  const [p50, p95, p99] = [p50Ns, p95Ns, p99Ns].map((ns) => `${Number((ns / 1e6).toPrecision(3))} ms`)
  return `p50 ${p50}, p95 ${p95}, p99 ${p99}`
}

export function traffic(red: Pick<Red, 'count' | 'adjustedCount' | 'failed'>, windowSec: number): string {
  const words = [`${red.count} ${red.count === 1 ? 'call' : 'calls'}`]
  if (red.adjustedCount !== red.count) words.push(`about ${grouped(red.adjustedCount)} before sampling`)
  words.push(`${Number((red.count / windowSec).toPrecision(3))}/s`)
  if (red.failed > 0) words.push(`${red.failed} failed`)
  return words.join(', ')
}

/** Whole, with a comma before every three digits. */
const grouped = (value: number) => Math.round(value).toLocaleString('en-US')

/** Rounded to `digits` decimals, and never -0. */
export function rounded(value: number, digits: number): number {
  const scale = 10 ** digits
  return Math.round(value * scale) / scale + 0
}
