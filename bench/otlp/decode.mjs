/** The core on one thread: traces as `/api/v2/traces` has them, one by one, become a graph. */

import { StringTable } from '../../dist/graph/columns/string-table.js'
import { GraphBuilder } from '../../dist/graph/graph-builder.js'
import { SpanTable } from '../../dist/graph/spans/span-table.js'
import { decodeTracesData } from '../../dist/sources/tempo/decode/decode-trace-by-id.js'
import { cpuTimes, rate, report } from '../figures.mjs'
import { toTracesData } from '../load/otlp-protobuf.mjs'
import { searchAnswer } from '../load/search-answer.mjs'

const size = { traces: 10_000, spansPerTrace: 12 }
const spans = size.traces * size.spansPerTrace
const traces = searchAnswer({ ...size, seed: 1 }).traces.map((trace) => toTracesData(trace))

function toGraph() {
  const strings = new StringTable()
  const builder = new GraphBuilder({ strings, slowThresholdMs: 40, isTagNode: () => true })
  const table = new SpanTable(strings)
  for (const bytes of traces) {
    table.clear()
    decodeTracesData(bytes, table, { scope: 'resource', key: 'service.name' })
    builder.add(table)
  }
  return builder.finish()
}

report(`Traces by id: ${spans.toLocaleString('en-US')} spans`, [
  rate('trace protobuf to graph', 'spans/s', spans, cpuTimes(toGraph, 9), { atLeast: 1_000_000 }),
])
