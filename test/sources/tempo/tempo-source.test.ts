import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { StringTable } from '../../../src/graph/columns/string-table.ts'
import type { SpanTable } from '../../../src/graph/spans/span-table.ts'
import { tagSelector } from '../../../src/sources/tag-selector.ts'
import { probeRecentCutoffSec } from '../../../src/sources/tempo/search/probes.ts'
import type { ReadLimits } from '../../../src/sources/trace-source.ts'
import { graphOf, newBuilder, newSource, readWindow } from '../../support/tempo/read-window.ts'
import { startRead } from '../../support/tempo/search-context.ts'
import {
  extentNs,
  type Fragment,
  fragmentOf,
  type Sketch,
  type StoredSpan,
} from '../../support/tempo/stored-trace.ts'
import { tooLarge } from '../../support/tempo/tempo-faults.ts'
import { type StandInOptions, startTempo, text } from '../../support/tempo/tempo-stand-in.ts'

/** Long ago, so that the cutoff is not probed. */
const epochMs = 1_700_000_000_000
const sec = 1000
const window = { fromMs: epochMs, toMs: epochMs + 600 * sec }

const whole = (traceId: number, sketches: Sketch[]) => fragmentOf(traceId, epochMs, sketches)
const simple = (traceId: number, atMs: number, ms = 20) =>
  whole(traceId, [
    { id: 1, name: 'GET /', service: 'front', atMs, ms },
    { id: 2, parent: 1, service: 'back', atMs: atMs + 5, ms: 10 },
  ])

/** The spans of each trace, from all its fragments. */
function united(fragments: Fragment[]): StoredSpan[][] {
  const traces = new Map<string, StoredSpan[]>()
  for (const fragment of fragments) {
    for (const span of fragment) traces.set(span.traceId, [...(traces.get(span.traceId) ?? []), span])
  }
  return [...traces.values()]
}

const startMs = (spans: StoredSpan[]) => Number(extentNs(spans).startNs / 1000n) / 1000

interface Case {
  fragments: Fragment[]
  /** `.*` or a pattern on the tag `color`. */
  filter: string
  maxResultLimit: number
  maxSpansPerSpanSet: number
  maxSpans: number
  concurrency: number
  metrics: boolean
  seconds: number
}

/** A trace is a tree with spans in up to four fragments, some of them minutes apart. */
const traceShape = fc.record({
  at: fc.oneof(fc.integer({ min: 0, max: 100 }), fc.constantFrom(-3, 1, 97, 103)),
  stretchMs: fc.constantFrom(1, 900, 8000, 55_000),
  roots: fc.boolean(),
  spans: fc.array(
    fc.record({
      share: fc.integer({ min: 0, max: 100 }),
      ms: fc.integer({ min: 0, max: 3000 }),
      parent: fc.nat(),
      service: fc.constantFrom('a', 'b', ''),
      fragment: fc.integer({ min: 0, max: 3 }),
      color: fc.option(fc.constantFrom('red', 'green'), { nil: undefined, freq: 3 }),
      status: fc.constantFrom(0, 2),
    }),
    { minLength: 1, maxLength: 12 },
  ),
})

type TraceShape = typeof traceShape extends fc.Arbitrary<infer T> ? T : never

function fragmentsOf(shape: TraceShape, index: number, seconds: number): Fragment[] {
  const atMs = shape.at * 10 * seconds
  const parts: Sketch[][] = [[], [], [], []]
  shape.spans.forEach(({ share, ms, parent, fragment, color, ...span }, at) => {
    parts[fragment]?.push({
      ...span,
      id: at + 1,
      parent: at === 0 || (shape.roots && parent % 3 === 0) ? undefined : (parent % at) + 1,
      name: `op${at % 3}`,
      // The root starts first, and no two fragments have the same duration.
      atMs: at === 0 ? atMs : atMs + (shape.stretchMs * share) / 100,
      ms: ms + at / 1000,
      attributes: color === undefined ? undefined : { color },
    })
  })
  return parts.filter((part) => part.length > 0).map((part) => whole(index + 1, part))
}

const cases: fc.Arbitrary<Case> = fc.constantFrom(20, 100, 600).chain((seconds) =>
  fc.record({
    seconds: fc.constant(seconds),
    fragments: fc.array(traceShape, { minLength: 1, maxLength: 25 }).map((shapes) => {
      const fragments = shapes.flatMap((shape, index) => fragmentsOf(shape, index, seconds))
      return fragments.sort((a, b) => ((a.length * 7919) % 13) - ((b.length * 7919) % 13))
    }),
    filter: fc.constantFrom('.*', 'red', '^(red|green)$', 'blue'),
    maxResultLimit: fc.constantFrom(3, 10, 262_144),
    maxSpansPerSpanSet: fc.constantFrom(1, 3, 100),
    maxSpans: fc.constantFrom(60, 1e9),
    concurrency: fc.constantFrom(1, 3),
    metrics: fc.boolean(),
  }),
)

/** Whether one second may hold more traces or spans than Tempo returns. */
const mayBeCut = (limits: Pick<Case, 'maxResultLimit' | 'maxSpans'>, fragments: Fragment[]) =>
  limits.maxResultLimit <= united(fragments).length || limits.maxSpans === 60

t.test('counts every trace that starts in the window once and whole, for every slicing', async (t) => {
  const tempo = await startTempo()
  t.teardown(() => tempo.close())
  await fc.assert(
    fc.asyncProperty(cases, async ({ fragments, filter, concurrency, seconds, ...limits }) => {
      const window = { fromMs: epochMs, toMs: epochMs + seconds * sec }
      Object.assign(tempo.options, limits, { fragments })
      const isService = filter === '.*'
      const tag = isService ? 'service.name' : 'span.color'
      const meant = united(fragments).filter((spans) => {
        const isMatch = ({ attributes }: StoredSpan) =>
          new RegExp(filter).test(String(attributes?.color ?? '-'))
        const at = startMs(spans)
        return at >= window.fromMs && at < window.toMs && (isService || spans.some(isMatch))
      })
      const { report, graph } = await readWindow({ url: tempo.url, window, tag, filter, concurrency })
      // One second may hold more than Tempo can answer; the report must say so.
      if (report.truncated) return mayBeCut(limits, fragments)
      const { traces, incomplete, spans } = report
      const expected = graphOf(meant, isService ? undefined : tag)
      deepStrictEqual(
        { traces, incomplete, spans },
        { traces: meant.length, incomplete: 0, spans: meant.flat().length },
      )
      deepStrictEqual(graph, expected)
      return true
    }),
    {
      numRuns: 100,
      interruptAfterTimeLimit: 20_000,
    },
  )
})

t.test('counts each span in the window in which it starts, for every slicing', async (t) => {
  const tempo = await startTempo()
  t.teardown(() => tempo.close())
  const isInside = ({ startNs }: StoredSpan, { fromMs, toMs }: { fromMs: number; toMs: number }) =>
    startNs >= BigInt(fromMs) * 1_000_000n && startNs < BigInt(toMs) * 1_000_000n
  await fc.assert(
    fc.asyncProperty(cases, async ({ fragments, filter, concurrency, seconds, ...limits }) => {
      // Many traces begin before the window and reach into it.
      const window = { fromMs: epochMs + 300 * seconds, toMs: epochMs + seconds * sec }
      Object.assign(tempo.options, limits, { fragments })
      const meant = united(fragments).filter((spans) => spans.some((span) => isInside(span, window)))
      const { report, graph } = await readWindow({ url: tempo.url, window, concurrency, countBy: 'span' })
      if (report.truncated) return mayBeCut(limits, fragments)
      deepStrictEqual(
        [report.traces, report.spans, report.incomplete, report.spansLeftOut],
        [meant.length, meant.flat().length, 0, 0],
      )
      const counted = meant.flat().filter((span) => isInside(span, window) && span.service)
      deepStrictEqual(graph.spans.counted, counted.length)
      deepStrictEqual(graph, graphOf(meant, undefined, window))
      return true
    }),
    { numRuns: 60, interruptAfterTimeLimit: 20_000 },
  )
})

t.test('complete traces need no look-up, also with leading zeros in their ids', async (t) => {
  const fragments = Array.from({ length: 300 }, (_, i) => simple(i + 1, 1000 + i * 1900))
  const tempo = await startTempo({ fragments })
  t.teardown(() => tempo.close())
  const fractions: number[] = []
  const onProgress = ({ fraction }: { fraction: number }) => fractions.push(fraction)
  const { report, graph } = await readWindow({ url: tempo.url, window, onProgress })
  t.match(report, { traces: 300, spans: 600, outsideWindow: 0, suspects: 0, repaired: 0, incomplete: 0 })
  t.match(report, { truncated: false, searched: window, warnings: [] })
  t.equal(report.slices, tempo.count('search'), 'one request for each slice')
  t.equal(report.requests, tempo.asked.length)
  t.equal(tempo.count('histogram'), 1)
  t.equal(tempo.asked.length, report.slices + 1, 'and no other')
  t.match(report.traceql, '{ } | by(trace:duration) | by(resource.service.name) | select(span:parentID, ')
  t.same(graph, graphOf(fragments))
  t.equal(fractions.at(-1), 1)
  t.same(fractions, fractions.slice().sort())
})

t.test('reads a trace of 150 spans of one service whole, though Tempo sends 100 of a spanset', async (t) => {
  const spans = Array.from({ length: 149 }, (_, i) => ({
    id: i + 2,
    parent: 1,
    atMs: 2000 + i,
    ms: 3 + i / 7,
  }))
  const big = whole(7, [{ id: 1, atMs: 1900, ms: 500 }, ...spans])
  const tempo = await startTempo({ fragments: [big, simple(8, 5000)] })
  t.teardown(() => tempo.close())
  const { report, graph } = await readWindow({ url: tempo.url, window })
  t.match(report, { traces: 2, spans: 152, suspects: 1, repaired: 1, incomplete: 0, warnings: [] })
  t.equal(tempo.count('ids'), 1)
  t.equal(tempo.count('lookup'), 0, 'a search that spreads the spans finds them all')
  t.same(graph, graphOf([big, simple(8, 5000)]))
})

t.test('fetches a trace by id if no search can spread its spans', async (t) => {
  const spans = Array.from({ length: 149 }, (_, i) => ({ id: i + 2, parent: 1, atMs: 2000 + i, ms: 3 }))
  const big = whole(7, [{ id: 1, atMs: 1900, ms: 500 }, ...spans])
  const tempo = await startTempo({ fragments: [big] })
  t.teardown(() => tempo.close())
  const { report, graph } = await readWindow({ url: tempo.url, window })
  t.match(report, { traces: 1, spans: 150, suspects: 1, repaired: 1, incomplete: 0 })
  t.same([tempo.count('ids'), tempo.count('lookup')], [1, 1])
  t.same(graph, graphOf([big]))
  const none = await readWindow({ url: tempo.url, window, maxLookups: 0 })
  t.match(
    none.report,
    { traces: 1, spans: 101, incomplete: 1 },
    'as much as may be had: 1 root and 100 of 149',
  )
  t.match(none.report.warnings, ['1 traces lack spans that could not be read.'])
})

t.test('spreads spans over more spansets after many traces were cut', async (t) => {
  const fragments = Array.from({ length: 200 }, (_, trace) =>
    whole(trace + 1, [
      { id: 1, atMs: trace * 3_000, ms: 900 },
      ...Array.from({ length: 120 }, (_, i) => ({
        id: i + 2,
        parent: 1,
        atMs: trace * 3_000 + i,
        ms: 3 + i / 7,
      })),
    ]),
  )
  const tempo = await startTempo({ fragments })
  t.teardown(() => tempo.close())
  const { report, graph } = await readWindow({ url: tempo.url, window, concurrency: 1 })
  t.match(report, { traces: 200, spans: 200 * 121, incomplete: 0, truncated: false })
  t.match(report.traceql, 'by(span:duration % 97)')
  t.ok(report.suspects < 200, `${report.suspects} of 200 were cut`)
  t.same(graph, graphOf(fragments))
})

t.test('splits slices with more traces than one search may answer', async (t) => {
  const fragments = Array.from({ length: 500 }, (_, i) => simple(i + 1, 100_000 + i * 20))
  const tempo = await startTempo({ fragments, maxResultLimit: 70 })
  t.teardown(() => tempo.close())
  const { report, graph } = await readWindow({ url: tempo.url, window })
  t.match(report, { traces: 500, truncated: false, incomplete: 0 })
  t.ok(tempo.count('search') > report.slices, 'some slices were split')
  t.same(graph, graphOf(fragments))
})

t.test('looks up a trace with a missing parent, and reports the orphan', async (t) => {
  const orphan = whole(5, [{ id: 2, parent: 0xfeed, atMs: 3000 }])
  const healed = whole(6, [{ id: 2, parent: 1, atMs: 4000 }])
  const far = whole(6, [{ id: 1, atMs: -900_000, ms: 1 }])
  const tempo = await startTempo({ fragments: [orphan, healed, far, simple(9, 9000)] })
  t.teardown(() => tempo.close())
  const { report, graph } = await readWindow({ url: tempo.url, window })
  t.match(report, { traces: 2, suspects: 2, repaired: 1, incomplete: 0, outsideWindow: 1 })
  t.same(graph, graphOf([orphan, simple(9, 9000)]), 'the repaired trace starts long before the window')
  t.equal(graph.spans.orphans, 1)
  t.equal(tempo.count('lookup'), 2)
})

t.test('stops looking up orphans after 50 look-ups without success', async (t) => {
  const fragments = Array.from({ length: 400 }, (_, i) =>
    whole(i + 1, [{ id: 2, parent: 1, atMs: 1000 + i * 100 }]),
  )
  const tempo = await startTempo({ fragments })
  t.teardown(() => tempo.close())
  const { report, graph } = await readWindow({ url: tempo.url, window })
  t.match(report, { traces: 400, suspects: 50, repaired: 0, incomplete: 0, truncated: false })
  t.equal(tempo.count('lookup'), 50)
  t.match(report.warnings, ['350 traces with a missing parent were not looked up again'])
  t.equal(graph.spans.orphans, 400)
})

t.test('looks up further orphans while one look-up in 50 finds more spans', async (t) => {
  const orphans = Array.from({ length: 200 }, (_, i) =>
    whole(i + 1, [{ id: 2, parent: 1, atMs: 1000 + i * 100 }]),
  )
  const roots = [1, 2].map((traceId) => whole(traceId, [{ id: 1, atMs: 3_600_000, ms: 5 }]))
  const tempo = await startTempo({ fragments: [...orphans, ...roots] })
  t.teardown(() => tempo.close())
  const { report } = await readWindow({ url: tempo.url, window })
  t.match(report, { traces: 200, repaired: 2 })
  t.equal(tempo.count('lookup'), 101, 'after 100 two were enough')
})

t.test('replaces a published trace when another slice has more of its spans', async (t) => {
  const late = whole(3, [{ id: 1, name: 'late', service: 'front', atMs: 595_000, ms: 30 }])
  const early = whole(3, [
    { id: 2, name: 'early', service: 'front', atMs: 2000, ms: 7 },
    { id: 3, parent: 2, service: 'back', atMs: 2001, ms: 6 },
  ])
  const tempo = await startTempo({ fragments: [early, late, simple(4, 300_000)], metrics: false })
  t.teardown(() => tempo.close())
  const { report, graph } = await readWindow({ url: tempo.url, window, concurrency: 1 })
  t.match(report, { traces: 2, spans: 5, suspects: 1, repaired: 1, incomplete: 0 })
  t.same(graph, graphOf([[...early, ...late], simple(4, 300_000)]))
})

t.test('resolves a conflict about a fragment at the edge of two slices', async (t) => {
  // A window of 16 s: slices of 1 s, the newest first, share their edges.
  const short = { fromMs: epochMs, toMs: epochMs + 16 * sec }
  const first = whole(3, [{ id: 1, service: 'front', atMs: 8000, ms: 0 }])
  const second = whole(3, [{ id: 2, parent: 1, service: 'back', atMs: 8000.5, ms: 0.01 }])
  const tempo = await startTempo({ fragments: [first, second], metrics: false })
  t.teardown(() => tempo.close())
  const { report, graph } = await readWindow({ url: tempo.url, window: short, padSec: 0, concurrency: 1 })
  t.match(report, { traces: 1, spans: 2, incomplete: 0 })
  t.same(graph, graphOf([[...first, ...second]]))
})

t.test('counts a trace in the window in which its earliest span starts', async (t) => {
  const edges = [
    simple(1, -1, 50_000),
    simple(2, 0),
    simple(3, 599_999, 50_000),
    simple(4, 600_000),
    simple(5, -30_000, 10),
  ]
  const tempo = await startTempo({ fragments: edges })
  t.teardown(() => tempo.close())
  const { report, graph } = await readWindow({ url: tempo.url, window })
  t.match(report, { traces: 2, outsideWindow: 3 })
  t.same(graph, graphOf([simple(2, 0), simple(3, 599_999, 50_000)]))
  const before = { fromMs: epochMs - 600 * sec, toMs: epochMs }
  const after = { fromMs: epochMs + 600 * sec, toMs: epochMs + 1200 * sec }
  t.match((await readWindow({ url: tempo.url, window: before })).report, { traces: 2 })
  t.match((await readWindow({ url: tempo.url, window: after })).report, { traces: 1 })
})

t.test('finds fragments beyond the edge of the window by padding', async (t) => {
  const inside = whole(1, [{ id: 2, parent: 1, service: 'back', atMs: 5000 }])
  const before = whole(1, [{ id: 1, service: 'front', atMs: -20_000, ms: 3 }])
  const begins = whole(2, [{ id: 1, service: 'front', atMs: 590_000, ms: 3 }])
  const ends = whole(2, [{ id: 2, service: 'back', atMs: 630_000 }])
  const tempo = await startTempo({ fragments: [inside, before, begins, ends] })
  t.teardown(() => tempo.close())
  const { report, graph } = await readWindow({ url: tempo.url, window })
  t.match(report, { traces: 1, spans: 2, outsideWindow: 1, incomplete: 0 })
  t.equal(tempo.count('lookup'), 0)
  t.same(graph, graphOf([[...begins, ...ends]]))
})

t.test('reads exactly the newest traces up to the limit, and reports that', async (t) => {
  const fragments = Array.from({ length: 300 }, (_, i) => simple(i + 1, i * 2000))
  const tempo = await startTempo({ fragments, metrics: false })
  t.teardown(() => tempo.close())
  for (const concurrency of [1, 3]) {
    const { report, graph } = await readWindow({
      url: tempo.url,
      window,
      limit: 10,
      padSec: 0,
      concurrency,
    })
    t.match(report, { traces: 10, spans: 20, truncated: true, incomplete: 0 })
    t.same(report.warnings, ['More than 10 traces (limit) in the window: the oldest part was not read.'])
    t.equal(graph.spans.traces, 10)
    t.ok(report.searched.fromMs > window.fromMs && report.searched.fromMs < report.searched.toMs)
    t.equal(report.searched.toMs, window.toMs)
    if (concurrency > 1) continue
    // 18.75 s wide slices: the first holds the traces from 582 s on, nine of them.
    t.ok(report.searched.fromMs >= epochMs + 500 * sec, 'the oldest part was not read')
  }
  const all = await readWindow({ url: tempo.url, window, limit: 300 })
  t.match(all.report, { traces: 300, truncated: false, warnings: [], searched: window })
})

t.test('reads the newest traces within max_spans and max_bytes, and reports that', async (t) => {
  const fragments = Array.from({ length: 300 }, (_, i) => simple(i + 1, i * 2000))
  const tempo = await startTempo({ fragments, metrics: false })
  t.teardown(() => tempo.close())
  const read = (limits: ReadLimits) =>
    readWindow({ url: tempo.url, window, padSec: 0, concurrency: 1, limits })
  const all = await read({ maxSpans: 600, maxBytes: 1e9 })
  t.match(all.report, { traces: 300, truncated: false, warnings: [], searched: window })
  const { bytes, requests } = all.report
  for (const [limits, said] of [
    [{ maxSpans: 100, maxBytes: 1e9 }, 'More than 100 spans (build.max_spans)'],
    [{ maxSpans: 1e9, maxBytes: 1000 }, 'More than 1000 bytes (build.max_bytes)'],
  ] as const) {
    const { report, graph } = await read(limits)
    t.same(report.warnings, [`${said} in the window: the oldest part was not read.`])
    t.match(report, { truncated: true, incomplete: 0 })
    t.ok(report.traces > 0 && report.traces < 300, `${report.traces} of 300 traces`)
    t.ok(report.bytes < bytes && report.requests < requests, 'Tempo was not asked for the rest')
    t.equal(graph.spans.traces, report.traces)
    t.ok(report.searched.fromMs > window.fromMs, 'the rates go by what was read')
  }
  t.equal(
    (await read({ maxSpans: 599, maxBytes: 1e9 })).report.truncated,
    false,
    'nothing was left to leave out',
  )

  tempo.options.unknown = ['select(']
  const plain = await read({ maxSpans: 100, maxBytes: 1e9 })
  t.match(plain.report, { truncated: true, warnings: [/refuses bulk/, /build\.max_spans/] })
  t.ok(plain.report.spans > 100 && plain.report.spans < 600)
})

t.test('looks nothing up after a limit of a read, and counts pending traces as incomplete', async (t) => {
  const red = { attributes: { color: 'dark red' } }
  const fragments = Array.from({ length: 20 }, (_, i) => [
    whole(i + 1, [{ id: 1, service: 'front', atMs: i * 20_000, ...red }]),
    whole(i + 1, [{ id: 2, parent: 1, service: 'back', atMs: i * 20_000 + 1 }]),
  ]).flat()
  const tempo = await startTempo({ fragments, metrics: false })
  t.teardown(() => tempo.close())
  const asked = { url: tempo.url, window, padSec: 0, concurrency: 1, tag: 'span.color', filter: 'red' }
  const all = await readWindow({ ...asked, limits: { maxSpans: 1000, maxBytes: 1e9 } })
  t.match(all.report, { traces: 20, spans: 40, repaired: 20, incomplete: 0, truncated: false })
  const before = tempo.asked.length
  const { report, graph } = await readWindow({ ...asked, limits: { maxSpans: 1000, maxBytes: 100 } })
  const kinds = new Set(tempo.asked.slice(before).map(({ kind }) => kind))
  for (const kind of ['ids', 'count', 'lookup'] as const) t.notOk(kinds.has(kind), kind)
  t.match(report, { truncated: true, repaired: 0 })
  t.ok(report.traces > 0 && report.traces < 20)
  t.equal(report.incomplete, report.traces)
  t.equal(graph.spans.traces, report.traces)
  t.match(report.warnings, [/build\.max_bytes/, /traces may lack spans: a limit of the build was exceeded/])
})

t.test('a filter selects whole traces, even if only one of their fragments matches', async (t) => {
  const red = { attributes: { color: 'dark red' } }
  const matching = whole(1, [{ id: 1, service: 'front', atMs: 1000, ms: 9, ...red }])
  const silent = whole(1, [{ id: 2, parent: 1, service: 'back', atMs: 45_000 }])
  const other = whole(2, [{ id: 1, service: 'front', atMs: 2000, attributes: { color: 'blue' } }])
  const tempo = await startTempo({ fragments: [matching, silent, other], dedicated: ['color'] })
  t.teardown(() => tempo.close())
  const { report, graph } = await readWindow({ url: tempo.url, window, tag: 'span.color', filter: 'red' })
  t.match(report, { traces: 1, spans: 2, incomplete: 0 })
  t.match(report.traceql, '({ span.color =~ ".*(?:red).*" } && { }) | by(trace:duration)')
  t.same(graph, graphOf([[...matching, ...silent]], 'span.color'), 'nil means a missing value')
  const both = await readWindow({ url: tempo.url, window, tag: 'color', query: 'span.color = "blue"' })
  t.match(both.report, { traces: 1, spans: 1 })
  t.match(both.report.traceql, '(({ .color != nil } && ({ span.color = "blue" })) && { })')
})

t.test('verifies many matching traces with one count of spans', async (t) => {
  const fragments = Array.from({ length: 400 }, (_, i) =>
    whole(i + 1, [
      { id: 1, atMs: 1000 + i * 1400, ms: 20 },
      { id: 2, parent: 1, service: 'cart', atMs: 1001 + i * 1400, ms: 10 + i / 1000 },
    ]),
  )
  fragments.push(whole(1, [{ id: 3, parent: 1, service: 'late', atMs: 30_000, ms: 5 }]))
  const tempo = await startTempo({ fragments })
  t.teardown(() => tempo.close())
  const { report, graph } = await readWindow({ url: tempo.url, window, filter: 'cart' })
  t.match(report, { traces: 400, spans: 801, incomplete: 0, truncated: false })
  t.equal(tempo.count('count'), 1)
  t.equal(tempo.count('lookup'), 0)
  t.same(graph, graphOf(united(fragments)))
})

t.test('splits the count of spans if one answer cannot hold it', async (t) => {
  const fragments = Array.from({ length: 400 }, (_, i) =>
    whole(i + 1, [
      { id: 1, atMs: 1500 + i * 1400, ms: 20 },
      { id: 2, parent: 1, service: 'cart', atMs: 1501 + i * 1400, ms: 10 + i / 1000 },
    ]),
  )
  const wider = (sec: number, fault: ReturnType<typeof text>): Partial<StandInOptions> => ({
    fault: ({ kind, params }) =>
      kind === 'count' && Number(params.get('end')) - Number(params.get('start')) > sec ? fault : undefined,
  })
  // The window with its padding is 720 s long: one half of it 360 s, a quarter 180 s.
  // Shorter slices also complete some traces before 300 of them have matched, so without the count.
  for (const [options, counts, suspects] of [
    [wider(200, tooLarge), 7, 0],
    [wider(200, text(500, 'context deadline exceeded')), 7, 0],
    [{ maxDuration: { sec: 90, text: '1m30s' } }, 8, 200],
  ] as const) {
    const tempo = await startTempo({ fragments, ...options })
    const { report, graph } = await readWindow({ url: tempo.url, window, filter: 'cart' })
    t.match(report, { traces: 400, spans: 800, incomplete: 0, truncated: false })
    t.equal(tempo.count('count'), counts)
    t.ok(report.suspects <= suspects, `${report.suspects} looked up`)
    t.same(graph, graphOf(fragments))
    await tempo.close()
  }

  const crowded = await startTempo({ fragments, ...wider(0, tooLarge) })
  t.teardown(() => crowded.close())
  const looked = await readWindow({ url: crowded.url, window, filter: 'cart' })
  t.match(looked.report, { traces: 400, suspects: 400, incomplete: 0 }, 'no count: every trace is looked up')
  t.ok(crowded.count('count') < 20, 'the first second that is too large ends the count')

  crowded.options.fault = wider(0, text(401, 'no org id')).fault as StandInOptions['fault']
  await t.rejects(readWindow({ url: crowded.url, window, filter: 'cart' }), {
    code: 'TTA_TEMPO_UNAUTHORIZED',
  })
})

t.test('a look-up in parts is whole only if each part is', async (t) => {
  const maxDuration = { sec: 90, text: '1m30s' }
  const early = whole(7, [
    { id: 1, atMs: 1000, ms: 5 },
    ...Array.from({ length: 19 }, (_, i) => ({ id: i + 2, parent: 1, atMs: 1000 + i, ms: 3 + i / 7 })),
  ])
  // Tempo sends 100 of these: with the 20 before, more than the 110 that it says this service has.
  const late = whole(
    7,
    Array.from({ length: 110 }, (_, i) => ({ id: i + 100, parent: 1, atMs: 500_000 + i, ms: 3 })),
  )
  const tempo = await startTempo({ fragments: [early, late], maxDuration })
  t.teardown(() => tempo.close())
  const { report, graph } = await readWindow({ url: tempo.url, window })
  t.match(report, { traces: 1, spans: 130, repaired: 1, incomplete: 0 }, 'a part was cut')
  t.equal(tempo.count('lookup'), 1)
  t.same(graph, graphOf([[...early, ...late]]))

  const matching = whole(8, [{ id: 1, service: 'cart', atMs: 1000, ms: 9 }])
  // Two fragments of equal duration and number of spans: Tempo sends only one of them, and counts both services.
  const twins = ['one', 'two'].map((service, at) =>
    whole(8, [
      { id: 10 + at, parent: 1, service, atMs: 500_000, ms: 20 },
      { id: 20 + at, parent: 1, service, atMs: 500_000, ms: 20 },
    ]),
  )
  tempo.options.fragments = [matching, ...twins]
  const filtered = await readWindow({ url: tempo.url, window, filter: 'cart' })
  t.match(filtered.report, { traces: 1, spans: 5, incomplete: 0 }, 'a part has fewer spans than Tempo counts')
  t.same(filtered.graph, graphOf([[...matching, ...twins.flat()]]))
})

t.test('reads and repairs a window that is longer than this Tempo allows', async (t) => {
  const maxDuration = { sec: 90, text: '1m30s' }
  const matching = whole(1, [{ id: 1, service: 'cart', atMs: 1000, ms: 9 }])
  const silent = whole(1, [{ id: 2, parent: 1, service: 'back', atMs: 500_000 }])
  const fragments = [matching, silent, simple(2, 1000), simple(3, 300_000), simple(4, 590_000)]
  const tempo = await startTempo({ fragments, maxDuration })
  t.teardown(() => tempo.close())
  const all = await readWindow({ url: tempo.url, window })
  t.match(all.report, { traces: 4, incomplete: 0, truncated: false })
  t.same(all.report.warnings, [])
  t.same(all.graph, graphOf(united(fragments)))
  const filtered = await readWindow({ url: tempo.url, window, filter: 'cart' })
  t.match(filtered.report, { traces: 1, spans: 2, incomplete: 0 })
  t.same(filtered.report.warnings, [])
  t.equal(tempo.count('lookup'), 0)
  const week = { fromMs: epochMs - 168 * 3600 * sec, toMs: epochMs }
  tempo.options.maxDuration = { sec: 168 * 3600, text: '168h0m0s' }
  tempo.options.fragments = [whole(1, [{ id: 1, service: 'cart', atMs: -3600_000 }])]
  const longest = await readWindow({ url: tempo.url, window: week, filter: 'cart' })
  t.match(longest.report, { traces: 1, incomplete: 0 }, 'with its padding it is over 168 h')
  t.same(longest.report.warnings, [])
})

t.test('searches at most 24 h at once', async (t) => {
  const days = { fromMs: epochMs - 72 * 3600 * sec, toMs: epochMs }
  const tempo = await startTempo({ fragments: [simple(1, -3600 * sec), simple(2, -60 * 3600 * sec)] })
  t.teardown(() => tempo.close())
  const options = { url: tempo.url, window: days, padSec: 0, expectedSpansPerSec: 0 }
  t.match((await readWindow(options)).report, { traces: 2, slices: 3 })
  const hours = ({ params }: (typeof tempo.asked)[0]) =>
    (Number(params.get('end')) - Number(params.get('start'))) / 3600
  t.same(tempo.asked.map(hours), [24, 24, 24])
})

t.test('searches at most a second beyond now', async (t) => {
  const tempo = await startTempo({ fragments: [] })
  t.teardown(() => tempo.close())
  const nowMs = Date.now()
  await readWindow({ url: tempo.url, window: { fromMs: nowMs - 60 * sec, toMs: nowMs + 3600 * sec } })
  const ends = tempo.asked.map(({ params }) => Number(params.get('end')))
  t.ok(Math.max(...ends) <= Math.ceil(Date.now() / 1000) + 1)
})

t.test('counts nothing twice or from another time while Tempo 3 hides its newest 30 s', async (t) => {
  const nowMs = Date.now()
  const at = (traceId: number, ageSec: number) =>
    fragmentOf(traceId, nowMs - ageSec * sec, [
      { id: 1, service: 'front', atMs: 0, ms: 20 },
      { id: 2, parent: 1, service: 'back', atMs: 5 },
    ])
  const fragments = [5, 20, 40, 100, 200, 500, 800].map((ageSec, i) => at(i + 1, ageSec))
  const tempo = await startTempo({ fragments, cutoffSec: 30 })
  t.teardown(() => tempo.close())
  const recent = { fromMs: nowMs - 300 * sec, toMs: nowMs }
  const { report, graph } = await readWindow({ url: tempo.url, window: recent })
  t.same(graph, graphOf(fragments.slice(2, 5)))
  t.match(report, { traces: 3, truncated: false, incomplete: 0 })
  t.ok(Math.abs(report.searched.toMs - (nowMs - 30 * sec)) <= 2 * sec, 'the window ends where Tempo stops')
  t.same(report.warnings, ['Tempo does not search the newest 30 s yet: the window ends before them.'])
  tempo.options.cutoffSec = 0
  const visible = await readWindow({ url: tempo.url, window: recent })
  t.match(visible.report, { traces: 5, warnings: [], searched: recent })
  tempo.options.cutoffSec = 30
  const hidden = { fromMs: nowMs - 10 * sec, toMs: nowMs }
  await t.rejects(
    readWindow({ url: tempo.url, window: hidden }),
    { code: 'TTA_BAD_REQUEST', errors: [{ field: 'from' }] },
    'a window that is not searched yet is not empty',
  )
})

t.test(
  'ignores traces of another time that Tempo 3 answers if all data is newer than its cutoff',
  async (t) => {
    const nowMs = Date.now()
    const fragments = [fragmentOf(1, nowMs - 5 * sec, [{ id: 1, atMs: 0 }])]
    const tempo = await startTempo({ fragments, cutoffSec: 30 })
    t.teardown(() => tempo.close())
    const window = { fromMs: nowMs - 3600 * sec, toMs: nowMs }
    t.match((await readWindow({ url: tempo.url, window })).report, { traces: 0, incomplete: 0 })
    const old = fragmentOf(2, nowMs - 600 * sec, [{ id: 1, atMs: 0 }])
    tempo.options.fragments = [...fragments, old]
    const last = { fromMs: nowMs - 60 * sec, toMs: nowMs }
    t.match((await readWindow({ url: tempo.url, window: last })).report, { traces: 0, outsideWindow: 0 })
  },
)

t.test('sends one request for an expected number of spans, and is right if that is wrong', async (t) => {
  const fragments = Array.from({ length: 300 }, (_, i) => simple(i + 1, 100_000 + i * 500))
  const tempo = await startTempo({ fragments })
  t.teardown(() => tempo.close())
  const unknown = await readWindow({ url: tempo.url, window })
  const spansPerSec = (unknown.report.spans * sec) / (window.toMs - window.fromMs)
  for (const expectedSpansPerSec of [spansPerSec, 0, spansPerSec * 1000]) {
    const asked = tempo.asked.length
    const { report, graph } = await readWindow({ url: tempo.url, window, expectedSpansPerSec })
    t.same(graph, unknown.graph, `expected ${expectedSpansPerSec}`)
    t.equal(report.requests, tempo.asked.length - asked)
    if (expectedSpansPerSec <= spansPerSec) t.equal(report.requests, 1)
  }
})

t.test('probes the cutoff of Tempo once', async (t) => {
  const nowMs = Date.now()
  const fragments = Array.from({ length: 60 }, (_, i) =>
    fragmentOf(i + 1, nowMs - (i + 1) * sec, [{ id: 1, service: 'front', atMs: 0, ms: 20 }]),
  )
  const tempo = await startTempo({ fragments, cutoffSec: 30 })
  t.teardown(() => tempo.close())
  const source = newSource({ url: tempo.url })
  t.teardown(() => source.close())
  const query = {
    selector: tagSelector('service.name', '.*'),
    window: { fromMs: nowMs - 50 * sec, toMs: nowMs },
    limit: 1e6,
  }
  const read = () => source.read(query, newBuilder(), { signal: new AbortController().signal })
  const [first, second] = [await read(), await read()]
  t.match(second.warnings, ['Tempo does not search the newest 30 s yet: the window ends before them.'])
  t.same(second.warnings, first.warnings)
  t.equal(second.requests, first.requests - 2, 'two searches were the probe')
})

t.test('takes a trace within a second of the probed time for one of that time', async (t) => {
  const nowMs = 1_700_000_000_000
  for (const [ageMs, cutoffSec] of [
    [3000, 0],
    [3001, 300],
  ] as const) {
    const { context } = await startRead(t, {
      fragments: [fragmentOf(1, nowMs - ageMs, [{ id: 1, atMs: 0, ms: 0 }])],
      // Whatever is requested, the last 15 minutes are searched, as Tempo 3 does.
      fault: ({ params }, answer) => {
        params.set('start', `${nowMs / sec - 900}`)
        params.set('end', `${nowMs / sec}`)
        return answer()
      },
    })
    t.equal(await probeRecentCutoffSec(context, new StringTable(), nowMs), cutoffSec, `${ageMs} ms ago`)
  }
})

t.test('probes the cutoff of Tempo again after ten minutes', async (t) => {
  const firstMs = Date.now()
  let nowMs = firstMs
  const at = (ageSec: number) =>
    fragmentOf(1 + ageSec, nowMs - ageSec * sec, [{ id: 1, service: 'front', atMs: 0, ms: 20 }])
  const tempo = await startTempo({ cutoffSec: 30, now: () => nowMs })
  t.teardown(() => tempo.close())
  const source = newSource({ url: tempo.url, now: () => nowMs })
  t.teardown(() => source.close())
  const selector = tagSelector('service.name', '.*')
  const readAfter = async (laterMs: number) => {
    nowMs = firstMs + laterMs
    tempo.options.fragments = [1, 2, 31, 32].map(at)
    const before = tempo.count('probe')
    const window = { fromMs: nowMs - 50 * sec, toMs: nowMs }
    const { signal } = new AbortController()
    const { traces } = await source.read({ selector, window, limit: 1e6 }, newBuilder(), { signal })
    return { traces, probes: tempo.count('probe') - before }
  }
  t.same(await readAfter(0), { traces: 2, probes: 2 })
  tempo.options.cutoffSec = 0
  t.same(await readAfter(599_000), { traces: 2, probes: 0 }, 'the known cutoff still counts')
  t.same(await readAfter(600_000), { traces: 4, probes: 1 }, 'then the new one')
})

t.test('does not remember a cutoff that no trace could show', async (t) => {
  const nowMs = Date.now()
  const tempo = await startTempo({ cutoffSec: 30, now: () => nowMs })
  t.teardown(() => tempo.close())
  const source = newSource({ url: tempo.url, now: () => nowMs })
  t.teardown(() => source.close())
  const window = { fromMs: nowMs - 50 * sec, toMs: nowMs }
  const query = { selector: tagSelector('service.name', '.*'), window, limit: 1e6 }
  const read = () => source.read(query, newBuilder(), { signal: new AbortController().signal })
  t.match(await read(), { traces: 0, warnings: [] })
  tempo.options.fragments = [1, 2, 31, 32].map((ageSec) =>
    fragmentOf(ageSec, nowMs - ageSec * sec, [{ id: 1, service: 'front', atMs: 0, ms: 20 }]),
  )
  t.match(await read(), { traces: 2, warnings: [/does not search the newest 30 s yet/] })
})

t.test('a probe of the cutoff that fails is an error, not an unknown cutoff', async (t) => {
  const nowMs = Date.now()
  const tempo = await startTempo({
    fault: ({ kind }) => (kind === 'probe' ? text(503, 'starting') : undefined),
  })
  t.teardown(() => tempo.close())
  const recent = { fromMs: nowMs - 50 * sec, toMs: nowMs }
  await t.rejects(readWindow({ url: tempo.url, window: recent }), { code: 'TTA_TEMPO_UNAVAILABLE' })
  t.equal(tempo.count('search'), 0)
})

t.test('a Tempo without bulk search: counts only traces that start in the window', async (t) => {
  const inside = [simple(2, 0), simple(3, 599_999, 50_000)]
  const outside = [simple(1, -1, 50_000), simple(4, 600_000), simple(5, -30_000, 10)]
  const tempo = await startTempo({ fragments: [...inside, ...outside], unknown: ['by('] })
  t.teardown(() => tempo.close())
  const { report, graph } = await readWindow({ url: tempo.url, window })
  t.match(report, { traces: 2, spans: 4, outsideWindow: 3, incomplete: 0 })
  t.same(graph, graphOf(inside))
})

t.test('a Tempo without bulk search: the consumer is called for traces that lack spans', async (t) => {
  const part = (traceId: number, atMs: number) => [
    whole(traceId, [{ id: 1, service: 'front', atMs, ms: 9 }]),
    whole(traceId, [{ id: 2, parent: 1, service: 'back', atMs: atMs + 1 }]),
  ]
  const fragments = [...part(1, 1000), ...part(2, -30_000)]
  const tempo = await startTempo({ fragments, unknown: ['by('], partial: true })
  t.teardown(() => tempo.close())
  const source = newSource({ url: tempo.url })
  t.teardown(() => source.close())
  const { strings } = newBuilder()
  const added: number[] = []
  const incomplete: number[] = []
  const consumer = {
    strings,
    add: (spans: SpanTable) => void added.push(spans.traceId[3] as number),
    remove: () => {},
    onIncomplete: (spans: SpanTable) => void incomplete.push(spans.traceId[3] as number),
  }
  const query = { selector: tagSelector('service.name', '.*'), window, limit: 1e6 }
  const report = await source.read(query, consumer, { signal: new AbortController().signal })
  t.same(added, [1])
  t.same(incomplete.sort(), [1, 2], 'also for one that is left out')
  t.match(report, { traces: 1, outsideWindow: 1, incomplete: 2 })
  t.match(report.incompleteTraceIds, [/0{31}1/, /0{31}2/])
})

t.test('a query narrows the selection of the tag, also with alternatives', async (t) => {
  const fragment = (traceId: number, service: string, color: string) =>
    whole(traceId, [{ id: 1, service, atMs: 1000, attributes: { color } }])
  const tempo = await startTempo({ fragments: [fragment(1, 'cart', 'red'), fragment(2, 'orders', 'blue')] })
  t.teardown(() => tempo.close())
  const services = async (filter: string, query: string) => {
    const { graph } = await readWindow({ url: tempo.url, window, filter, query })
    return graph.nodes.filter(({ role }) => role === 'operation').map(({ title }) => title)
  }
  const either = '{ span.color = "red" } || { span.color = "blue" }'
  t.same(await services('^cart$', either), ['cart'])
  t.same(await services('^nosuch$', either), [])
  t.same(await services('.*', either), ['cart', 'orders'])
  t.same(await services('.*', 'span.color = "blue"'), ['orders'])
})

t.test('refuses a query with a pipeline without a request to Tempo', async (t) => {
  const tempo = await startTempo({ fragments: [] })
  t.teardown(() => tempo.close())
  for (const query of ['{ status = error } | count() > 2', '{ .a = "}|" } | select(name)', '{} | by(name)']) {
    const errors = [{ field: 'query', value: query, message: /without a pipeline/ }]
    await t.rejects(readWindow({ url: tempo.url, window, query }), { code: 'TTA_BAD_REQUEST', errors })
  }
})

t.test('merges two traces if a service cut the trace id to 64 bits', async (t) => {
  const cut = '0000000000000000' + '48485a3953bb6124'
  const full = '463ac35c9f6413ad' + '48485a3953bb6124'
  const ends = [
    { id: 1, service: 'frontend', name: 'GET /', atMs: 1000, ms: 350, kind: 2 },
    { id: 2, parent: 1, service: 'frontend', name: 'GET', atMs: 1050, ms: 300, kind: 3 },
  ]
  const middle = [{ id: 3, parent: 2, service: 'backend', name: 'GET /', atMs: 1100, ms: 250, kind: 2 }]
  const named = (traceId: string, spans: Fragment) => spans.map((span) => ({ ...span, traceId }))
  const fragments = [named(full, whole(1, ends)), named(cut, whole(1, middle)), simple(9, 3000)]
  const tempo = await startTempo({ fragments })
  t.teardown(() => tempo.close())
  const { report, graph } = await readWindow({ url: tempo.url, window })
  const joined = [...named(full, whole(1, ends)), ...named(full, whole(1, middle))]
  t.same(graph, graphOf([joined, simple(9, 3000)]))
  t.match(report, { traces: 2, spans: joined.length + simple(9, 3000).length, warnings: [] })

  const bounded = await readWindow({ url: tempo.url, window, maxLookups: 0 })
  t.equal(bounded.report.traces, 3)
  t.match(bounded.report.warnings, [/1 traces? stays? in two parts/])
})

t.test('does not merge a trace that Tempo cut with the part whose id was cut', async (t) => {
  const short = '0000000000000000' + '48485a3953bb6124'
  const full = '463ac35c9f6413ad' + '48485a3953bb6124'
  const named = (traceId: string, spans: Fragment) => spans.map((span) => ({ ...span, traceId }))
  const children = Array.from({ length: 149 }, (_, i) => ({ id: i + 10, parent: 1, atMs: 2000 + i, ms: 3 }))
  const fragments = [
    named(full, whole(1, [{ id: 1, atMs: 1900, ms: 500 }, ...children])),
    named(short, whole(1, [{ id: 2, parent: 1, service: 'backend', atMs: 2000, ms: 250 }])),
  ]
  const tempo = await startTempo({
    fragments,
    fault: ({ kind }) => (kind === 'lookup' ? text(422, 'trace exceeds max size') : undefined),
  })
  t.teardown(() => tempo.close())
  const { report } = await readWindow({ url: tempo.url, window })
  t.match(report, { traces: 2, spans: 102, incomplete: 1 })
  t.match(report.warnings, [/^1 traces lack spans/, /^1 traces stay in two parts/])
})

t.test('reads at any length of the query, though Tempo loses what follows a cut attribute', async (t) => {
  const red = { attributes: { color: 'red' } }
  const tempo = await startTempo({ fragments: [whole(1, [{ id: 1, service: 'front', atMs: 1000, ...red }])] })
  t.teardown(tempo.close)
  const unread = []
  for (let length = 0; length < 128; length += 3) {
    const filter = `red|${'x'.repeat(length)}`
    const { report } = await readWindow({ url: tempo.url, window, tag: 'span.color', filter, peers: true })
    if (report.traces !== 1 || report.warnings.length > 0) unread.push({ length, ...report })
  }
  t.same(unread, [])
})
