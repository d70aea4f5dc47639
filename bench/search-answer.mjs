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

/** A hundred operations of twenty services, each with a duration of its own, which call at most four others. */
const operations = Array.from({ length: 100 }, (_, i) => ({
  service: `service-${i % 20}`,
  name: `GET /api/v1/resource-${i}/{id}`,
  medianNs: 1e6 * 1.05 ** i,
  callees: [i * 3 + 1, i * 5 + 2, i * 7 + 3, i * 11 + 4].map((callee) => callee % 100),
}))
const kinds = ['internal', 'server', 'client']

/** A number of the normal distribution (Box and Muller). */
const normal = (random) => Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random())

/**
 * The same traces as plain objects in the shape of Tempo's JSON search answer, and as the protobuf that Tempo
 * sends for them (tempopb.SearchResponse): spans grouped by service, as tta asks for them.
 */
export function searchAnswer({ traces, spansPerTrace, seed }) {
  const random = seeded(seed)
  const hex = (digits) => Array.from({ length: digits }, () => ((random() * 16) | 0).toString(16)).join('')
  const start = 1_795_000_000_000_000_000n
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
        startTimeUnixNano: String(start + BigInt(t) * 1_000_000n + BigInt(s) * 1000n),
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
