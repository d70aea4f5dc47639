import type { CallPattern } from '../graph/totals/call-patterns.ts'
import type { Sides } from '../graph/totals/call-sides.ts'
import { rounded } from './figures.ts'

/** Calls per parent, in the mean or by 95 % of the parents, from which on they are N+1: one query for each item of a list. */
const manyInMean = 5
const manyInP95 = 10
/** Share of the calls that are retries from which on it is worth a word. */
const manyRetries = 0.01

/** What only edges have, as programs like it; null where no span tells of it. */
export function edgeFiguresOf(sides: Sides, pattern: CallPattern) {
  return {
    clientMeanMs: inMs(sides.clientMeanNs),
    serverMeanMs: inMs(sides.serverMeanNs),
    gapMeanMs: inMs(sides.gapMeanNs),
    callsPerParent: pattern.parents === 0 ? null : rounded(perParent(pattern), 6),
    retries: pattern.retries,
  }
}

/** "client 12.3 ms, server 10.1 ms, gap 2.2 ms", or what of it is known. */
export function sidesInWords({ clientMeanNs, serverMeanNs, gapMeanNs, negativeGaps }: Sides): string {
  const words = [shortly('client', clientMeanNs), shortly('server', serverMeanNs), shortly('gap', gapMeanNs)]
  if (negativeGaps > 0) words.push(`${negativeGaps} negative ${negativeGaps === 1 ? 'gap' : 'gaps'} left out`)
  return words.filter((word) => word !== '').join(', ')
}

/** What is out of the ordinary: "N+1: 24.6 calls per parent, up to 74, one after another"; '' where nothing is. */
export function patternInWords(pattern: CallPattern): string {
  return [manyCalls(pattern), retried(pattern)].filter((words) => words !== '').join('; ')
}

function manyCalls(pattern: CallPattern): string {
  const { parents, p95PerParent, maxPerParent } = pattern
  if (parents === 0 || (p95PerParent < manyInP95 && perParent(pattern) < manyInMean)) return ''
  return `N+1: ${threeDigits(perParent(pattern))} calls per parent, up to ${maxPerParent}${inTime(pattern)}`
}

/** Of the calls that came after another of the same parent, most decide. */
function inTime({ followers, overlapping }: CallPattern): string {
  if (followers === 0) return ''
  const share = overlapping / followers
  if (share === 0.5) return ', half of them in parallel'
  return share > 0.5 ? ', in parallel' : ', one after another'
}

function retried({ calls, retries }: CallPattern): string {
  if (retries === 0 || retries / calls < manyRetries) return ''
  return `retries: ${threeDigits((retries / calls) * 100)} % of the calls follow a failed one`
}

const perParent = ({ calls, parents }: CallPattern) => calls / parents
const inMs = (ns: number | null) => (ns === null ? null : rounded(ns / 1e6, 6))
const shortly = (what: string, ns: number | null) =>
  ns === null ? '' : `${what} ${threeDigits(ns / 1e6)} ms`
const threeDigits = (value: number) => Number(value.toPrecision(3))
