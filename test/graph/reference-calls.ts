import type { CallPattern } from '../../src/graph/totals/call-patterns.ts'
import type { Sides } from '../../src/graph/totals/call-sides.ts'
import { durationNsOf, startNsOf, type TestSpan } from '../support/graph/test-spans.ts'

/** A call with the spans of its two ends. */
export interface Pair {
  caller: TestSpan
  callee: TestSpan
}

const isSender = ({ kind }: TestSpan) => kind === 'client' || kind === 'producer'
const isReceiver = ({ kind }: TestSpan) => kind === 'server' || kind === 'consumer'
const isMessage = ({ caller, callee }: Pair) => caller.kind === 'producer' || callee.kind === 'consumer'
const lasts = (span: TestSpan) => !span.skewed
/** Durations of the calls that a span stands for, ns. */
const durationsOf = (span: TestSpan) => (span.summaryOf ?? [durationNsOf(span)]).map(BigInt)
const endNsOf = (span: TestSpan) => startNsOf(span) + BigInt(durationNsOf(span))

/** Both sides of the calls of an edge and the gaps between, each mean rounded once. */
export function referenceSides(pairs: Pair[]): Sides {
  const remote = pairs.filter(({ caller, callee }) => isReceiver(callee) || caller.service !== callee.service)
  const clients = remote.map(({ caller }) => caller).filter((span) => isSender(span) && lasts(span))
  const servers = remote.map(({ callee }) => callee).filter((span) => !isSender(span) && lasts(span))
  const gaps = remote
    .filter(({ caller, callee }) => isSender(caller) && !isSender(callee) && lasts(caller) && lasts(callee))
    .filter(({ caller, callee }) => !caller.summaryOf && !callee.summaryOf)
    .map((pair) => gapNsOf(pair))
  return {
    clientMeanNs: meanOf(clients.flatMap(durationsOf)),
    serverMeanNs: meanOf(servers.flatMap(durationsOf)),
    gapMeanNs: meanOf(gaps.filter((gap) => gap >= 0n)),
    negativeGaps: gaps.filter((gap) => gap < 0n).length,
  }
}

function gapNsOf(pair: Pair): bigint {
  const { caller, callee } = pair
  if (isMessage(pair)) return startNsOf(callee) - endNsOf(caller)
  return BigInt(durationNsOf(caller)) - BigInt(durationNsOf(callee))
}

function meanOf(values: bigint[]): number | null {
  if (values.length === 0) return null
  return Number(values.reduce((sum, value) => sum + value, 0n)) / values.length
}

/** Returns the pattern of an edge by comparing every two calls of each parent. */
export function referencePattern(pairs: Pair[]): CallPattern {
  const parents = [...new Set(pairs.map(({ caller }) => caller))]
  const groups = parents.map((parent) =>
    pairs
      .filter(({ caller }) => caller === parent)
      .map(({ callee }) => callee)
      .sort(inOrder),
  )
  const sizes = groups.map((group) => group.flatMap(durationsOf).length).sort((a, b) => a - b)
  return {
    parents: parents.length,
    calls: pairs.flatMap(({ callee }) => durationsOf(callee)).length,
    p95PerParent: sizes[Math.ceil((sizes.length * 95) / 100) - 1] ?? 0,
    maxPerParent: sizes.at(-1) ?? 0,
    followers: pairs.length - parents.length,
    overlapping: groups.flatMap((group) => group.filter((call, at) => overlaps(call, group.slice(0, at))))
      .length,
    retries: groups.reduce((sum, group) => sum + retriesIn(group), 0),
  }
}

const overlaps = (call: TestSpan, earlier: TestSpan[]) =>
  earlier.some((other) => endNsOf(other) > startNsOf(call))

/** Each failed call answers for one later call of its name at most. */
function retriesIn(group: TestSpan[]): number {
  const retried = new Set<TestSpan>()
  let retries = 0
  for (const [at, call] of group.entries()) {
    const failure = group
      .slice(0, at)
      .find(
        (other) =>
          other.status === 'error' &&
          other.name === call.name &&
          endNsOf(other) <= startNsOf(call) &&
          !retried.has(other),
      )
    if (!failure) continue
    retried.add(failure)
    retries++
  }
  return retries
}

/** By start; of two that start together the shorter, then the failed one first. */
function inOrder(a: TestSpan, b: TestSpan): number {
  const [from, to] = [startNsOf(a), startNsOf(b)]
  if (from !== to) return from < to ? -1 : 1
  return durationNsOf(a) - durationNsOf(b) || Number(b.status === 'error') - Number(a.status === 'error')
}
