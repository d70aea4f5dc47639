import { ProtobufWriter } from '../dist/protobuf/protobuf-writer.js'

/** A small generator of pseudo-random numbers in [0, 1): the same for the same seed (mulberry32). */
export function seeded(seed) {
  let state = seed
  return () => {
    state = (state + 0x6d2b79f5) | 0
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state)
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4294967296
  }
}

/** 180 operations of 20 services, each with a duration of its own, which call at most four others: 200 nodes. */
const operations = Array.from({ length: 180 }, (_, i) => ({
  service: `service-${i % 20}`,
  name: `GET /api/v1/resource-${i}/{id}`,
  medianNs: 1e6 * 1.03 ** i,
  callees: [i * 3 + 1, i * 5 + 2, i * 7 + 3, i * 11 + 4].map((callee) => callee % 180),
}))
const kinds = ['internal', 'server', 'client']

/** A number of the normal distribution (Box and Muller). */
const normal = (random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

/**
 * The same traces as plain objects in the shape of Tempo's JSON search answer, and as the protobuf that Tempo
 * sends for them (tempopb.SearchResponse): spans grouped by service, as tta asks for them.
 */
export function searchAnswer({ traces, spansPerTrace, seed, startNs = 1_795_000_000_000_000_000n }) {
  const random = seeded(seed)
  const hex = (digits) => Array.from({ length: digits }, () => ((random() * 16) | 0).toString(16)).join('')
  const answer = { traces: [], metrics: { completedJobs: 3, totalJobs: 3 } }
  for (let t = 0; t < traces; t++) {
    const sets = new Map()
    const ids = []
    const called = []
    for (let s = 0; s < spansPerTrace; s++) {
      const caller = (random() * s) | 0
      const operation = s === 0 ? operations[t % 5] : operations[called[caller].callees[(random() * 4) | 0]]
      const { service, name, medianNs } = operation
      const spanID = hex(16)
      const parent = s === 0 ? '0000000000000000' : ids[caller]
      ids.push(spanID)
      called.push(operation)
      const span = {
        spanID,
        name,
        startTimeUnixNano: String(startNs + BigInt(t) * 1_000_000n + BigInt(s) * 1000n),
        durationNanos: String(Math.round(medianNs * Math.exp(0.5 * normal(random)))),
        attributes: [
          { key: 'span:parentID', value: { stringValue: parent } },
          { key: 'kind', value: { stringValue: kinds[s % 3] } },
          { key: 'status', value: { stringValue: random() < 0.03 ? 'error' : 'unset' } },
        ],
      }
      if (!sets.has(service)) sets.set(service, [])
      sets.get(service).push(span)
    }
    answer.traces.push({
      traceID: hex(32),
      rootServiceName: 'service-0',
      spanSets: [...sets].map(([service, spans]) => ({
        spans,
        matched: spans.length,
        attributes: [{ key: 'by(resource.service.name)', value: { stringValue: service } }],
      })),
    })
  }
  return answer
}

export function toProtobuf(answer) {
  const writer = new ProtobufWriter()
  const attribute = (field, { key, value }) =>
    writer.message(field, () => {
      writer.string(1, key)
      writer.message(2, () => writer.string(1, value.stringValue))
    })
  for (const trace of answer.traces) {
    writer.message(1, () => {
      writer.string(1, trace.traceID.replace(/^0+/, ''))
      writer.string(2, trace.rootServiceName)
      for (const set of trace.spanSets) {
        writer.message(7, () => {
          for (const span of set.spans) {
            writer.message(1, () => {
              writer.string(1, span.spanID)
              writer.string(2, span.name)
              writer.varint(3, BigInt(span.startTimeUnixNano))
              writer.varint(4, BigInt(span.durationNanos))
              for (const one of span.attributes) attribute(5, one)
            })
          }
          writer.varint(2, set.matched)
          for (const one of set.attributes) attribute(3, one)
        })
      }
    })
  }
  const { completedJobs, totalJobs } = answer.metrics
  writer.message(2, () => {
    writer.varint(4, completedJobs)
    writer.varint(5, totalJobs)
  })
  return writer.finish()
}

/** A trace of such an answer as OTLP, a resource for each service (opentelemetry-proto trace/v1 TracesData). */
export function toTracesData({ traceID, spanSets }) {
  const writer = new ProtobufWriter()
  const bytes = (hex) => Buffer.from(hex, 'hex')
  for (const { spans, attributes } of spanSets) {
    writer.message(1, () => {
      writer.message(1, () => attributeOf(writer, 1, 'service.name', attributes[0].value.stringValue))
      writer.message(2, () => {
        for (const span of spans) writer.message(2, () => otlpSpan(writer, bytes(traceID), span))
      })
    })
  }
  return writer.finish()
}

function otlpSpan(writer, traceId, { spanID, name, startTimeUnixNano, durationNanos, attributes }) {
  const [parent, kind, status] = attributes.map(({ value }) => value.stringValue)
  writer.bytes(1, traceId)
  writer.bytes(2, Buffer.from(spanID, 'hex'))
  if (!/^0+$/.test(parent)) writer.bytes(4, Buffer.from(parent, 'hex'))
  writer.string(5, name)
  writer.varint(6, kinds.indexOf(kind) + 1)
  writer.fixed64(7, BigInt(startTimeUnixNano))
  writer.fixed64(8, BigInt(startTimeUnixNano) + BigInt(durationNanos))
  attributeOf(writer, 9, 'http.request.method', 'GET')
  if (status === 'error') writer.message(15, () => writer.varint(3, 2))
}

function attributeOf(writer, field, key, text) {
  writer.message(field, () => {
    writer.string(1, key)
    writer.message(2, () => writer.string(1, text))
  })
}
