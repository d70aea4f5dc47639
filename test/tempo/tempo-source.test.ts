import { deepStrictEqual } from 'node:assert/strict'
import fc from 'fast-check'
import t from 'tap'
import { graphOf, readWindow } from './reading.ts'
import {
  attributeOf,
  extentNs,
  type Fragment,
  fragmentOf,
  type Sketch,
  type StoredSpan,
} from './stored-trace.ts'
import { startTempo } from './tempo-stand-in.ts'

/** Long ago, so that no cutoff is probed for. */
const epochMs = 1_700_000_000_000
const sec = 1000
const window = { fromMs: epochMs, toMs: epochMs + 600 * sec }

const whole = (traceId: number, sketches: Sketch[]) => fragmentOf(traceId, epochMs, sketches)
const simple = (traceId: number, atMs: number, ms = 20) =>
  whole(traceId, [
    { id: 1, name: 'GET /', service: 'front', atMs, ms },
    { id: 2, parent: 1, service: 'back', atMs: atMs + 5, ms: 10 },
  ])

/** The spans of each trace, its fragments united. */
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
  seconds: number
}

/** A trace is a tree whose spans fall into up to four fragments, some of them minutes apart from the others. */
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
      // The root starts first, and no two fragments last equally long.
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
  }),
)

t.test('every trace that starts in the window is counted once and whole, however it is sliced', async (t) => {
  const tempo = await startTempo()
  t.teardown(() => tempo.close())
  await fc.assert(
    fc.asyncProperty(cases, async ({ fragments, filter, concurrency, seconds, ...limits }) => {
      const window = { fromMs: epochMs, toMs: epochMs + seconds * sec }
      Object.assign(tempo.options, limits, { fragments })
      const isService = filter === '.*'
      const tag = isService ? 'service.name' : 'span.color'
      const meant = united(fragments).filter((spans) => {
        const isMatch = ({ attributes }: StoredSpan) => new RegExp(filter).test(attributes?.color ?? '-')
        const at = startMs(spans)
        return at >= window.fromMs && at < window.toMs && (isService || spans.some(isMatch))
      })
      const { report, graph } = await readWindow({ url: tempo.url, window, tag, filter, concurrency })
      // More in one second than Tempo may answer: nobody can read that, and the report says so.
      if (report.truncated) return tempo.options.maxResultLimit === 3 || tempo.options.maxSpans === 60
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
      numRuns: Number(process.env.RUNS ?? 60),
      ...(process.env.SEED ? { seed: Number(process.env.SEED) } : {}),
    },
  )
})
