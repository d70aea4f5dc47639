import type { CallPattern } from '../graph/totals/call-patterns.ts'
import type { Sides } from '../graph/totals/call-sides.ts'
import type { Percentiles } from '../graph/totals/duration-sketch.ts'
import type { Red } from '../graph/totals/red.ts'
import { rounded } from './row-numbers.ts'

/** Thresholds for calls in a loop (N+1 queries): mean and 95th percentile of the calls per parent. */
const nPlusOneMean = 5
const nPlusOneP95 = 10
/** Smallest share of retries that is mentioned. */
const mentionedRetries = 0.01

/** Returns "1234 calls, about 12,340 before sampling, 0.34/s, 5 failed". */
export function trafficText(red: Pick<Red, 'count' | 'adjustedCount' | 'failed'>, windowSec: number): string {
  const texts = [`${red.count} ${red.count === 1 ? 'call' : 'calls'}`]
  if (red.adjustedCount !== red.count) texts.push(`about ${grouped(red.adjustedCount)} before sampling`)
  texts.push(`${threeDigits(red.count / windowSec)}/s`)
  if (red.failed > 0) texts.push(`${red.failed} failed`)
  return texts.join(', ')
}

/** Returns "p50 1.2 ms, p95 3 ms, p99 8.1 ms". Three digits match the accuracy of the percentiles, 1 %. */
export function latencyText({ p50Ns, p95Ns, p99Ns }: Percentiles): string {
  const [p50, p95, p99] = [p50Ns, p95Ns, p99Ns].map((ns) => `${threeDigits(ns / 1e6)} ms`)
  return `p50 ${p50}, p95 ${p95}, p99 ${p99}`
}

/** Returns the share as a percentage. "0 %" means exactly none. */
export function criticalPathText(share: number): string {
  return share > 0 && share < 0.0005 ? '<0.1 %' : `${rounded(share * 100, 1)} %`
}

/** Returns "client 12.3 ms, server 10.1 ms, gap 2.2 ms", without the unknown ones. */
export function sidesText({ clientMeanNs, serverMeanNs, gapMeanNs, negativeGaps }: Sides): string {
  const texts = [
    sideText('client', clientMeanNs),
    sideText('server', serverMeanNs),
    sideText('gap', gapMeanNs),
  ]
  if (negativeGaps > 0) texts.push(`${negativeGaps} negative ${negativeGaps === 1 ? 'gap' : 'gaps'} left out`)
  return texts.filter((text) => text !== '').join(', ')
}

/** Returns unusual call patterns: "N+1: 24.6 calls per parent, up to 74, one after another"; '' for none. */
export function patternText(pattern: CallPattern): string {
  return [nPlusOneText(pattern), retriesText(pattern)].filter((text) => text !== '').join('; ')
}

function nPlusOneText(pattern: CallPattern): string {
  const { calls, parents, p95PerParent, maxPerParent } = pattern
  const perParent = calls / parents
  if (parents === 0 || (p95PerParent < nPlusOneP95 && perParent < nPlusOneMean)) return ''
  return `N+1: ${threeDigits(perParent)} calls per parent, up to ${maxPerParent}${timingText(pattern)}`
}

/** Describes how most calls that follow another call of the same parent lie in time. */
function timingText({ followers, overlapping }: CallPattern): string {
  if (followers === 0) return ''
  const share = overlapping / followers
  if (share === 0.5) return ', half of them in parallel'
  return share > 0.5 ? ', in parallel' : ', one after another'
}

function retriesText({ calls, retries }: CallPattern): string {
  if (retries === 0 || retries / calls < mentionedRetries) return ''
  return `retries: ${threeDigits((retries / calls) * 100)} % of the calls follow a failed one`
}

const sideText = (side: string, ns: number | null) =>
  ns === null ? '' : `${side} ${threeDigits(ns / 1e6)} ms`
const grouped = (value: number) => Math.round(value).toLocaleString('en-US')
const threeDigits = (value: number) => Number(value.toPrecision(3))
