import { deepStrictEqual, ok } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { createAggregator } from '../../../src/builds/aggregation/aggregator.ts'
import { IncrementalReads } from '../../../src/builds/incremental/incremental-reads.ts'
import { StringTable } from '../../../src/graph/columns/string-table.ts'
import { GraphBuilder } from '../../../src/graph/graph-builder.ts'
import { defaultParameters } from '../../../src/model/parameters.ts'
import { createGraphStore } from '../../../src/sinks/graph-store.ts'
import { tagSelector } from '../../../src/sources/tag-selector.ts'
import { createTempoSource } from '../../../src/sources/tempo/tempo-source.ts'
import { graphOf } from '../../support/tempo/read-window.ts'
import {
  extentNs,
  type Fragment,
  fragmentOf,
  type Sketch,
  type StoredSpan,
} from '../../support/tempo/stored-trace.ts'
import { startTempo } from '../../support/tempo/tempo-stand-in.ts'

/** Long ago, so that no cutoff is probed for; on a whole minute. */
const epochMs = 1_700_000_040_000
const windowSec = 600
const lateSec = 60

/** A fragment that Tempo finds from `atMs` on, ms after the epoch. */
interface Arrival {
  fragment: Fragment
  atMs: number
}

/** A Tempo that receives fragments over time, and incremental reads of it. */
async function setUp(t: { teardown(end: () => unknown): unknown }) {
  const clock = { ms: 0 }
  const now = () => epochMs + clock.ms
  const tempo = await startTempo()
  const source = createTempoSource({
    url: tempo.url,
    headers: {},
    timeoutMs: 10_000,
    maxAnswerBytes: 64e6,
    concurrency: 2,
    padSec: 60,
    lateSec,
    maxLookups: 1000,
    retryDelayMs: 1,
  })
  t.teardown(async () => {
    await source.close()
    await tempo.close()
  })
  const begin = (readAllSec = 1e6) => new IncrementalReads({ source, now, lateSec, readAllSec })
  /** Reads the graph at a time. Returns it with the expected graph and the searched time. */
  const at = async (
    incremental: IncrementalReads,
    ms: number,
    arrivals: Arrival[],
    filter = '.*',
    limit = 1e6,
    lengthSec = windowSec,
  ) => {
    clock.ms = ms
    const window = { fromMs: now() - lengthSec * 1000, toMs: now() }
    tempo.options.fragments = arrivals.filter(({ atMs }) => atMs <= ms).map(({ fragment }) => fragment)
    const before = tempo.asked.length
    const { builder, report } = await incremental.read(
      {
        graph: 'micro',
        key: filter,
        query: { selector: tagSelector('service.name', filter), window, limit },
        newStrings: () => new StringTable(),
        newBuilder: (strings) => new GraphBuilder({ strings, slowThresholdMs: 40, isTagNode: () => true }),
      },
      { signal: new AbortController().signal },
    )
    const { fromMs, toMs } = report.searched
    deepStrictEqual(toMs - fromMs, lengthSec * 1000, 'the window has the length that was asked for')
    const shiftMs = window.toMs - toMs
    ok(shiftMs >= 0 && shiftMs <= 1000, `the window ends ${shiftMs} ms early`)
    const meant = united(tempo.options.fragments).filter((spans) => {
      const startMs = Number(extentNs(spans).startNs / 1_000_000n)
      return startMs >= fromMs && startMs < toMs
    })
    const startsOf = (spans: StoredSpan[]) => spans.map(({ startNs }) => Number(startNs / 1000n) / 1000)
    const insideOf = (starts: number[]) => starts.filter((ms) => ms >= fromMs && ms < toMs)
    const earlier = united(tempo.options.fragments)
      .map(startsOf)
      .filter((starts) => Math.min(...starts) < fromMs && insideOf(starts).length > 0)
    const leftOut = [earlier.length, earlier.flatMap(insideOf).length]
    const searchedSec = tempo.asked
      .slice(before)
      .filter(({ kind }) => kind === 'search')
      .map(({ params }) => Number(params.get('end')) - Number(params.get('start')))
      .reduce((sum, sec) => sum + sec, 0)
    return { graph: builder.finish(), expected: graphOf(meant), report, meant, leftOut, searchedSec }
  }
  return { begin, at, tempo, source, clock, now }
}

/** The spans of each trace, its fragments united. */
function united(fragments: Fragment[]): StoredSpan[][] {
  const traces = new Map<string, StoredSpan[]>()
  for (const fragment of fragments)
    for (const span of fragment) traces.set(span.traceId, [...(traces.get(span.traceId) ?? []), span])
  return [...traces.values()]
}

/** Each fragment arrives some time after the end of its last span. */
const arrive = (fragment: Fragment, lateMs = 0): Arrival => ({
  fragment,
  atMs: Number(extentNs(fragment).endNs / 1_000_000n) + lateMs - epochMs,
})

const simple = (id: number, atMs: number, ms = 20) =>
  fragmentOf(id, epochMs, [
    { id: 1, name: 'GET /', service: 'front', atMs, ms },
    { id: 2, parent: 1, service: 'back', name: `op${id % 3}`, atMs: atMs + ms / 4, ms: ms / 2 },
  ])

const traceShape = fc.record({
  atSec: fc.integer({ min: -2000, max: 1500 }),
  /** Duration of the trace: some start in one slice and end several slices later. */
  lastsMs: fc.constantFrom(5, 300, 20_000, 90_000, 400_000),
  service: fc.constantFrom('front', 'back', 'cron'),
  parts: fc.array(
    fc.record({ share: fc.integer({ min: 0, max: 100 }), lateMs: fc.nat(lateSec * 1000 - 1000) }),
    {
      minLength: 1,
      maxLength: 3,
    },
  ),
})

/**
 * Returns one fragment for each part, the root first. No two have the same duration, because Tempo shows only one of
 * those.
 */
function arrivalsOf(
  shape: typeof traceShape extends fc.Arbitrary<infer T> ? T : never,
  index: number,
): Arrival[] {
  return shape.parts.map(({ share, lateMs }, part) => {
    const at = shape.atSec * 1000 + index + (part === 0 ? 0 : (shape.lastsMs * share) / 100)
    const spans: Sketch[] =
      part === 0
        ? [{ id: 1, name: 'run', service: shape.service, atMs: at, ms: 4 + index / 1000 }]
        : [
            {
              id: part + 1,
              parent: 1,
              name: `step${part}`,
              service: 'back',
              atMs: at,
              ms: part + index / 1000,
            },
          ]
    return arrive(fragmentOf(index + 1, epochMs, spans), lateMs)
  })
}

t.test('gives the graph of a full read, in any order of arrivals and reads', async (t) => {
  const { begin, at } = await setUp(t)
  await fc.assert(
    fc.asyncProperty(
      fc.array(traceShape, { minLength: 1, maxLength: 40 }),
      fc.array(fc.oneof(fc.integer({ min: 1, max: 250 }), fc.constantFrom(60, 60.5, 120)), {
        minLength: 2,
        maxLength: 8,
      }),
      // The longer windows have enough slices for kept sums.
      fc.constantFrom(windowSec, 1900),
      async (shapes, pausesSec, lengthSec) => {
        const arrivals = shapes.flatMap(arrivalsOf)
        const incremental = begin()
        let ms = 0
        for (const pauseSec of pausesSec) {
          ms += pauseSec * 1000
          const { graph, expected, report, meant, leftOut } = await at(
            incremental,
            ms,
            arrivals,
            '.*',
            1e6,
            lengthSec,
          )
          deepStrictEqual(graph, expected, `after ${ms / 1000} s`)
          deepStrictEqual([report.traces, report.spans], [meant.length, meant.flat().length])
          deepStrictEqual([report.beganEarlier, report.spansLeftOut], leftOut, `left out, ${ms / 1000} s`)
        }
      },
    ),
    { numRuns: 60, interruptAfterTimeLimit: 30_000 },
  )
})

t.test('only what is new is read, and what may still change', async (t) => {
  const { begin, at } = await setUp(t)
  const arrivals = Array.from({ length: 700 }, (_, i) => arrive(simple(i + 1, i * 1700 - 600_000)))
  const incremental = begin()
  const first = await at(incremental, 0, arrivals)
  t.equal(first.report.reusedTraces, undefined)
  t.ok(first.searchedSec >= windowSec + 60)
  for (const ms of [60_000, 120_000, 180_000]) {
    const { graph, expected, report, meant, searchedSec } = await at(incremental, ms, arrivals)
    t.same(graph, expected)
    t.match(report, {
      traces: meant.length,
      searched: { fromMs: epochMs + ms - windowSec * 1000, toMs: epochMs + ms },
    })
    t.ok(
      (report.reusedTraces ?? 0) > 0.7 * meant.length,
      `${report.reusedTraces} of ${meant.length} are reused`,
    )
    // The new minute, the one that may change, and the padding on both sides.
    t.ok(searchedSec <= 4 * 60 + 1, `${searchedSec} s searched`)
  }
})

t.test('reads a running trace from its start on', async (t) => {
  const { begin, at } = await setUp(t)
  const long = [0, 1, 2, 3, 4, 5].map((part) =>
    arrive(
      fragmentOf(7, epochMs, [
        {
          id: part + 1,
          parent: part === 0 ? undefined : part,
          service: 'batch',
          name: 'run',
          atMs: part * 50_000,
          ms: 10 + part,
        },
      ]),
    ),
  )
  const arrivals = [
    ...long,
    ...Array.from({ length: 100 }, (_, i) => arrive(simple(i + 10, i * 5000 - 100_000))),
  ]
  const incremental = begin()
  for (let ms = 60_000; ms <= 480_000; ms += 30_000) {
    const { graph, expected, report } = await at(incremental, ms, arrivals)
    t.same(graph, expected, `after ${ms / 1000} s`)
    if (ms > 60_000) t.ok(report.reusedTraces, 'older slices are not read again')
  }
})

t.test('reads the part before the first whole slice again, and reuses the rest', async (t) => {
  const { begin, at } = await setUp(t)
  // Some traces cross the edges of slices.
  const arrivals = Array.from({ length: 200 }, (_, i) =>
    arrive(simple(i + 1, i * 10_000 - 1_000_000, i % 6 === 5 ? 15_000 : 20)),
  )
  const incremental = begin()
  for (const ms of [0, 50_000, 110_400, 130_000, 250_900]) {
    const { graph, expected, report, meant } = await at(incremental, ms, arrivals, '.*', 1e6, 900)
    t.same(graph, expected)
    t.equal(report.traces, meant.length, `after ${ms / 1000} s`)
    if (ms > 0) t.ok((report.reusedTraces ?? 0) > 50, `${report.reusedTraces} traces are reused`)
  }
})

t.test('reads windows that are shorter than two slices as a whole', async (t) => {
  const { begin, at } = await setUp(t)
  const arrivals = Array.from({ length: 60 }, (_, i) => arrive(simple(i + 1, i * 10_000 - 100_000)))
  const incremental = begin()
  for (const ms of [0, 10_000, 60_000, 110_000, 170_300]) {
    const { graph, expected, report } = await at(incremental, ms, arrivals, '.*', 1e6, 60)
    t.same(graph, expected)
    t.equal(report.traces, 6, `after ${ms / 1000} s`)
  }
})

t.test('stays incremental while a trace that began before the window goes on', async (t) => {
  const { begin, at } = await setUp(t)
  const call = (id: number): Arrival =>
    arrive(
      fragmentOf(7, epochMs, [
        { id, parent: 1, service: 'worker', name: 'call', atMs: id * 20_000 - 700_000, ms: id },
      ]),
    )
  const root = arrive(fragmentOf(7, epochMs, [{ id: 1, service: 'worker', name: 'loop', atMs: -3_000_000 }]))
  const arrivals = [
    root,
    ...Array.from({ length: 60 }, (_, i) => call(i + 2)),
    ...Array.from({ length: 200 }, (_, i) => arrive(simple(i + 10, i * 5000 - 700_000))),
  ]
  const incremental = begin()
  for (const ms of [0, 60_000, 150_000, 240_000]) {
    const { graph, expected, report, leftOut } = await at(incremental, ms, arrivals)
    t.same(graph, expected)
    t.same([report.beganEarlier, report.spansLeftOut], leftOut)
    t.ok(report.spansLeftOut >= 29, `${report.spansLeftOut} spans`)
    if (ms > 0) t.ok(report.reusedTraces, 'older slices are not read again')
  }
})

t.test('reads the whole window again when a settled trace continues', async (t) => {
  const { begin, at } = await setUp(t)
  const step = (id: number, parent: number | undefined, atMs: number, ms: number) =>
    arrive(fragmentOf(7, epochMs, [{ id, parent, service: 'batch', name: `step${id}`, atMs, ms }]))
  // It rests for longer than the wait for late spans, but not for longer than the padding shows.
  const arrivals = [step(1, undefined, 59_000, 2000), step(2, 1, 119_500, 1000), step(3, 2, 178_000, 900)]
  const incremental = begin()
  for (const ms of [70_000, 122_000, 150_000, 181_000, 240_000, 400_000]) {
    const { graph, expected } = await at(incremental, ms, arrivals)
    t.same(graph, expected, `after ${ms / 1000} s`)
  }
})

t.test('finds late spans when the whole window is read again', async (t) => {
  const { begin, at } = await setUp(t)
  const late = arrive(simple(2, 10_000), 300_000)
  const arrivals = [arrive(simple(1, 5000)), late, arrive(simple(3, 305_000))]
  const incremental = begin(400)
  await at(incremental, 100_000, arrivals)
  await at(incremental, 200_000, arrivals)
  t.equal((await at(incremental, 320_000, arrivals)).report.traces, 2)
  const { graph, expected, report } = await at(incremental, 500_000, arrivals)
  t.equal(report.reusedTraces, undefined)
  t.same(graph, expected)
})

t.test('reuses nothing for another query, a removed graph, or a truncated read', async (t) => {
  const { begin, at } = await setUp(t)
  const arrivals = Array.from({ length: 60 }, (_, i) => arrive(simple(i + 1, i * 10_000 - 600_000)))
  const incremental = begin()
  await at(incremental, 0, arrivals)
  t.ok((await at(incremental, 1000, arrivals)).report.reusedTraces)
  t.equal((await at(incremental, 2000, arrivals, '^front$')).report.reusedTraces, undefined)
  t.ok((await at(incremental, 3000, arrivals, '^front$')).report.reusedTraces)
  incremental.forget('micro')
  t.equal((await at(incremental, 4000, arrivals, '^front$')).report.reusedTraces, undefined)
  const { report } = await at(incremental, 5000, arrivals, '^front$', 20)
  t.match(report, { traces: 20, truncated: true })
  t.equal(report.reusedTraces, undefined)
  const after = await at(incremental, 6000, arrivals, '^front$')
  t.same(after.graph, after.expected)
})

t.test('keeps its slices when a read fails', async (t) => {
  const { begin, at, tempo } = await setUp(t)
  const arrivals = Array.from({ length: 60 }, (_, i) => arrive(simple(i + 1, i * 10_000 - 500_000)))
  const incremental = begin()
  await at(incremental, 0, arrivals)
  tempo.options.fault = ({ kind }) =>
    kind === 'search' ? { status: 400, type: 'text/plain', body: 'no' } : undefined
  await t.rejects(at(incremental, 60_000, arrivals))
  tempo.options.fault = () => undefined
  const { graph, expected, report } = await at(incremental, 90_000, arrivals)
  t.same(graph, expected)
  t.ok(report.reusedTraces)
})

t.test('reuses slices for schedules and alerts, and not for requests', async (t) => {
  const { source, clock, now, tempo } = await setUp(t)
  const store = createGraphStore()
  const aggregator = createAggregator({
    source,
    store,
    sinks: [],
    settings: () => ({
      defaults: { ...defaultParameters, graph: 'shop', level: 'both', searchFrom: windowSec },
    }),
    deadlineSec: 60,
    maxConcurrent: 2,
    limits: { maxSpans: 1e9, maxBytes: 1e9 },
    maxPreviews: 2,
    maxQueued: 1,
    incremental: { lateSec, readAllSec: 3600 },
    now,
  })
  const signal = new AbortController().signal
  const sent = Array.from({ length: 200 }, (_, i) => arrive(simple(i + 1, i * 5000 - 600_000)))
  const bothGraphs = () =>
    ['shop', 'shop-services'].map((name) => {
      const { nodes, edges, traceExamples } = store.get(name) ?? {}
      return { nodes, edges, traceExamples }
    })
  for (const ms of [0, 60_000, 120_000]) {
    clock.ms = ms
    tempo.options.fragments = sent.filter(({ atMs }) => atMs <= ms).map(({ fragment }) => fragment)
    const kept = await aggregator.aggregate({}, { signal, mayReuse: true })
    const refreshed = bothGraphs()
    const read = await aggregator.aggregate({}, { signal })
    t.same(refreshed, bothGraphs())
    t.equal(read.read.reusedTraces, undefined)
    t.equal((kept.read.reusedTraces ?? 0) > 0, ms > 0)
    t.same(kept.window, read.window)
  }
  clock.ms = 125_000
  const fixed = await aggregator.aggregate({ to: new Date(now()).toISOString() }, { signal, mayReuse: true })
  t.equal(fixed.read.reusedTraces, undefined, 'a window that does not move')
  await aggregator.remove('shop', signal)
  t.equal((await aggregator.aggregate({}, { signal, mayReuse: true })).read.reusedTraces, undefined)
})
