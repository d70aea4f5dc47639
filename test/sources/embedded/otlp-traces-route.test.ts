import { readFileSync } from 'node:fs'
import { type AddressInfo, connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import Fastify from 'fastify'
import t from 'tap'
import { StringTable } from '../../../src/graph/columns/string-table.ts'
import { otlpTracesRoute } from '../../../src/http/routes/otlp-traces.ts'
import { createEmbeddedSource } from '../../../src/sources/embedded/embedded-source.ts'
import { EmbeddedStore } from '../../../src/sources/embedded/embedded-store.ts'
import { jsonToProtobuf } from '../../../src/sources/otlp/json-to-protobuf.ts'
import { ProtobufWriter } from '../../../src/sources/protobuf/protobuf-writer.ts'
import { tagSelector } from '../../../src/sources/tag-selector.ts'
import { type OtlpJson, type PlainSpan, plainInput, plainRows } from '../../support/otlp/plain-spans.ts'

const inputText = readFileSync(new URL('../../recorded/input.otlp.json', import.meta.url), 'utf8')
const input = JSON.parse(inputText) as OtlpJson
const startMs = 1_795_334_800_000
const bodyLimitBytes = 200_000

async function listen(t: { teardown(end: () => unknown): unknown }, maxBytes = bodyLimitBytes) {
  const traces = new EmbeddedStore({ maxBytes: 1e7, maxAgeSec: 3600, now: () => startMs })
  const app = Fastify()
  await app.register(otlpTracesRoute, { traces, bodyLimitBytes: maxBytes })
  app.post('/elsewhere', async (request) => ({ got: request.body }))
  const url = await app.listen({ port: 0, host: '127.0.0.1' })
  t.teardown(() => app.close())
  const post = async (body: string | Uint8Array, headers: Record<string, string>) => {
    const response = await fetch(`${url}/v1/traces`, { method: 'POST', body: Buffer.from(body), headers })
    return {
      status: response.status,
      type: response.headers.get('content-type'),
      headers: response.headers,
      body: Buffer.from(await response.arrayBuffer()),
    }
  }
  return { traces, app, url, post }
}

const json = { 'content-type': 'application/json' }
const protobuf = { 'content-type': 'application/x-protobuf' }

async function spansIn(traces: EmbeddedStore): Promise<PlainSpan[]> {
  const spans: PlainSpan[] = []
  await createEmbeddedSource(traces).read(
    {
      selector: tagSelector('service.name', '.*'),
      window: { fromMs: startMs - 1e6, toMs: startMs + 1e6 },
      limit: 1e6,
    },
    { strings: new StringTable(), add: (table) => spans.push(...plainRows(table)), remove: () => undefined },
    { signal: new AbortController().signal },
  )
  return spans.sort((a, b) => (a.traceId + a.spanId < b.traceId + b.spanId ? -1 : 1))
}

function rpcStatus(code: number, message: string): Buffer {
  const writer = new ProtobufWriter()
  writer.varint(1, code)
  writer.string(2, message)
  return Buffer.from(writer.finish())
}

t.test('stores the same spans from JSON and protobuf, plain and gzip', async (t) => {
  const sent = plainInput(input, { scope: 'resource', key: 'service.name' })
  const bytes = jsonToProtobuf(input)
  const ways: [string, string | Uint8Array, Record<string, string>][] = [
    ['json', inputText, json],
    ['json with charset', inputText, { 'content-type': 'application/json; charset=utf-8' }],
    ['json gzip', gzipSync(inputText), { ...json, 'content-encoding': 'gzip' }],
    ['protobuf', bytes, protobuf],
    ['protobuf identity', bytes, { ...protobuf, 'content-encoding': 'identity' }],
    ['protobuf gzip', gzipSync(bytes), { ...protobuf, 'content-encoding': 'GZIP' }],
  ]
  for (const [name, body, headers] of ways) {
    const { traces, post } = await listen(t)
    const answer = await post(body, headers)
    t.equal(answer.status, 200, name)
    const isJson = name.startsWith('json')
    t.equal(answer.type, isJson ? 'application/json' : 'application/x-protobuf')
    t.equal(answer.body.toString(), isJson ? '{}' : '', 'an empty ExportTraceServiceResponse')
    t.same(await spansIn(traces), sent)
  }
})

t.test('accepts an empty request', async (t) => {
  const { post } = await listen(t)
  t.match(await post('{}', json), { status: 200 })
  t.match(await post(new Uint8Array(0), protobuf), { status: 200, body: { length: 0 } })
})

t.test('answers the number of rejected spans and the reason, and keeps the others', async (t) => {
  const body = {
    resourceSpans: [
      {
        scopeSpans: [
          {
            spans: [
              { traceId: '01', spanId: '0000000000000001' },
              { traceId: '0'.repeat(31) + 1, spanId: '', startTimeUnixNano: '1' },
              {
                traceId: '0'.repeat(31) + 1,
                spanId: '0000000000000001',
                startTimeUnixNano: `${startMs}000000`,
              },
            ],
          },
        ],
      },
    ],
  }
  const { traces, post } = await listen(t)
  const reason = 'trace_id must have 16 bytes, not 1'
  const answer = await post(JSON.stringify(body), json)
  t.equal(answer.status, 200)
  t.same(JSON.parse(answer.body.toString()), {
    partialSuccess: { rejectedSpans: '2', errorMessage: reason },
  })
  const expected = new ProtobufWriter()
  expected.message(1, () => {
    expected.varint(1, 2)
    expected.string(2, reason)
  })
  t.same((await post(jsonToProtobuf(body), protobuf)).body, Buffer.from(expected.finish()))
  t.equal((await spansIn(traces)).length, 2, 'one of each request')
})

t.test('answers 400 to a damaged body, with a Status in the encoding of the request', async (t) => {
  const { traces, post } = await listen(t)
  const gzip = { ...json, 'content-encoding': 'gzip' }
  const cases: [string | Uint8Array, Record<string, string>, RegExp][] = [
    ['{"resourceSpans":', json, /^The request body is not valid JSON in UTF-8: /],
    ['', json, /^The request body is not valid JSON/],
    [Buffer.from([0x22, 0xff, 0x22]), json, /^The request body is not valid JSON in UTF-8/],
    ['[]', json, /^\$ must be an object/],
    ['{"resourceSpans":[{"scopeSpans":7}]}', json, /^\$\.resourceSpans\[0\]\.scopeSpans must be an array/],
    ['{}', gzip, /^The request body is not valid gzip/],
    [gzipSync('{}').subarray(0, 12), gzip, /^The request body is not valid gzip/],
  ]
  for (const [body, headers, message] of cases) {
    const answer = await post(body, headers)
    t.match(answer, { status: 400, type: 'application/json' }, String(message))
    t.match(JSON.parse(answer.body.toString()), { code: 3, message })
  }
  const answer = await post(jsonToProtobuf(input).subarray(0, 1000), protobuf)
  t.match(answer, { status: 400, type: 'application/x-protobuf' })
  t.match(answer.body.subarray(0, 3).toString('hex'), /^080312$/)
  t.match(answer.body.toString(), /not an ExportTraceServiceRequest: \d+ bytes announced, \d+ left/)
  t.equal(traces.requests().length, 0)
})

t.test('answers 415 to another content type or encoding, with the accepted ones', async (t) => {
  const { post, url } = await listen(t)
  const text = await post('spans', { 'content-type': 'text/plain' })
  t.match(text, { status: 415, type: 'application/json' })
  t.equal(text.headers.get('accept'), 'application/json, application/x-protobuf')
  t.match(JSON.parse(text.body.toString()), { code: 3, message: /media type/i })
  const zstd = await post('spans', { ...protobuf, 'content-encoding': 'zstd' })
  t.equal(zstd.status, 415)
  t.equal(zstd.headers.get('accept-encoding'), 'gzip, identity')
  t.same(zstd.body, rpcStatus(3, 'content-encoding must be gzip or identity'))
  const none = await fetch(`${url}/v1/traces`, { method: 'POST' })
  t.ok([400, 415].includes(none.status), `no content type and no body: ${none.status}`)
})

t.test('answers 413 to a body that is too large, as sent or decompressed', async (t) => {
  const { traces, post } = await listen(t)
  const large = Buffer.alloc(bodyLimitBytes + 1, 0x20)
  t.match(await post(large, json), { status: 413, type: 'application/json' })
  const bomb = gzipSync(Buffer.alloc(50_000_000, 0x20))
  t.ok(bomb.length < bodyLimitBytes)
  const answer = await post(bomb, { ...protobuf, 'content-encoding': 'gzip' })
  t.match(answer, { status: 413, type: 'application/x-protobuf' })
  t.same(answer.body, rpcStatus(8, `The decompressed request body is larger than ${bodyLimitBytes} bytes`))
  t.equal(traces.requests().length, 0)
})

t.test(
  'answers 413 to a small body with millions of spans inside, before it takes their memory',
  async (t) => {
    const { traces, post } = await listen(t, 20_971_520)
    const inner = (tag: number, bytes: Uint8Array) => {
      const writer = new ProtobufWriter()
      writer.bytes(tag, bytes)
      return writer.finish()
    }
    const spans = Buffer.alloc(13_800_000, Buffer.from([0x12, 0]))
    const body = gzipSync(inner(1, inner(2, spans)))
    t.ok(body.length < 20_000)
    const answer = await post(body, { ...protobuf, 'content-encoding': 'gzip' })
    t.match([answer.status, answer.body.toString()], [413, /more than 2000000 messages/])
    const text = `{"resourceSpans":[{"scopeSpans":[{"spans":[${'{},'.repeat(1_500_000)}{}]}]}]}`
    const refused = await post(gzipSync(text), { ...json, 'content-encoding': 'gzip' })
    t.match([refused.status, refused.body.toString()], [413, /more than 1000000 objects/])
    t.equal(traces.requests().length, 0)
  },
)

t.test('answers 500 to an internal error, without its message', async (t) => {
  const { traces, post } = await listen(t)
  traces.add = () => {
    throw new Error('secret detail')
  }
  const answer = await post('{}', json)
  t.equal(answer.status, 500)
  t.same(JSON.parse(answer.body.toString()), { code: 13, message: 'Internal error' })
})

t.test('leaves the parsers and errors of other routes alone', async (t) => {
  const { app } = await listen(t)
  const ok = await app.inject({ method: 'POST', url: '/elsewhere', payload: { a: 1 } })
  t.same(ok.json(), { got: { a: 1 } })
  const other = await app.inject({ method: 'POST', url: '/elsewhere', headers: protobuf, payload: 'x' })
  t.equal(other.statusCode, 415)
  t.match(other.json(), { error: 'Unsupported Media Type' })
})

t.test('stores nothing of a request that breaks off', async (t) => {
  const { traces, app, post } = await listen(t)
  const { port } = app.server.address() as AddressInfo
  const socket = connect(port, '127.0.0.1')
  const gone = new Promise((resolve) => app.server.once('connection', (peer) => peer.once('close', resolve)))
  socket.write(
    'POST /v1/traces HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: 999\r\n\r\n{',
  )
  await new Promise((resolve) => socket.once('connect', resolve))
  socket.destroy()
  await gone
  t.equal(traces.requests().length, 0)
  t.equal((await post('{}', json)).status, 200)
})
