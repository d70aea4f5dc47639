import { ProtobufWriter } from '../../dist/sources/protobuf/protobuf-writer.js'
import { serviceOf } from './search-answer.mjs'

const kindNumbers = { internal: 1, server: 2, client: 3 }

/**
 * A trace of a search answer as OTLP, a resource for each service (opentelemetry-proto trace/v1 TracesData).
 *
 * @param {Record<string, string>} attributes of every span
 */
export function toTracesData({ traceID, spanSets }, attributes = { 'http.request.method': 'GET' }) {
  const writer = new ProtobufWriter()
  const traceId = Buffer.from(traceID, 'hex')
  for (const set of spanSets) {
    writer.message(1, () => {
      writer.message(1, () => addAttribute(writer, 1, 'service.name', serviceOf(set)))
      writer.message(2, () => {
        for (const span of set.spans) writer.message(2, () => addSpan(writer, traceId, span, attributes))
      })
    })
  }
  return writer.finish()
}

function addSpan(writer, traceId, { spanID, name, startTimeUnixNano, durationNanos, attributes }, more) {
  const [parent, kind, status] = attributes.map(({ value }) => value.stringValue)
  writer.bytes(1, traceId)
  writer.bytes(2, Buffer.from(spanID, 'hex'))
  if (!/^0+$/.test(parent)) writer.bytes(4, Buffer.from(parent, 'hex'))
  writer.string(5, name)
  writer.varint(6, kindNumbers[kind])
  writer.fixed64(7, BigInt(startTimeUnixNano))
  writer.fixed64(8, BigInt(startTimeUnixNano) + BigInt(durationNanos))
  for (const [key, text] of Object.entries(more)) addAttribute(writer, 9, key, text)
  if (status === 'error') writer.message(15, () => writer.varint(3, 2))
}

function addAttribute(writer, field, key, text) {
  writer.message(field, () => {
    writer.string(1, key)
    writer.message(2, () => writer.string(1, text))
  })
}
