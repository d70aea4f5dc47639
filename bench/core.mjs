/** The core on one thread: search answers and traces become a graph. */

import { GraphBuilder } from '../dist/graph/graph-builder.js'
import { SpanTable } from '../dist/graph/span-table.js'
import { StringTable } from '../dist/graph/string-table.js'
import { decodeTracesData } from '../dist/otlp/decode-traces.js'
import { SearchDecoder } from '../dist/tempo/decode-search.js'
import { print, rate, ratio, spread } from './figures.mjs'
import { graphFromJson } from './plain-client.mjs'
import { searchAnswer, toProtobuf, toTracesData } from './search-answer.mjs'

const runs = 9
const jsonRuns = 3
const size = { traces: 4000, spansPerTrace: 12 }
const answers = [1, 2, 3, 4, 5].map((seed) => searchAnswer({ ...size, seed }))
const spans = answers.length * size.traces * size.spansPerTrace
const protobufs = answers.map(toProtobuf)
const jsons = answers.map((answer) => JSON.stringify(answer))
const traces = answers[0].traces.map(toTracesData)
const tracesSpans = traces.length * size.spansPerTrace

const builderOf = (strings, level = 'operation') =>
  new GraphBuilder({ strings, slowThresholdMs: 40, isTagNode: () => true, level })

/** The graph of all answers, as tta reads them. */
function fromProtobuf(level) {
  const strings = new StringTable()
  const builder = builderOf(strings, level)
  const table = new SpanTable(strings)
  for (const bytes of protobufs) {
    const decoder = new SearchDecoder(bytes, table, undefined, (spans) => builder.add(spans))
    decoder.outline()
    decoder.traces()
  }
  return level === 'service' ? builder.finishServices() : builder.finish()
}

function decode() {
  const table = new SpanTable(new StringTable())
  for (const bytes of protobufs) new SearchDecoder(bytes, table, undefined, () => {}).traces()
}

/** Traces as `/api/v2/traces` has them, one by one. */
function fromTraces() {
  const strings = new StringTable()
  const builder = builderOf(strings)
  const table = new SpanTable(strings)
  for (const bytes of traces) {
    table.clear()
    decodeTracesData(bytes, table, { scope: 'resource', key: 'service.name' })
    builder.add(table)
  }
  return builder.finish()
}

const fromJson = () => graphFromJson(jsons, builderOf)

const operations = fromProtobuf('operation')
if (JSON.stringify(operations) !== JSON.stringify(fromJson())) throw new Error('the graphs differ')

function times(work, count) {
  work()
  return Array.from({ length: count }, () => {
    const before = performance.now()
    work()
    return performance.now() - before
  })
}

const graph = times(() => fromProtobuf('operation'), runs)
const json = times(fromJson, jsonRuns)
const { nodes, edges } = operations
const megabytes = protobufs.reduce((sum, { length }) => sum + length, 0) / 1e6
print(
  `Core: ${spans.toLocaleString('en-US')} spans, ${megabytes.toFixed(0)} MB of protobuf, ${nodes.length} nodes, ${edges.length} edges`,
  [
    rate('search protobuf to graph', 'spans/s', spans, graph, 1_000_000),
    rate('decoding alone', 'spans/s', spans, times(decode, runs)),
    rate(
      'search protobuf to service graph',
      'spans/s',
      spans,
      times(() => fromProtobuf('service'), runs),
    ),
    rate('trace protobuf to graph', 'spans/s', tracesSpans, times(fromTraces, runs), 1_000_000),
    rate('JSON.parse to graph', 'spans/s', spans, json),
    ratio('search protobuf against JSON', spread(json).median / spread(graph).median, 10),
  ],
)
