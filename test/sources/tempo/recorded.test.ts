import { readFileSync } from 'node:fs'
import t from 'tap'
import { StringTable } from '../../../src/graph/columns/string-table.ts'
import { GraphBuilder } from '../../../src/graph/graph-builder.ts'
import { SpanTable } from '../../../src/graph/spans/span-table.ts'
import { toNodeGraph } from '../../../src/node-graph/node-graph.ts'
import { createEmbeddedSource } from '../../../src/sources/embedded/embedded-source.ts'
import { EmbeddedStore } from '../../../src/sources/embedded/embedded-store.ts'
import { jsonToProtobuf } from '../../../src/sources/otlp/json-to-protobuf.ts'
import { tagSelector } from '../../../src/sources/tag-selector.ts'
import { SearchDecoder, type TraceSearchMetadata } from '../../../src/sources/tempo/decode/decode-search.ts'
import { createTempoSource } from '../../../src/sources/tempo/tempo-source.ts'
import type { TraceSource } from '../../../src/sources/trace-source.ts'
import { expectedEdges, expectedNodes, expectedSpans } from '../../recorded/expected-graph.ts'
import { type OtlpJson, type PlainSpan, plainInput, plainRows } from '../../support/otlp/plain-spans.ts'
import { protobuf, startTempo, text } from '../../support/tempo/tempo-stand-in.ts'

const folder = new URL('../../recorded/', import.meta.url)
const recorded = (version: string, file: string) => readFileSync(new URL(`tempo-${version}/${file}`, folder))
const input = JSON.parse(readFileSync(new URL('input.otlp.json', folder), 'utf8')) as OtlpJson
const versions = ['3.0.3', '2.10.7']
/** The window of the recording, Unix ms. */
const window = { fromMs: 1_795_334_748_000, toMs: 1_795_334_928_000 }
const afterwards = () => window.toMs + 3_600_000

interface DecodedTrace {
  rows: PlainSpan[]
  found: TraceSearchMetadata
}

/** The traces of an answer, by id. */
function decode(bytes: Uint8Array, tagKey: string | undefined) {
  const traces = new Map<string, DecodedTrace>()
  const decoder = new SearchDecoder(bytes, new SpanTable(new StringTable()), tagKey, (spans, found) => {
    const rows = plainRows(spans)
    traces.set(rows[0]?.traceId ?? '', { rows, found: { ...found } })
  })
  const outline = decoder.outline()
  const spans = decoder.traces()
  return { outline, spans, traces }
}

for (const version of versions) {
  t.test(`decodes the sent spans from search answers of Tempo ${version}, to the ns`, async (t) => {
    for (const key of ['service.name', 'server.address', 'messaging.destination.name']) {
      const tagKey = key === 'service.name' ? undefined : key
      const sent = plainInput(input, { scope: 'any', key })
      for (const [file, traces, spans] of [
        ['search-bulk.pb', 12, 182 - 49],
        ['search-select-all.pb', 12, 182 - 50],
        ['search-by-ids.pb', 3, 13],
        ['search-none.pb', 0, 0],
      ] as const) {
        const answer = decode(recorded(version, file), tagKey)
        t.same(answer.outline, { traces, unfinished: false }, file)
        t.same([answer.traces.size, answer.spans], [traces, spans], file)
        for (const [id, { rows, found }] of answer.traces) {
          const whole = sent.filter(({ traceId }) => traceId === id)
          const isCut = rows.length < whole.length
          const ids = new Set(rows.map(({ spanId }) => spanId))
          t.same(
            rows,
            whole.filter(({ spanId }) => ids.has(spanId)),
            `${file} ${id}`,
          )
          t.same(found, { cut: isCut, minSpans: whole.length, matchedSpans: whole.length }, `${file} ${id}`)
          if (isCut) t.equal(whole.length, 150)
        }
      }
    }
  })
}

/** A Tempo with the recorded answers to every search and trace by id. */
async function replay(version: string) {
  const names = new Map(input.traces?.map(({ name, traceId }) => [traceId, name]))
  return startTempo({
    fault: ({ kind, path }) => {
      if (kind === 'search') return protobuf(recorded(version, 'search-bulk.pb'))
      if (kind === 'ids') return protobuf(recorded(version, 'search-none.pb'))
      const name = kind === 'lookup' && names.get(path.slice(path.lastIndexOf('/') + 1))
      return name ? protobuf(recorded(version, `trace-v2-${name}.pb`)) : text(404, '404 page not found')
    },
  })
}

async function graphFrom(source: TraceSource, withTagNodes: boolean) {
  const strings = new StringTable()
  const selector = tagSelector('service.name', '.*')
  const builder = new GraphBuilder({
    strings,
    slowThresholdMs: 40,
    ...(withTagNodes ? { isTagNode: selector.matches } : {}),
  })
  const { signal } = new AbortController()
  const report = await source.read({ selector, window, limit: 1000 }, builder, { signal })
  const graph = builder.finish()
  return { report, graph, rows: toNodeGraph(graph, { windowSec: 180, tagNodeSubTitle: 'Service Node' }) }
}

async function fromTempo(version: string, withTagNodes: boolean) {
  const tempo = await replay(version)
  const source = createTempoSource({
    url: tempo.url,
    headers: {},
    timeoutMs: 5000,
    maxAnswerBytes: 1e7,
    concurrency: 2,
    padSec: 0,
    lateSec: 120,
    maxLookups: 10,
    retryDelayMs: 1,
    now: afterwards,
  })
  const read = await graphFrom(source, withTagNodes).finally(() => source.close())
  await tempo.close()
  return { ...read, lookups: tempo.count('lookup') }
}

async function fromEmbedded(withTagNodes: boolean) {
  const store = new EmbeddedStore({ maxBytes: 1e7, maxAgeSec: 7200, now: afterwards })
  store.add(jsonToProtobuf(input))
  return graphFrom(createEmbeddedSource(store), withTagNodes)
}

t.test('gives the same graph for both Tempos and the embedded source, byte for byte', async (t) => {
  for (const withTagNodes of [false, true]) {
    const embedded = JSON.stringify((await fromEmbedded(withTagNodes)).rows)
    for (const version of versions) {
      const { rows, report, lookups } = await fromTempo(version, withTagNodes)
      t.equal(JSON.stringify(rows), embedded, version)
      t.match(report, { traces: 12, spans: 182, suspects: 2, repaired: 1, incomplete: 0, truncated: false })
      t.equal(lookups, 2, 'the trace of 150 spans and the one with the missing parent')
    }
  }
})

t.test('gives the graph that was counted by hand', async (t) => {
  const { graph } = await fromTempo('3.0.3', false)
  const byName = (a: unknown[], b: unknown[]) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1)
  const { rows } = await fromTempo('2.10.7', false)
  const names = new Map(rows.nodes.map(({ id, title, subTitle }) => [id, [title, subTitle]]))
  const ms = (value: number) => Math.round(value * 1000) / 1000
  t.same(graph.spans, expectedSpans)
  t.same(
    rows.nodes
      .map((row) => [row.title, row.subTitle, row.count, row.failed, row.slow, ms(row.meanMs)])
      .sort(byName),
    expectedNodes.map(([...row]) => [...row.slice(0, 5), ms(row[5])]).sort(byName),
  )
  t.same(
    rows.edges
      .map((row) => [names.get(row.source), names.get(row.target), row.count, row.failed, ms(row.meanMs)])
      .sort(byName),
    expectedEdges.map(([...row]) => [...row.slice(0, 4), ms(row[4])]).sort(byName),
  )
  t.match(
    rows.nodes.filter(({ selfCalls }) => selfCalls > 0),
    [{ title: 'tree-service', subTitle: 'walk', selfCalls: 2 }],
  )
})

t.test('gives the same graph three times', async (t) => {
  const [first, ...others] = await Promise.all([1, 2, 3].map(() => fromTempo('3.0.3', true)))
  for (const { rows } of others) t.equal(JSON.stringify(rows), JSON.stringify(first?.rows))
})
