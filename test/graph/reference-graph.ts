import { StringTable } from '../../src/graph/columns/string-table.ts'
import type { Graph, GraphEdge, GraphNode } from '../../src/graph/graph.ts'
import { SpanKind, SpanStatus } from '../../src/graph/spans/span-table.ts'
import { noExemplars } from '../../src/graph/totals/exemplars.ts'
import { emptyCounts } from '../../src/graph/trace/span-counts.ts'
import { ParentState } from '../../src/graph/trace/trace-tree.ts'
import { durationNsOf, spanTable, startNsOf, type TestSpan } from '../support/graph/test-spans.ts'
import { sweepExclusiveNs } from './critical-path-sweep.ts'
import { referencePattern, referenceSides } from './reference-calls.ts'

interface ReferenceOptions {
  slowThresholdMs: number
  isTagNode?: (value: string) => boolean
}

/**
 * The graph of some traces, worked out the slow and plain way: objects, Maps, BigInt, a fresh walk for every
 * question; without exemplars. It shares no code with `GraphBuilder` and is what `GraphBuilder` is compared with.
 */
export function referenceGraph(traces: TestSpan[][], options: ReferenceOptions): Graph {
  const spans = emptyCounts()
  const nodes = new Map<string, TestSpan[]>()
  const edges = new Map<string, TestSpan[]>()
  const selfCalls = new Map<string, TestSpan[]>()
  const pathNs = new Map<TestSpan, bigint>()
  const callerOf = new Map<TestSpan, TestSpan>()
  let endToEndNs = 0n

  const traceOf = new Map<TestSpan, number>()
  const weightOnEdge = new Map<TestSpan, bigint>()

  for (const [index, given] of traces.entries()) {
    const trace = given.map((span) => ({ ...span }))
    const distinct = distinctSpans(trace)
    const parents = cutCycles(distinct, new Map(distinct.map((span) => [span, parentOf(span, distinct)])))
    const untimed = new Set(settle(distinct, parents))
    const named = distinct.filter((span) => span.service)
    const callers = new Map(named.map((span) => [span, namedAncestor(span, parents)]))
    spans.traces++
    spans.received += trace.length
    spans.duplicates += trace.length - distinct.length
    spans.withoutService += distinct.length - named.length
    spans.counted += named.length
    spans.untimed += named.filter((span) => untimed.has(span)).length
    spans.skewed += named.filter((span) => span.skewed).length
    for (const [span, caller] of callers) {
      traceOf.set(span, index)
      weightOnEdge.set(span, heaviestMillionths(span, parents))
      const operation = operationKey(span)
      push(nodes, operation, span)
      if (typeof caller === 'object') callerOf.set(span, caller)
      if (typeof caller === 'string') spans[caller]++
      else if (operationKey(caller) === operation) push(selfCalls, operation, span)
      else push(edges, edgeKey(operationKey(caller), operation), span)
    }
    spans.selfCalls = [...selfCalls.values()].flat().length
    for (const [span, ns] of criticalPathOf(distinct, parents)) {
      const owner = span.service ? span : namedAncestor(span, parents)
      if (typeof owner === 'object') pathNs.set(owner, (pathNs.get(owner) ?? 0n) + ns)
      endToEndNs += ns
    }
    addTags(distinct, callers, options, nodes, edges)
  }
  const red = (calls: TestSpan[], role: string, isEdge: boolean) => {
    const timesOf = (span: TestSpan) => (role === 'operation' ? callsOf(span).length : 1)
    const weights = calls.map((span) => ({
      trace: traceOf.get(span) ?? 0,
      times: BigInt(timesOf(span)),
      millionths: (isEdge && weightOnEdge.get(span)) || adjustedMillionths(span),
    }))
    const counted = role === 'operation' ? calls.flatMap(callsOf) : calls
    const path = role === 'operation' ? calls.map((call) => pathNs.get(call) ?? 0n) : []
    const failed = weights.filter((_, at) => calls[at]?.status === 'error')
    const figures = {
      ...redOf(counted, options.slowThresholdMs),
      ...adjusted(weights),
      adjustedFailed: adjusted(failed),
    }
    return { ...figures, criticalPathNs: Number(sumOf(path)) }
  }
  const keys = [...nodes.keys()].sort((a, b) => compareTuples(JSON.parse(a), JSON.parse(b)))
  const readEdges = [...edges].map(([key, calls]): GraphEdge => {
    const [source, target] = JSON.parse(key) as [string, string]
    const role = source.startsWith('["operation"') ? 'operation' : 'tag'
    if (role === 'operation') spans.edgeCalls += calls.length
    const pairs = calls.flatMap((callee) => {
      const caller = role === 'operation' && callerOf.get(callee)
      return caller ? [{ caller, callee }] : []
    })
    return {
      source: keys.indexOf(source),
      target: keys.indexOf(target),
      ...red(calls, role, role === 'operation'),
      sides: referenceSides(pairs),
      pattern: referencePattern(pairs),
      messages: 0,
    }
  })
  return {
    nodes: keys.map((key) => {
      const [role, title, operation] = JSON.parse(key) as [GraphNode['role'], string, string]
      return {
        role,
        title,
        operation,
        ...red(nodes.get(key) ?? [], role, false),
        selfCalls: selfCalls.get(key)?.flatMap(callsOf).length ?? 0,
      }
    }),
    edges: readEdges.sort((a, b) => a.source - b.source || a.target - b.target),
    endToEndNs: Number(endToEndNs),
    spans,
  }
}

/** A node per tag value in the trace, an edge from it to each operation that is a root of the trace. */
function addTags(
  spans: TestSpan[],
  callers: Map<TestSpan, Parent>,
  options: ReferenceOptions,
  nodes: Map<string, TestSpan[]>,
  edges: Map<string, TestSpan[]>,
): void {
  const tops = [...callers.keys()].filter((span) => typeof callers.get(span) === 'string').sort(order)
  const roots = tops.filter((span) => callers.get(span) === 'roots')
  const entries = roots.filter(
    (span, at) => at === roots.findIndex((other) => operationKey(other) === operationKey(span)),
  )
  for (const value of new Set(spans.map((span) => span.tag))) {
    if (!value || !tops[0] || !options.isTagNode?.(value)) continue
    push(nodes, tagKey(value), tops[0])
    for (const root of entries) push(edges, edgeKey(tagKey(value), operationKey(root)), root)
  }
}

/** Time on the critical path of each span, ns. */
function criticalPathOf(spans: TestSpan[], parents: Map<TestSpan, Parent>): Map<TestSpan, bigint> {
  const parent = Int32Array.from(spans, (span) => {
    const above = parents.get(span) ?? 'roots'
    if (typeof above === 'object') return spans.indexOf(above)
    return above === 'roots' ? ParentState.root : ParentState.orphan
  })
  const ns = sweepExclusiveNs(spanTable(new StringTable(), 1, spans), { parent })
  return new Map(spans.map((span, row) => [span, ns[row] ?? 0n]))
}

const sumOf = (values: bigint[]) => values.reduce((total, value) => total + value, 0n)

type Parent = TestSpan | 'roots' | 'orphans' | 'cycles'

const operationKey = (span: TestSpan) => JSON.stringify(['operation', span.service, span.name])
const tagKey = (value: string) => JSON.stringify(['tag', value, ''])
const edgeKey = (source: string, target: string) => JSON.stringify([source, target])
const kindOf = (span: TestSpan) => span.kind ?? 'internal'
const isSender = (span: TestSpan) => ['client', 'producer'].includes(kindOf(span))
const isReceiver = (span: TestSpan) => ['server', 'consumer'].includes(kindOf(span))

function push<K, V>(map: Map<K, V[]>, key: K, value: V): void {
  map.set(key, [...(map.get(key) ?? []), value])
}

/** The spans of a trace, each united from its pieces. */
function distinctSpans(trace: TestSpan[]): TestSpan[] {
  const sorted = [...trace].sort(pieceOrder)
  const first = (span: TestSpan) =>
    sorted.find((other) => other.id === span.id && kindOf(other) === kindOf(span)) as TestSpan
  const ownerOf = (piece: TestSpan) => {
    const span = first(piece)
    if (kindOf(span) !== 'unspecified') return span
    const mayBe = byKind([...new Set(sorted.map(first))]).filter(
      (other) =>
        other.id === span.id &&
        kindOf(other) !== 'unspecified' &&
        isOfOneService(span, other) &&
        (!span.parent || !other.parent || span.parent === other.parent),
    )
    return mayBe.find(({ service }) => service === span.service) ?? mayBe[0] ?? span
  }
  const united = new Map<TestSpan, TestSpan>()
  for (const piece of sorted) {
    const owner = ownerOf(piece)
    united.set(owner, unite(united.get(owner) ?? owner, piece))
  }
  return [...united.values()]
}

const isOfOneService = (a: TestSpan, b: TestSpan) => !a.service || !b.service || a.service === b.service
const pieceOrder = (a: TestSpan, b: TestSpan) =>
  Number(kindOf(a) === 'unspecified') - Number(kindOf(b) === 'unspecified') ||
  Number(!a.service) - Number(!b.service) ||
  order(a, b)
const statuses = ['unset', 'ok', 'error'] as const

function unite(span: TestSpan, piece: TestSpan): TestSpan {
  if (!isOfOneService(span, piece)) return span
  const status = Math.max(...[span, piece].map((one) => statuses.indexOf(one.status ?? 'unset')))
  const isWeighed = (one: TestSpan) => (one.adjustedCount ?? 1) !== 1 || one.summaryOf
  const heavy = isWeighed(span) ? span : piece
  return {
    ...span,
    ...timeOf(span, piece),
    parent: span.parent ?? piece.parent,
    service: span.service ?? piece.service,
    name: span.name || piece.name,
    tag: span.tag ?? piece.tag,
    status: statuses[status],
    adjustedCount: heavy.adjustedCount,
    summaryOf: heavy.summaryOf,
  }
}

function timeOf(span: TestSpan, piece: TestSpan): Partial<TestSpan> {
  const isTimed = (one: TestSpan) => isTimedNs(startNsOf(one))
  const lastsNs = (one: TestSpan) =>
    isTimed(one) || !isTimedNs(startNsOf(one) + BigInt(durationNsOf(one))) ? durationNsOf(one) : 0
  const takesStart = !isTimed(span) && isTimed(piece)
  const start = takesStart ? { startMs: piece.startMs } : {}
  const takesDuration = lastsNs(span) === 0 && (takesStart || lastsNs(piece) > 0)
  if (takesDuration) return { ...start, durationNs: lastsNs(piece), skewed: piece.skewed }
  return takesStart ? { ...start, durationNs: lastsNs(span) } : {}
}

function parentOf(span: TestSpan, spans: TestSpan[]): Parent {
  const twins = byKind(spans.filter((other) => other !== span && other.id === span.id))
  const client = isReceiver(span) && twins.find(isSender)
  if (client) return client
  const parent =
    span.parent ?? twins.find((twin) => twin.parent !== undefined && twin.parent !== twin.id)?.parent
  if (parent === undefined) return 'roots'
  if (parent === span.id) return span
  const candidates = byKind(spans.filter((other) => other.id === parent))
  return (
    candidates.find((other) => isReceiver(other) && other.service === span.service) ??
    candidates.find(isSender) ??
    candidates[0] ??
    'orphans'
  )
}

const byKind = (spans: TestSpan[]) => [...spans].sort((a, b) => SpanKind[kindOf(a)] - SpanKind[kindOf(b)])

function cutCycles(spans: TestSpan[], parents: Map<TestSpan, Parent>): Map<TestSpan, Parent> {
  const cut = new Map(parents)
  for (const span of spans) {
    const circle = circleOf(span, parents)
    if (circle && [...circle].sort(order)[0] === span) cut.set(span, 'cycles')
  }
  return cut
}

/** The spans met on the way from a span back to itself, if its ancestors lead there. */
function circleOf(span: TestSpan, parents: Map<TestSpan, Parent>): Set<TestSpan> | undefined {
  const met = new Set([span])
  for (let at = parents.get(span); typeof at === 'object'; at = parents.get(at)) {
    if (at === span) return met
    if (met.has(at)) return undefined
    met.add(at)
  }
  return undefined
}

const firstNs = 31_536_000_000_000_000n
const endOfTimeNs = 4_102_444_800_000_000_000n
/** Bounds are those of whole high words, so that a few seconds at either end are on the other side. */
const isTimedNs = (ns: bigint) => {
  const hi = ns >> 32n
  return hi >= (firstNs >> 32n) + 1n && hi < endOfTimeNs >> 32n
}

/** Gives untimed spans the start of the nearest timed one above, or of the earliest one. @returns those spans */
function settle(spans: TestSpan[], parents: Map<TestSpan, Parent>): TestSpan[] {
  const timed = spans.filter((span) => isTimedNs(startNsOf(span)))
  const [earliest] = [...timed].sort((a, b) => (startNsOf(a) < startNsOf(b) ? -1 : 1))
  if (!earliest) return []
  const untimed = spans.filter((span) => !timed.includes(span))
  const times = untimed.map((span) => {
    let above: Parent | undefined = parents.get(span)
    while (typeof above === 'object' && !timed.includes(above)) above = parents.get(above)
    const { startMs } = typeof above === 'object' ? above : earliest
    const movedNs = startNsOf({ ...span, startMs }) - startNsOf(span)
    const isEndTimed = isTimedNs(startNsOf(span) + BigInt(durationNsOf(span)))
    const lastsNs = BigInt(durationNsOf(span)) - (isEndTimed ? movedNs : 0n)
    return { startMs, durationNs: lastsNs < 0n ? 0 : Number(lastsNs) }
  })
  for (const [index, span] of untimed.entries()) Object.assign(span, times[index])
  return untimed
}

function namedAncestor(span: TestSpan, parents: Map<TestSpan, Parent>): Parent {
  let at = parents.get(span)
  while (typeof at === 'object' && !at.service) at = parents.get(at)
  return at ?? 'roots'
}

function redOf(calls: TestSpan[], slowThresholdMs: number) {
  const failed = calls.filter((call) => call.status === 'error')
  const slow = calls.filter((call) => call.status !== 'error' && durationNsOf(call) > slowThresholdMs * 1e6)
  const sum = sumOf(calls.map((call) => BigInt(durationNsOf(call))))
  return {
    count: calls.length,
    failed: failed.length,
    slow: slow.length,
    meanNs: Number(sum) / calls.length,
    exemplars: noExemplars,
    ...percentilesOf(calls),
  }
}

/** The calls that a span stands for, as if they were there. */
const callsOf = ({ summaryOf, ...span }: TestSpan): TestSpan[] =>
  summaryOf ? summaryOf.map((durationNs) => ({ ...span, durationNs, skewed: false })) : [span]

const adjustedMillionths = ({ adjustedCount = 1 }: TestSpan) =>
  BigInt(Math.round((adjustedCount - 1) * 1e6)) + 1_000_000n

/** The largest weight of a call's spans: both have to be kept, and those between them that have no service. */
function heaviestMillionths(span: TestSpan, parents: Map<TestSpan, Parent>): bigint {
  let most = adjustedMillionths(span)
  for (let at = parents.get(span); typeof at === 'object'; at = parents.get(at)) {
    if (adjustedMillionths(at) > most) most = adjustedMillionths(at)
    if (at.service) break
  }
  return most
}

interface Weight {
  trace: number
  /** How many calls have this weight. */
  times: bigint
  millionths: bigint
}

/** The variance by its definition: a term for each pair of calls of one trace. */
function adjusted(weights: Weight[]) {
  const one = 1_000_000n
  let variance = 0n
  for (const a of weights) {
    for (const b of weights.filter(({ trace }) => trace === a.trace)) {
      const [less, more] = a.millionths < b.millionths ? [a, b] : [b, a]
      variance += a.times * b.times * (less.millionths - one) * more.millionths
    }
  }
  return {
    adjustedCount: Number(sumOf(weights.map(({ times, millionths }) => times * millionths))) / 1e6,
    adjustedCountVariance: Number(variance) / 1e12,
    // The kernel's own business: it is tested by how often it contains the truth.
    adjustedCountLow: 0,
    adjustedCountHigh: 0,
  }
}

/** By nearest rank: the shortest duration that so many percent of the calls do not exceed. */
function percentilesOf(calls: TestSpan[]) {
  const sorted = calls.map((call) => BigInt(durationNsOf(call))).sort((a, b) => (a < b ? -1 : 1))
  const at = (percent: number) => Number(sorted[Math.ceil((calls.length * percent) / 100) - 1])
  return { p50Ns: at(50), p95Ns: at(95), p99Ns: at(99) }
}

/** Earliest first; of two versions of one span, the longer, the failed, the one that says more comes first. */
function order(a: TestSpan, b: TestSpan): number {
  return compareTuples(sortKey(a), sortKey(b))
}

const sortKey = (span: TestSpan) => [
  isTimedNs(startNsOf(span)) ? 0 : 1,
  startNsOf(span),
  span.id,
  SpanKind[kindOf(span)],
  -durationNsOf(span),
  -SpanStatus[span.status ?? 'unset'],
  -(span.parent ?? 0),
  ...[span.service, span.name, span.tag].flatMap((text) => [text ? 0 : 1, text ?? '']),
  span.skewed ? 1 : 0,
  -(span.summaryOf?.length ?? 1),
  -(span.adjustedCount ?? 1),
  -Number(sumOf((span.summaryOf ?? []).map(BigInt))),
  -2 * (span.summaryOf?.length ?? 0),
  ...(span.summaryOf ?? []),
]

function compareTuples(a: (string | number | bigint)[], b: (string | number | bigint)[]): number {
  const at = a.findIndex((value, index) => value !== b[index])
  if (at < 0) return 0
  return (a[at] ?? 0) < (b[at] ?? 0) ? -1 : 1
}
