import t, { type Test } from 'tap'
import { reportOf } from '../../../src/builds/explain/report.ts'
import { createEmbeddedSource } from '../../../src/sources/embedded/embedded-source.ts'
import { EmbeddedStore } from '../../../src/sources/embedded/embedded-store.ts'
import type { TraceSource } from '../../../src/sources/trace-source.ts'
import { buildsOf, tempoWith } from '../../support/source-builds.ts'
import { encodeTrace } from '../../support/tempo/stand-in-search.ts'
import { type Fragment, fragmentOf, type StoredSpan } from '../../support/tempo/stored-trace.ts'

const nowMs = 1_700_000_300_000
const window = { from: nowMs / 1000 - 300, to: nowMs / 1000 - 200 }

/** A trace of two services. `starts` replaces starts by span id, Unix ns; ends stay if they can. */
function traceOf(id: number, starts: Record<number, bigint> = {}): Fragment {
  const spans = fragmentOf(id, nowMs - 230_000, [
    { id: 1, name: 'GET /', service: 'web', atMs: 0, ms: 50, kind: 2 },
    { id: 2, parent: 1, name: 'get', service: 'cart', atMs: 10, ms: 20, kind: 2 },
  ])
  return spans.map((span, at): StoredSpan => {
    const { [at + 1]: startNs = span.startNs } = starts
    const movedNs = startNs < span.startNs ? Number(span.startNs - startNs) : 0
    return { ...span, startNs, durationNs: span.durationNs + movedNs }
  })
}

/** In the year 2128. */
const farFuture = 5_000_000_000_000_000_000n

const sources: Record<string, (t: Test, traces: Fragment[]) => Promise<TraceSource>> = {
  embedded: async (_t, traces) => {
    const store = new EmbeddedStore({ maxBytes: 1e6, maxAgeSec: 3600, now: () => nowMs })
    for (const trace of traces) store.add(encodeTrace(trace))
    return createEmbeddedSource(store)
  },
  tempo: (t, fragments) => tempoWith(t, fragments, nowMs),
}

function aggregatorOf(source: TraceSource) {
  const { build, stored } = buildsOf(source, { nowMs, level: 'service' })
  return { build: () => build(window), stored }
}

for (const [name, start] of Object.entries(sources)) {
  t.test(`${name}: an impossible start does not take a trace out of its window`, async (t) => {
    const traces = [
      traceOf(1),
      traceOf(2, { 2: 0n }),
      traceOf(3, { 2: farFuture }),
      traceOf(4, { 1: 5_000n }),
    ]
    const { build, stored } = aggregatorOf(await start(t, traces))
    const summary = await build()
    t.match(summary, {
      status: 'complete',
      read: { traces: 4, spans: 8, outsideWindow: 0, beganEarlier: 0, untimedTraces: 0 },
      spans: { counted: 8, untimed: 3 },
    })
    t.match(summary.warnings, [
      '3 spans with an impossible start time: counted from the start of the span above.',
    ])
    t.match(stored().edges, [{ count: 4 }])
    const untimed = reportOf(stored()).findings.find(({ kind }) => kind === 'untimed')
    t.match(untimed, { count: 3, severity: 'warning' })
    t.equal(untimed?.examples.length, 3)
  })

  t.test(`${name}: traces without any possible start are in no window, and clear no graph`, async (t) => {
    const { build, stored } = aggregatorOf(await start(t, [traceOf(1, { 1: 0n, 2: 0n })]))
    const summary = await build()
    t.match(summary, {
      status: 'partial',
      read: { traces: 0, untimedTraces: 1 },
      sinks: [{ state: 'skipped' }],
    })
    t.equal(summary.warnings[0], '1 trace without a possible start time is in no window.')
    t.equal(stored(), undefined)
  })
}
