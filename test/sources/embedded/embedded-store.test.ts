import { readFileSync } from 'node:fs'
import t from 'tap'
import { TtaError } from '../../../src/base/errors.ts'
import { StringTable } from '../../../src/graph/columns/string-table.ts'
import { GraphBuilder } from '../../../src/graph/graph-builder.ts'
import { createEmbeddedSource } from '../../../src/sources/embedded/embedded-source.ts'
import {
  EmbeddedStore,
  inflated,
  requestOverheadBytes,
} from '../../../src/sources/embedded/embedded-store.ts'
import { jsonToProtobuf } from '../../../src/sources/otlp/json-to-protobuf.ts'
import { ProtobufError } from '../../../src/sources/protobuf/protobuf-reader.ts'
import { tagSelector } from '../../../src/sources/tag-selector.ts'
import type {
  ReadLimits,
  ReadProgress,
  TraceConsumer,
  TraceQuery,
} from '../../../src/sources/trace-source.ts'
import { type OtlpJson, type PlainSpan, plainInput, plainRows } from '../../support/otlp/plain-spans.ts'

const input = JSON.parse(
  readFileSync(new URL('../../recorded/input.otlp.json', import.meta.url), 'utf8'),
) as OtlpJson
const epochMs = 1_795_334_800_000

/** A store with a clock that moves only when it is set. */
function newStore({ maxBytes = 1e6, maxAgeSec = 3600 } = {}) {
  const clock = { ms: epochMs }
  return { clock, store: new EmbeddedStore({ maxBytes, maxAgeSec, now: () => clock.ms }) }
}

interface Sent {
  trace: number
  span: number
  parent?: number
  atMs: number
  ms?: number
  service?: string
  attributes?: Record<string, string>
}

const hex = (id: number, digits: number) => id.toString(16).padStart(digits, '0')
const ns = (ms: number) => String(BigInt(Math.round(ms * 1000)) * 1000n)

/** A request with these spans; `atMs` counts from `epochMs`. */
function request(...spans: Sent[]): Uint8Array {
  return jsonToProtobuf({
    resourceSpans: spans.map(({ trace, span, parent, atMs, ms = 1, service = 'shop', attributes = {} }) => ({
      resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
      scopeSpans: [
        {
          spans: [
            {
              traceId: hex(trace, 32),
              spanId: hex(span, 16),
              ...(parent === undefined ? {} : { parentSpanId: hex(parent, 16) }),
              name: 'work',
              startTimeUnixNano: ns(epochMs + atMs),
              endTimeUnixNano: ns(epochMs + atMs + ms),
              attributes: Object.entries(attributes).map(([key, value]) => ({
                key,
                value: { stringValue: value },
              })),
            },
          ],
        },
      ],
    })),
  })
}

interface Asked {
  tag?: string
  filter?: string
  fromMs?: number
  toMs?: number
  limit?: number
  query?: string
}

function traceQuery(asked: Asked): TraceQuery {
  const { tag = 'service.name', filter = '.*', fromMs = -1000, toMs = 1000, limit = 1000, query } = asked
  const window = { fromMs: epochMs + fromMs, toMs: epochMs + toMs }
  return { selector: tagSelector(tag, filter), window, limit, query }
}

/** Reads into plain spans, one list for each trace in the order of the read. */
async function read(
  store: EmbeddedStore,
  asked: Asked = {},
  signal = new AbortController().signal,
  limits?: ReadLimits,
) {
  const traces: PlainSpan[][] = []
  const progress: ReadProgress[] = []
  const consumer: TraceConsumer = {
    strings: new StringTable(),
    add: (spans) => traces.push(plainRows(spans)),
    remove: () => t.fail('nothing is taken back'),
  }
  const onProgress = (now: ReadProgress) => progress.push(now)
  const report = await createEmbeddedSource(store).read(traceQuery(asked), consumer, {
    signal,
    limits,
    onProgress,
  })
  return { traces, report, progress }
}

const numbers = (traces: PlainSpan[][]) => traces.map(([span]) => Number.parseInt(span?.traceId ?? '', 16))

t.test('reads every received trace once and whole', async (t) => {
  const { store } = newStore()
  const tag = { scope: 'resource', key: 'service.name' } as const
  t.same(store.add(jsonToProtobuf(input)), { acceptedSpans: 182, rejectedSpans: 0, reason: '' })
  const { traces, report } = await read(store, { fromMs: -1e6, toMs: 1e6 })
  t.same(
    traces.flat().sort((a, b) => (a.traceId + a.spanId < b.traceId + b.spanId ? -1 : 1)),
    plainInput(input, tag),
  )
  t.equal(traces.length, 12)
  t.ok(traces.every((spans) => new Set(spans.map((span) => span.traceId)).size === 1))
  t.match(report, {
    traces: 12,
    spans: 182,
    requests: 0,
    retries: 0,
    slices: 1,
    bytes: jsonToProtobuf(input).length,
    outsideWindow: 0,
    truncated: false,
    traceql: null,
    unavailable: [],
    warnings: [],
  })
})

t.test('joins the spans of a trace from several requests, in any order', async (t) => {
  const { store } = newStore()
  store.add(request({ trace: 1, span: 13, parent: 11, atMs: 9 }, { trace: 2, span: 21, atMs: 1 }))
  store.add(request({ trace: 1, span: 12, parent: 11, atMs: 5 }))
  store.add(request({ trace: 2, span: 22, parent: 21, atMs: 2 }, { trace: 1, span: 11, atMs: 4 }))
  const { traces, report } = await read(store)
  t.same(numbers(traces), [2, 1], 'in order of their earliest start')
  t.same(
    traces.map((spans) => spans.map(({ spanId, parentId }) => [+`0x${spanId}`, +`0x${parentId}`])),
    [
      [
        [21, 0],
        [22, 21],
      ],
      [
        [11, 0],
        [12, 11],
        [13, 11],
      ],
    ],
  )
  t.match(report, { traces: 2, spans: 5 })
})

t.test('assigns a trace to the window in which its earliest span starts, to the ns', async (t) => {
  const { store } = newStore()
  store.add(
    request(
      { trace: 1, span: 1, atMs: -0.001 },
      { trace: 2, span: 2, atMs: 0 },
      { trace: 3, span: 3, atMs: 99.999 },
      { trace: 4, span: 4, atMs: 100 },
      { trace: 5, span: 5, atMs: -50, ms: 60 },
      { trace: 6, span: 6, atMs: -50, ms: 20 },
      { trace: 7, span: 7, atMs: 50 },
      { trace: 7, span: 8, atMs: -1 },
      { trace: 8, span: 9, atMs: 50 },
      { trace: 8, span: 10, atMs: 5000 },
    ),
  )
  const { traces, report } = await read(store, { fromMs: 0, toMs: 100 })
  t.same(numbers(traces), [2, 8, 3])
  t.equal(report.outsideWindow, 3, '1, 5 and 7 reach into it; 6 ended before it and 4 starts after it')
  t.equal(report.spans, 4, 'also the span of trace 8 that starts after the window')
})

t.test('reads the newest traces within the limit, by id if they start together', async (t) => {
  const { store } = newStore()
  const spans = [5, 3, 9, 1, 7].map((trace) => ({ trace, span: trace, atMs: trace === 9 ? -1 : 0 }))
  for (const order of [spans, [...spans].reverse()]) {
    const { store } = newStore()
    for (const span of order) store.add(request(span))
    const { traces, report } = await read(store, { limit: 3 })
    t.same(numbers(traces), [3, 5, 7])
    t.match(report, { truncated: true, traces: 3, warnings: [/^More than 3 traces/] })
  }
  store.add(request(...spans))
  t.equal((await read(store, { limit: 5 })).report.truncated, false)
})

t.test('reads the newest traces within the limits of a read, and reports that', async (t) => {
  const { store } = newStore()
  for (const atMs of [1, 2, 3]) {
    store.add(request({ trace: atMs, span: 1, atMs }, { trace: atMs, span: 2, atMs }))
  }
  const bytes = store.requests().at(-1)?.length ?? 0
  const { signal } = new AbortController()
  const cases: [limits: ReadLimits, traces: number[], warnings: string[]][] = [
    [{ maxSpans: 6, maxBytes: bytes * 3 }, [1, 2, 3], []],
    [{ maxSpans: 5, maxBytes: 1e6 }, [2, 3], ['More than 5 spans (build.max_spans)']],
    [{ maxSpans: 1, maxBytes: 1e6 }, [3], ['More than 1 spans (build.max_spans)']],
    [{ maxSpans: 1e6, maxBytes: bytes * 2 }, [2, 3], [`More than ${bytes * 2} bytes (build.max_bytes)`]],
  ]
  for (const [limits, expected, warnings] of cases) {
    const { traces, report } = await read(store, {}, signal, limits)
    t.same(numbers(traces), expected)
    const rest = ' in the window: the oldest part was not read.'
    t.match(report, { traces: expected.length, truncated: warnings.length > 0 })
    t.same(
      report.warnings,
      warnings.map((warning) => warning + rest),
    )
  }
})

t.test('selects a trace if one of its spans has a matching value', async (t) => {
  const { store } = newStore()
  store.add(
    request(
      { trace: 1, span: 1, atMs: 1, service: 'cart', attributes: { route: '/a' } },
      { trace: 1, span: 2, atMs: 2, service: 'db', attributes: { route: '/b' } },
      { trace: 2, span: 3, atMs: 3, service: 'cart-2' },
      { trace: 3, span: 4, atMs: 4, service: 'mail', attributes: { route: '' } },
      { trace: 4, span: 5, atMs: 5, service: '', attributes: { route: '/c' } },
    ),
  )
  const select = async (tag: string, filter?: string) =>
    numbers((await read(store, { tag, ...(filter === undefined ? {} : { filter }) })).traces)
  t.same(await select('service.name'), [1, 2, 3, 4], 'every trace, also one without the tag')
  t.same(await select('service.name', 'cart'), [1, 2])
  t.same(await select('service.name', '^cart$'), [1])
  t.same(await select('service.name', '^$'), [], 'an absent value matches nothing')
  t.same(await select('span.route'), [1, 4], 'the tag must be there')
  t.same(await select('route', '[bc]'), [1, 4])
  t.same(await select('resource.route'), [])
  t.equal((await read(store, { tag: 'route', filter: 'b' })).traces[0]?.length, 2, 'the trace is whole')
})

t.test('rejects and counts invalid spans, and keeps the others', async (t) => {
  const { store } = newStore()
  const good = { traceId: hex(1, 32), spanId: hex(1, 16), startTimeUnixNano: ns(epochMs) }
  const bad = [
    { ...good, traceId: hex(0, 32) },
    { ...good, traceId: hex(1, 30) },
    { ...good, traceId: hex(1, 34) },
    { ...good, spanId: '' },
    { ...good, spanId: hex(0, 16) },
    { ...good, spanId: hex(1, 18) },
    { ...good, parentSpanId: '01' },
  ]
  const zeroParent = { ...good, spanId: hex(2, 16), parentSpanId: hex(0, 16) }
  const spans = [...bad, good, zeroParent]
  const acceptance = store.add(jsonToProtobuf({ resourceSpans: [{ scopeSpans: [{ spans }] }] }))
  t.same(acceptance, { acceptedSpans: 2, rejectedSpans: 7, reason: 'trace_id must not be all zero' })
  const reasons = bad.map(
    (span) => store.add(jsonToProtobuf({ resourceSpans: [{ scopeSpans: [{ spans: [span] }] }] })).reason,
  )
  t.same(reasons, [
    'trace_id must not be all zero',
    'trace_id must have 16 bytes, not 15',
    'trace_id must have 16 bytes, not 17',
    'span_id must have 8 bytes, not 0',
    'span_id must not be all zero',
    'span_id must have 8 bytes, not 9',
    'parent_span_id must be empty or have 8 bytes, not 1',
  ])
  t.equal(store.requests().length, 1, 'a request without a valid span is not stored')
  const { traces } = await read(store)
  t.same(
    traces.map((spans) => spans.map((span) => +`0x${span.spanId}`)),
    [[1, 2]],
  )
})

t.test('rejects a damaged request as a whole', async (t) => {
  const { store } = newStore()
  const body = request({ trace: 1, span: 1, atMs: 0, attributes: { key: 'value' } })
  t.throws(() => store.add(body.subarray(0, body.length - 1)), ProtobufError)
  t.throws(() => store.add(Buffer.from('<html>')), ProtobufError)
  t.equal(store.requests().length, 0)
  t.equal(store.bytes, 0)
})

t.test('keeps its own copy of a request', async (t) => {
  const { store } = newStore()
  const body = request({ trace: 1, span: 1, atMs: 0 })
  store.add(body)
  body.fill(0xff)
  t.equal((await read(store)).traces.length, 1)
})

/** The bytes that the store counts for a request. */
function costOf(body: Uint8Array): number {
  const { store } = newStore()
  store.add(body)
  t.ok(store.bytes > requestOverheadBytes)
  return store.bytes
}

t.test('stores a request compressed, and reads it unchanged', async (t) => {
  const { store } = newStore()
  const spans = Array.from({ length: 500 }, (_, i) => ({
    trace: 1,
    span: i + 1,
    atMs: i,
    attributes: { route: '/cart' },
  }))
  const body = request(...spans)
  store.add(body)
  t.ok(store.bytes < body.length / 4, `${store.bytes} of ${body.length}`)
  t.same(
    store.requests().map((held) => Buffer.compare(inflated(held), body)),
    [0],
  )
  t.equal((await read(store)).report.bytes, body.length)
})

t.test('evicts the oldest requests above max_bytes, and the report says so', async (t) => {
  const body = (trace: number) => request({ trace, span: 1, atMs: trace })
  const cost = costOf(body(1))
  const { store } = newStore({ maxBytes: 3 * cost })
  for (let trace = 1; trace <= 50; trace++) {
    store.add(body(trace))
    t.ok(store.bytes <= 3 * cost)
  }
  const { traces, report } = await read(store)
  t.same(numbers(traces), [48, 49, 50])
  t.match(report, { truncated: true, warnings: [/^About 47 spans of the window were evicted/] })
  const elsewhere = await read(store, { fromMs: -7_200_000, toMs: -3_600_000 })
  t.match(elsewhere.report, { truncated: false, warnings: { length: 0 } })
})

t.test('rejects a request that is larger than the store, and evicts nothing', async (t) => {
  const small = request({ trace: 1, span: 1, atMs: 0 })
  const { store } = newStore({ maxBytes: costOf(small) })
  store.add(small)
  const large = request({ trace: 2, span: 1, atMs: 0 }, { trace: 2, span: 2, atMs: 0 })
  t.match(store.add(large), { acceptedSpans: 0, rejectedSpans: 2, reason: /holds at most \d+$/ })
  t.same(numbers((await read(store)).traces), [1])
})

t.test('removes requests by their age since arrival', async (t) => {
  const { clock, store } = newStore({ maxAgeSec: 60 })
  store.add(request({ trace: 1, span: 1, atMs: 0 }))
  clock.ms += 30_000
  store.add(request({ trace: 2, span: 2, atMs: 10 }))
  clock.ms += 30_000
  t.equal(store.requests().length, 2, 'exactly as old as is allowed')
  clock.ms += 1
  const { traces, report } = await read(store, { fromMs: -60_000, toMs: 100_000 })
  t.same(numbers(traces), [2])
  t.match(report, { truncated: false, warnings: [/the window begins there/] })
  clock.ms += 60_000
  t.equal(store.requests().length, 0)
  t.equal(store.bytes, 0)
})

t.test('shortens the window to the stored spans after some have expired', async (t) => {
  const { clock, store } = newStore({ maxAgeSec: 60 })
  const searched = async (fromMs: number, toMs: number) => {
    const { report } = await read(store, { fromMs, toMs })
    const { fromMs: from, toMs: to } = report.searched
    return [from - epochMs, to - epochMs, report.truncated, report.warnings.length]
  }
  t.same(await searched(-7_200_000, 0), [-7_200_000, 0, false, 0], 'nothing was ever lost')
  store.add(request({ trace: 1, span: 1, atMs: -100_000 }))
  t.same(await searched(-7_200_000, 0), [-7_200_000, 0, false, 0], 'a span that came late')
  clock.ms += 1_000_000
  t.same(await searched(-7_200_000, 1_000_000), [940_000, 1_000_000, false, 1])
  t.same(await searched(-7_200_000, -3_600_000), [-7_200_000, -3_600_000, false, 0], 'nothing was lost there')
  t.same(
    await searched(-7_200_000, 0),
    [-7_200_000, 0, true, 1],
    'all of it is too old: reported as a warning',
  )
})

t.test('rejects TraceQL: it requires Tempo', async (t) => {
  const { store } = newStore()
  await t.rejects(read(store, { query: 'status = error' }), {
    code: 'TTA_BAD_REQUEST',
    errors: [{ field: 'query', value: 'status = error', message: /requires Tempo/ }],
  })
})

t.test('a cancelled read throws, with the reason if it is a TtaError', async (t) => {
  const { store } = newStore()
  store.add(request({ trace: 1, span: 1, atMs: 0 }))
  await t.rejects(read(store, {}, AbortSignal.abort()), { code: 'TTA_CANCELLED' })
  const deadline = new TtaError('TTA_DEADLINE', 'too late')
  await t.rejects(read(store, {}, AbortSignal.abort(deadline)), deadline)
})

t.test('a long read yields to the event loop, can be cancelled, and reports its progress', async (t) => {
  const { store } = newStore({ maxBytes: 1e9 })
  const spans = Array.from({ length: 500 }, (_, i) => ({ trace: 1 + (i % 50), span: i + 1, atMs: i % 100 }))
  const body = request(...spans)
  for (let i = 0; i < 200; i++) store.add(body)
  let turns = 0
  let reading = true
  const count = () => {
    turns++
    if (reading) setImmediate(count)
  }
  setImmediate(count)
  const { report, progress } = await read(store)
  reading = false
  t.equal(report.spans, 100_000)
  t.ok(turns > 1, `${turns} turns`)
  t.same(progress.at(-1), { fraction: 1, slices: 1, traces: 50, spans: 100_000, requests: 0 })
  t.ok(progress.every(({ fraction }, i) => i === 0 || fraction >= (progress[i - 1]?.fraction ?? 0)))

  const controller = new AbortController()
  const cancelled = read(store, {}, controller.signal)
  setImmediate(() => controller.abort())
  await t.rejects(cancelled, { code: 'TTA_CANCELLED' })
})

t.test('gives the same graph for every order of the requests', async (t) => {
  const parts = input.resourceSpans.map((part) => jsonToProtobuf({ resourceSpans: [part] }))
  const graphOf = async (bodies: Uint8Array[]) => {
    const { store } = newStore()
    for (const body of bodies) store.add(body)
    const builder = new GraphBuilder({
      strings: new StringTable(),
      slowThresholdMs: 40,
      isTagNode: () => true,
    })
    const query = traceQuery({ fromMs: -1e6, toMs: 1e6 })
    await createEmbeddedSource(store).read(query, builder, { signal: new AbortController().signal })
    return JSON.stringify(builder.finish())
  }
  const once = await graphOf([jsonToProtobuf(input)])
  t.equal(await graphOf(parts), once)
  t.equal(await graphOf([...parts].reverse()), once)
  t.equal(await graphOf([...parts.slice(7), ...parts.slice(0, 7)]), once)
})

t.test('the source is always available', async () => {
  const source = createEmbeddedSource(newStore().store)
  await source.check(new AbortController().signal)
  await source.close()
})
