import { StringTable } from '../../dist/graph/columns/string-table.js'
import { SpanTable } from '../../dist/graph/spans/span-table.js'
import { serviceOf } from '../load/search-answer.mjs'

const kindNumbers = { unspecified: 0, internal: 1, server: 2, client: 3, producer: 4, consumer: 5 }
const statusNumbers = { unset: 0, ok: 1, error: 2 }

/** The graph of search answers in JSON, with the same builder: what a plain client would do. */
export function graphFromJson(jsons, builderOf) {
  const strings = new StringTable()
  const builder = builderOf(strings)
  const table = new SpanTable(strings)
  for (const json of jsons) {
    for (const trace of JSON.parse(json).traces) {
      table.clear()
      for (let i = 0; i < 4; i++) table.traceId[i] = word(trace.traceID, i * 8)
      for (const set of trace.spanSets) {
        const service = strings.internText(serviceOf(set))
        for (const span of set.spans) addSpan(table, span, service)
      }
      builder.add(table)
    }
  }
  return builder.finish()
}

function addSpan(table, span, service) {
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
  table.name[row] = table.strings.internText(span.name)
  table.service[row] = service
  table.tagValue[row] = service
}

const word = (hex, at) => Number.parseInt(hex.slice(at, at + 8), 16)
