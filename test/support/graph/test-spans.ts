import fc from 'fast-check'
import type { StringTable } from '../../../src/graph/columns/string-table.ts'
import { namingAttributes } from '../../../src/graph/spans/peer-attributes.ts'
import { PeerNaming } from '../../../src/graph/spans/peer-naming.ts'
import { SpanKind, SpanStatus, SpanTable } from '../../../src/graph/spans/span-table.ts'

/** A span as tests write it down. Ids are small numbers; ids beyond 2^32 use both words. */
export interface TestSpan {
  id: number
  /** Absent: a root. */
  parent?: number | undefined
  /** Absent: no `service.name`. */
  service?: string | undefined
  name: string
  kind?: keyof typeof SpanKind | undefined
  status?: keyof typeof SpanStatus | undefined
  startMs?: number | undefined
  /** 10 where left out. */
  durationMs?: number | undefined
  /** In place of `durationMs`, where every ns counts. */
  durationNs?: number | undefined
  /** The sender's clock ran backwards; the duration is 0. */
  skewed?: boolean | undefined
  /** Value of the selected tag. */
  tag?: string | undefined
  /** Value of the grouping attribute. */
  group?: string | undefined
  /** Attributes that name the peer. */
  peer?: Record<string, string> | undefined
  /** The sender's own address, which is read of servers. */
  instance?: string | undefined
  /** Trace id and span id of a link. */
  link?: [number, number] | undefined
  /** The same of more links. */
  links?: [number, number][] | undefined
  /** How many calls each call of the span stands for; 1 where left out. */
  adjustedCount?: number | undefined
  /** The span is a summary of calls of these durations, ns. */
  summaryOf?: number[] | undefined
}

const word = 2 ** 32

/** Fills a table with the spans of one trace, in the order given. */
export function spanTable(strings: StringTable, traceId: number, spans: TestSpan[]): SpanTable {
  const table = new SpanTable(strings)
  table.traceId.set([0, 0, Math.floor(traceId / word), traceId % word])
  for (const span of spans) {
    const row = table.addRow()
    table.spanIdHi[row] = Math.floor(span.id / word)
    table.spanIdLo[row] = span.id % word
    table.parentIdHi[row] = Math.floor((span.parent ?? 0) / word)
    table.parentIdLo[row] = (span.parent ?? 0) % word
    const startNs = startNsOf(span)
    table.startHi[row] = Number(startNs / BigInt(word))
    table.startLo[row] = Number(startNs % BigInt(word))
    table.durationNs[row] = durationNsOf(span)
    table.kind[row] = SpanKind[span.kind ?? 'internal']
    table.status[row] = SpanStatus[span.status ?? 'unset']
    table.skewed[row] = span.skewed ? 1 : 0
    table.name[row] = strings.internText(span.name)
    table.service[row] = strings.internText(span.service ?? '')
    table.tagValue[row] = strings.internText(span.tag ?? '')
    if (span.group !== undefined) table.enableGroups()[row] = strings.internText(span.group)
    addWeight(table, row, span)
    if (span.peer || span.instance || span.link || span.links) addPeer(table, row, span)
  }
  return table
}

function addWeight(table: SpanTable, row: number, { adjustedCount, summaryOf }: TestSpan): void {
  if (adjustedCount) table.enableWeights().setAdjustedCount(row, adjustedCount)
  if (!summaryOf) return
  const totalNs = summaryOf.reduce((sum, ns) => sum + ns, 0)
  const durations = summaryOf.map((ns): [number, number] => [ns, 1])
  table.enableWeights().setSummary(row, summaryOf.length, totalNs, durations)
}

function addPeer(table: SpanTable, row: number, { peer = {}, instance, link, links = [] }: TestSpan): void {
  const { strings } = table
  const peers = table.enablePeers()
  const naming = new PeerNaming(strings)
  naming.start()
  for (const [attribute, value] of Object.entries(peer)) {
    naming.addAttribute(namingAttributes.indexOf(attribute), strings.internText(value))
  }
  naming.resolve(table.kind[row] ?? 0)
  peers.setPeer(row, naming)
  if (table.kind[row] === SpanKind.server) peers.instance[row] = strings.internText(instance ?? '')
  for (const [traceId, spanId] of link ? [link, ...links] : links) {
    peers.addLink(row, Uint32Array.of(0, 0, 0, traceId, 0, spanId))
  }
}

export const startNsOf = (span: TestSpan) => BigInt(Math.round((span.startMs ?? 0) * 1e6))

export function durationNsOf(span: TestSpan): number {
  if (span.skewed) return 0
  return span.durationNs ?? Math.round((span.durationMs ?? 10) * 1e6)
}

const maybe = <T>(value: fc.Arbitrary<T>) => fc.option(value, { nil: undefined, freq: 4 })

const durationNs = fc.oneof(
  fc.constantFrom(0, 1, 40e6, 40e6 + 1, 2 ** 52 - 1, 2 ** 52, 2 ** 53 + 2, 2 ** 64 - 2048, 2 ** 64),
  fc.integer({ min: 0, max: 100e6 }),
  fc.bigInt({ min: 0n, max: 2n ** 64n }).map(Number),
)

function spanOf(id: fc.Arbitrary<number>, parent: fc.Arbitrary<number>): fc.Arbitrary<TestSpan> {
  return fc.record({
    id,
    parent: maybe(parent),
    service: maybe(fc.constantFrom('shop', 'cart', 'pay')),
    name: fc.constantFrom('get', 'put', ''),
    kind: fc.constantFrom('unspecified', 'internal', 'server', 'client', 'producer', 'consumer'),
    status: fc.constantFrom('unset', 'ok', 'error'),
    startMs: fc.constantFrom(0, 1, 2, 1.7e12),
    durationNs,
    skewed: fc.boolean(),
    tag: maybe(fc.constantFrom('shop', 'blue', 'green', 'hidden')),
  })
}

/** Some spans are sent again: as they were, or with one field changed. */
function withRepetitions(spans: TestSpan[]): fc.Arbitrary<TestSpan[]> {
  if (spans.length === 0) return fc.constant([])
  const change = fc.constantFrom<Partial<TestSpan>>(
    {},
    { durationNs: 7 },
    { status: 'error' },
    { service: undefined },
    { service: 'other' },
    { name: 'other' },
    { parent: undefined },
    { tag: undefined },
    { skewed: true },
  )
  const repetition = fc.tuple(fc.nat(spans.length - 1), change).map(([row, changed]) => ({
    ...(spans[row] as TestSpan),
    ...changed,
  }))
  return fc.array(repetition, { maxLength: 4 }).map((more) => [...spans, ...more])
}

/** Every span has an id of its own. Parents may be missing, come later, or lead in circles. */
export const arbitraryPlainTrace: fc.Arbitrary<TestSpan[]> = fc
  .uniqueArray(spanOf(fc.integer({ min: 1, max: 15 }), fc.integer({ min: 1, max: 15 })), {
    maxLength: 15,
    selector: (span) => span.id,
  })
  .chain((spans) => fc.shuffledSubarray(spans, { minLength: spans.length }))

/**
 * Any trace. Ids are shared between kinds, spans repeat, parents are missing, spans are in cycles or their own parent.
 * There are several roots, spans without a service, and durations up to 2^64 ns.
 */
export const arbitraryTrace: fc.Arbitrary<TestSpan[]> = fc
  .array(
    spanOf(
      fc.integer({ min: 1, max: 5 }),
      fc.oneof(fc.integer({ min: 1, max: 5 }), fc.constantFrom(9, 2 ** 40)),
    ),
    { maxLength: 12 },
  )
  .chain(withRepetitions)

export const arbitraryTraces: fc.Arbitrary<TestSpan[][]> = fc.array(arbitraryTrace, { maxLength: 6 })

/** The same where some spans were sampled, or are summaries of others. */
export const weighted = (
  traces: fc.Arbitrary<TestSpan[][]>,
  heaviest = 2 ** 56,
): fc.Arbitrary<TestSpan[][]> => {
  const weight = fc.record({
    adjustedCount: maybe(fc.constantFrom(1, 2, 10 / 3, 1e6 / 7, heaviest)),
    summaryOf: maybe(fc.array(fc.integer({ min: 0, max: 100e6 }), { minLength: 2, maxLength: 4 })),
  })
  return traces.chain((all) =>
    fc.tuple(...all.map((spans) => fc.tuple(...spans.map((span) => weight.map((w) => ({ ...span, ...w })))))),
  )
}

export const arbitraryWeightedTraces: fc.Arbitrary<TestSpan[][]> = weighted(arbitraryTraces)

/** Small times, so that spans touch, tie, nest and overlap; any kind; ids in no order. */
export const arbitraryTightTrace: fc.Arbitrary<TestSpan[]> = fc
  .array(
    fc.record({
      parent: fc.nat(30),
      startNs: fc.integer({ min: 0, max: 20 }),
      durationNs: fc.integer({ min: 0, max: 12 }),
      service: maybe(fc.constantFrom('shop', 'cart', 'pay')),
      kind: fc.constantFrom('internal', 'client', 'server', 'producer', 'consumer'),
    }),
    { maxLength: 30 },
  )
  .chain((spans) =>
    fc.shuffledSubarray(
      spans.map(
        ({ parent, startNs, durationNs, ...span }, index): TestSpan => ({
          id: index === 0 ? 1 : ((index * 7) % 31) + 2,
          parent: index === 0 ? undefined : parent % index === 0 ? 1 : (((parent % index) * 7) % 31) + 2,
          ...span,
          name: 'op',
          startMs: (index === 0 ? 5 : startNs) / 1e6,
          durationNs: index === 0 ? 25 : durationNs,
        }),
      ),
      { minLength: spans.length },
    ),
  )
