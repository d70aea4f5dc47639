/** The core on one thread: search answers, as Tempo sends them, become a graph. */

import { StringTable } from '../../dist/graph/columns/string-table.js'
import { GraphBuilder } from '../../dist/graph/graph-builder.js'
import { SpanTable } from '../../dist/graph/spans/span-table.js'
import { SearchDecoder } from '../../dist/sources/tempo/decode/decode-search.js'
import { cpuTimes, quotients, rate, ratio, report, spread } from '../figures.mjs'
import { searchAnswer } from '../load/search-answer.mjs'
import { toProtobuf } from '../load/search-protobuf.mjs'
import { graphFromJson } from './plain-client.mjs'

const runs = 9
const size = { traces: 4000, spansPerTrace: 12 }
const answers = [1, 2, 3, 4, 5].map((seed) => searchAnswer({ ...size, seed }))
const spans = answers.length * size.traces * size.spansPerTrace
const protobufs = answers.map(toProtobuf)
const jsons = answers.map((answer) => JSON.stringify(answer))

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

const fromJson = () => graphFromJson(jsons, builderOf)

const operations = fromProtobuf('operation')
if (JSON.stringify(operations) !== JSON.stringify(fromJson())) throw new Error('the graphs differ')

/** Both ways in turn: what slows the machine for a while slows both. */
const graph = []
const json = []
const medians = []
for (let pair = 0; pair < 5; pair++) {
  const times = cpuTimes(() => fromProtobuf('operation'), 5)
  graph.push(...times)
  medians.push(spread(times).median)
  json.push(...cpuTimes(fromJson, 1))
}
const { nodes, edges } = operations
const megabytes = protobufs.reduce((sum, { length }) => sum + length, 0) / 1e6
report(
  `Core: ${spans.toLocaleString('en-US')} spans, ${megabytes.toFixed(0)} MB of protobuf, ${nodes.length} nodes, ${edges.length} edges`,
  [
    rate('search protobuf to graph', 'spans/s', spans, graph, { atLeast: 1_000_000 }),
    ratio('search protobuf to graph against JSON.parse to graph', quotients(json, medians), { atLeast: 10 }),
    rate('JSON.parse to graph', 'spans/s', spans, json),
    rate('search protobuf, decoding alone', 'spans/s', spans, cpuTimes(decode, runs)),
    rate(
      'search protobuf to service graph',
      'spans/s',
      spans,
      cpuTimes(() => fromProtobuf('service'), runs),
    ),
  ],
)
