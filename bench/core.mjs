/**
 * The core on one thread: a search answer becomes a graph. Prints figures and ratios; nothing here is a test.
 *
 *     npm run bench            for people
 *     npm run bench -- --json  for programs
 */
import { Bench } from 'tinybench'
import { GraphBuilder } from '../dist/graph/graph-builder.js'
import { SpanTable } from '../dist/graph/span-table.js'
import { StringTable } from '../dist/graph/string-table.js'
import { SearchDecoder } from '../dist/tempo/decode-search.js'
import { searchAnswer, toProtobuf } from './search-answer.mjs'

const size = { traces: 4000, spansPerTrace: 12, seed: 7 }
const spans = size.traces * size.spansPerTrace
const answer = searchAnswer(size)
const protobuf = toProtobuf(answer)
const json = JSON.stringify(answer)
const kindNumbers = { unspecified: 0, internal: 1, server: 2, client: 3, producer: 4, consumer: 5 }
const statusNumbers = { unset: 0, ok: 1, error: 2 }

/** The graph of the protobuf answer, as tta reads it. */
function fromProtobuf() {
  const strings = new StringTable()
  const builder = new GraphBuilder({ strings, slowThresholdMs: 40, isTagNode: () => true })
  const decoder = new SearchDecoder(protobuf, new SpanTable(strings), undefined, (table) =>
    builder.add(table),
  )
  decoder.outline()
  decoder.traces()
  return builder.finish()
}

/** Decoding alone. */
function decode() {
  const decoder = new SearchDecoder(protobuf, new SpanTable(new StringTable()), undefined, () => {})
  return decoder.traces()
}

/** The same graph from the same answer in JSON, with the same builder: what a plain client would do. */
function fromJson() {
  const strings = new StringTable()
  const builder = new GraphBuilder({ strings, slowThresholdMs: 40, isTagNode: () => true })
  const table = new SpanTable(strings)
  const word = (hex, at) => Number.parseInt(hex.slice(at, at + 8), 16)
  for (const trace of JSON.parse(json).traces) {
    table.clear()
    for (let i = 0; i < 4; i++) table.traceId[i] = word(trace.traceID, i * 8)
    for (const set of trace.spanSets) {
      const service = strings.internText(set.attributes[0].value.stringValue)
      for (const span of set.spans) {
        const row = table.addRow()
        const fields = Object.fromEntries(span.attributes.map(({ key, value }) => [key, value.stringValue]))
        const start = BigInt(span.startTimeUnixNano)
        table.spanIdHi[row] = word(span.spanID, 0)
        table.spanIdLo[row] = word(span.spanID, 8)
        table.parentIdHi[row] = word(fields['span:parentID'], 0)
        table.parentIdLo[row] = word(fields['span:parentID'], 8)
        table.startHi[row] = Number(start >> 32n)
        table.startLo[row] = Number(start & 0xffffffffn)
        table.durationNs[row] = Number(span.durationNanos)
        table.kind[row] = kindNumbers[fields.kind]
        table.status[row] = statusNumbers[fields.status]
        table.name[row] = strings.internText(span.name)
        table.service[row] = service
        table.tagValue[row] = service
      }
    }
    builder.add(table)
  }
  return builder.finish()
}

if (JSON.stringify(fromProtobuf()) !== JSON.stringify(fromJson())) throw new Error('the graphs differ')

const bench = new Bench({ time: 3000, warmupTime: 1000, iterations: 5 })
bench.add('protobuf to graph', fromProtobuf)
bench.add('protobuf decoding alone', decode)
bench.add('JSON to graph', fromJson)
await bench.run()

const rates = Object.fromEntries(
  bench.tasks.map(({ name, result }) => [
    name,
    {
      spansPerSec: (spans / result.latency.p50) * 1000,
      sdPercent: (100 * result.latency.sd) / result.latency.mean,
    },
  ]),
)
const ratio = rates['protobuf to graph'].spansPerSec / rates['JSON to graph'].spansPerSec
const figures = [
  ...Object.entries(rates).map(([name, { spansPerSec }]) => ({
    name,
    value: Math.round(spansPerSec),
    unit: 'spans/s',
  })),
  {
    name: 'protobuf to graph, against JSON',
    value: ratio,
    unit: 'ratio',
    ratio,
    target: 10,
    met: ratio >= 10,
  },
]
figures[0].target = 1_000_000
figures[0].met = figures[0].value >= 1_000_000

if (process.argv.includes('--json')) console.log(JSON.stringify({ spans, figures }))
else {
  console.log(`${spans} spans: ${protobuf.length} bytes of protobuf, ${json.length} of JSON; medians`)
  for (const { name, value, unit, target, met } of figures) {
    const wanted = target === undefined ? '' : `  target ${target}: ${met ? 'met' : 'missed'}`
    console.log(
      `${name.padEnd(34)}${(unit === 'ratio' ? value.toFixed(1) : String(value)).padStart(10)} ${unit}${wanted}`,
    )
  }
}
