import { ProtobufWriter } from '../../dist/sources/protobuf/protobuf-writer.js'

/** A search answer as the protobuf that Tempo sends for it (tempopb.SearchResponse). */
export function toProtobuf({ traces, metrics: { completedJobs, totalJobs } }) {
  const writer = new ProtobufWriter()
  for (const trace of traces) writer.message(1, () => addTrace(writer, trace))
  writer.message(2, () => {
    writer.varint(4, completedJobs)
    writer.varint(5, totalJobs)
  })
  return writer.finish()
}

function addTrace(writer, trace) {
  writer.string(1, trace.traceID.replace(/^0+/, ''))
  writer.string(2, trace.rootServiceName)
  writer.string(3, trace.rootTraceName)
  writer.varint(4, BigInt(trace.startTimeUnixNano))
  writer.varint(5, trace.durationMs)
  writer.message(6, () => addSpanSet(writer, trace.spanSet))
  for (const set of trace.spanSets) writer.message(7, () => addSpanSet(writer, set))
  for (const [service, { spanCount }] of Object.entries(trace.serviceStats)) {
    writer.message(8, () => {
      writer.string(1, service)
      writer.message(2, () => writer.varint(1, spanCount))
    })
  }
}

function addSpanSet(writer, { spans, matched, attributes }) {
  for (const span of spans) {
    writer.message(1, () => {
      writer.string(1, span.spanID)
      writer.string(2, span.name)
      writer.varint(3, BigInt(span.startTimeUnixNano))
      writer.varint(4, BigInt(span.durationNanos))
      for (const attribute of span.attributes) addAttribute(writer, 5, attribute)
    })
  }
  writer.varint(2, matched)
  for (const attribute of attributes) addAttribute(writer, 3, attribute)
}

function addAttribute(writer, field, { key, value }) {
  writer.message(field, () => {
    writer.string(1, key)
    writer.message(2, () => writer.string(1, value.stringValue))
  })
}
