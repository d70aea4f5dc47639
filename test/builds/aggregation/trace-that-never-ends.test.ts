import { readFileSync } from 'node:fs'
import t, { type Test } from 'tap'
import { createExplainer } from '../../../src/builds/explain/explain.ts'
import { reportOf } from '../../../src/builds/explain/report.ts'
import type { GraphDocument } from '../../../src/model/graph-document.ts'
import { createEmbeddedSource } from '../../../src/sources/embedded/embedded-source.ts'
import { EmbeddedStore } from '../../../src/sources/embedded/embedded-store.ts'
import { jsonToProtobuf } from '../../../src/sources/otlp/json-to-protobuf.ts'
import type { TraceSource } from '../../../src/sources/trace-source.ts'
import type { OtlpJson } from '../../support/otlp/plain-spans.ts'
import { callsOf, startWithCase } from '../../support/reported-case.ts'
import { buildsOf, tempoWith } from '../../support/source-builds.ts'
import type { Fragment } from '../../support/tempo/stored-trace.ts'

const input = JSON.parse(
  readFileSync(new URL('../../cases/reported/31-trace-that-never-ends.json', import.meta.url), 'utf8'),
) as OtlpJson
const traceId = 'a0000000000000000000000000000046'
/** The root starts at 1699997000, and six calls are made from 1700000000 on. */
const window = { from: 1_699_999_200, to: 1_700_000_100 }
const nowMs = 1_700_000_100_000

const fragmentOf = ({ resourceSpans }: OtlpJson): Fragment =>
  resourceSpans.flatMap(({ resource, scopeSpans }) =>
    scopeSpans.flatMap(({ spans }) =>
      spans.map(({ startTimeUnixNano, endTimeUnixNano, parentSpanId, name, ...span }) => ({
        traceId: span.traceId,
        spanId: span.spanId,
        parentId: parentSpanId,
        kind: span.kind,
        name: name ?? '',
        service: resource?.attributes?.[0]?.value.stringValue,
        startNs: BigInt(startTimeUnixNano ?? 0),
        durationNs: Number(BigInt(endTimeUnixNano ?? 0) - BigInt(startTimeUnixNano ?? 0)),
      })),
    ),
  )

/** Each source with the trace: the embedded one, and a Tempo that has it in one piece or in three. */
const sources: Record<string, (t: Test) => Promise<TraceSource>> = {
  embedded: async () => {
    const store = new EmbeddedStore({ maxBytes: 1e6, maxAgeSec: 3600, now: () => nowMs })
    store.add(jsonToProtobuf(input))
    return createEmbeddedSource(store)
  },
  'a Tempo that has the trace in one piece': (t) => tempoWith(t, [fragmentOf(input)], nowMs),
  'a Tempo that has the trace in three pieces': (t) => {
    const [root, ...others] = fragmentOf(input)
    return tempoWith(t, [root ? [root] : [], others.slice(0, 7), others.slice(7)], nowMs)
  },
}

const titleOf = ({ nodes }: GraphDocument, id: string) => nodes.find((node) => node.id === id)?.title

function aggregatorOf(source: TraceSource) {
  const { build, ...others } = buildsOf(source, { nowMs, useTagAsNode: false })
  return { build: (parameters: object) => build({ ...window, ...parameters }), ...others }
}

for (const [name, start] of Object.entries(sources)) {
  t.test(`${name}: says that a trace began before the window, and keeps the last graph`, async (t) => {
    const { build, stored } = aggregatorOf(await start(t))
    const whole = await build({ from: 1_699_996_999, level: 'service' })
    t.match(whole, { status: 'complete', read: { beganEarlier: 0, spansLeftOut: 0 }, warnings: [] })
    const last = stored()
    t.match(last.edges, [{ count: 6 }])

    const summary = await build({ level: 'service' })
    t.match(summary, {
      status: 'partial',
      read: { traces: 0, outsideWindow: 1, beganEarlier: 1, spansLeftOut: 12, truncated: false },
      sinks: [{ state: 'skipped' }],
    })
    t.same(summary.warnings, [
      '1 trace began before the window: its 12 spans in the window are not counted (count_by: span counts them).',
      'Traces exist, but the graph has none of them: the last graph is kept.',
    ])
    t.equal(stored(), last)
  })
}

for (const [name, start] of Object.entries(sources)) {
  t.test(`${name}: counts each span by its own start`, async (t) => {
    const { build, stored } = aggregatorOf(await start(t))
    for (const level of ['service', 'operation'] as const) {
      const summary = await build({ level, countBy: 'span' })
      t.match(summary, {
        status: 'complete',
        read: { traces: 1, spans: 13, outsideWindow: 0, beganEarlier: 0, spansLeftOut: 0 },
        spans: { counted: 12, outsideWindow: 1, orphans: 0, roots: 0 },
        warnings: [],
      })
      const calls = stored().edges.filter(({ target }) => titleOf(stored(), target) === 'api')
      t.match(calls, [{ count: 6, failed: 0, clientMeanMs: 20, serverMeanMs: 15 }])
      t.equal(calls.length, 1)
      const worker = stored().nodes.filter(({ title, count }) => title === 'worker' && count === 0)
      t.match(worker, [{ mainStat: 0, secondaryStat: 0, arc__failed: 0, arc__slow: 0, arc__passed: 1 }])
    }
    // Two windows of seconds have three calls each.
    const parts = [
      { from: 1_699_999_900, to: 1_700_000_003 },
      { from: 1_700_000_003, to: 1_700_000_099 },
    ]
    for (const part of parts) {
      await build({ level: 'service', countBy: 'span', ...part })
      t.match(stored().edges, [{ count: 3 }])
    }
    t.equal((await build({ countBy: 'span', from: 1_699_998_000, to: 1_699_999_000 })).status, 'empty')
  })
}

t.test('counts by span on request, through the API', async (t) => {
  const { graphAt } = await startWithCase(t, '31-trace-that-never-ends')
  const query = { level: 'service', from: 'now-15m' }
  const byTrace = await graphAt(query)
  t.same([byTrace.summary.status, callsOf(byTrace)], ['partial', []])
  const bySpan = await graphAt({ ...query, countBy: 'span' })
  t.same([bySpan.summary.status, callsOf(bySpan)], ['complete', ['worker > api 6/0']])
})

t.test('explains and reports a graph that counts by span', async (t) => {
  const store = new EmbeddedStore({ maxBytes: 1e6, maxAgeSec: 3600, now: () => nowMs })
  store.add(jsonToProtobuf(input))
  const source = createEmbeddedSource(store)
  const { build, stored, aggregator } = aggregatorOf(source)
  await build({ level: 'service', countBy: 'span' })
  const { findings, verdict } = reportOf(stored())
  t.equal(verdict, 'All traces of the window were read, and no problems were found.')
  t.match(
    findings.find(({ kind }) => kind === 'spansOutsideWindow'),
    { count: 1, severity: 'info' },
  )
  t.match(findings[0], { kind: 'traces', meaning: 'Traces with a span that starts in the window.' })
  const explain = createExplainer({ source, aggregator, deadlineSec: 10 })
  const explanation = await explain(
    stored(),
    { source: 'worker', target: 'api' },
    new AbortController().signal,
  )
  t.match(explanation, { calls: { count: 6 }, warnings: [] })
})

t.test('reports the spans that were left out, with their traces', async (t) => {
  const other = jsonToProtobuf({
    resourceSpans: [
      {
        scopeSpans: [
          {
            spans: [
              {
                traceId: '0000000000000000000000000000000a',
                spanId: '000000000000000a',
                name: 'GET',
                startTimeUnixNano: '1700000002000000000',
                endTimeUnixNano: '1700000002020000000',
              },
            ],
          },
        ],
        resource: { attributes: [{ key: 'service.name', value: { stringValue: 'web' } }] },
      },
    ],
  })
  const store = new EmbeddedStore({ maxBytes: 1e6, maxAgeSec: 3600, now: () => nowMs })
  store.add(jsonToProtobuf(input))
  store.add(other)
  const { build, stored } = aggregatorOf(createEmbeddedSource(store))
  t.match(await build({}), { status: 'complete', read: { traces: 1, beganEarlier: 1, spansLeftOut: 12 } })
  const { findings, verdict } = reportOf(stored())
  t.match(
    findings.find(({ kind }) => kind === 'beganEarlier'),
    { count: 12, unit: 'spans', severity: 'warning', examples: [traceId] },
  )
  t.equal(
    verdict,
    'All traces of the window were read. Problems: 12 spans of traces that began before the window.',
  )
})
