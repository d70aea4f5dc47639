import { randomBytes } from 'node:crypto'
import { gzipSync } from 'node:zlib'
import { ProtobufWriter } from '../../../src/sources/protobuf/protobuf-writer.ts'
import type { ReadReport } from '../../../src/sources/trace-source.ts'
import { graphOf, type ReadingOptions } from './read-window.ts'
import { fragmentOf } from './stored-trace.ts'
import { type Answer, type Asked, type Fault, protobuf, type StandInOptions, text } from './tempo-stand-in.ts'

const epochMs = 1_700_000_000_000
export const window = { fromMs: epochMs, toMs: epochMs + 16_000 }
export const fragments = Array.from({ length: 40 }, (_, i) =>
  fragmentOf(i + 1, epochMs, [
    { id: 1, name: 'GET /', service: 'front', atMs: i * 400, ms: 3 },
    { id: 2, parent: 1, service: 'back', atMs: i * 400 + 1, ms: 1 },
  ]),
)
export const graph = JSON.stringify(graphOf(fragments))

export interface Row {
  name: string
  tempo?: Partial<StandInOptions>
  read?: Partial<ReadingOptions>
  /** The expected error, or else report; a report without `traces` has all 40. */
  code?: string
  message?: RegExp
  report?: Partial<ReadReport>
  warnings?: RegExp[]
  /** Most requests, including retries. */
  atMost?: number
}

const isSearch = ({ kind }: Asked) => kind === 'search'
const seconds = ({ params }: Asked) => Number(params.get('end')) - Number(params.get('start'))

/** A fault of searches only. */
export const onSearch = (
  fault: (asked: Asked, answer: () => Answer) => Fault | undefined,
): Partial<StandInOptions> => ({
  fault: (asked, answer) => (isSearch(asked) ? fault(asked, answer) : undefined),
})
const once = (fault: Fault) => onSearch(({ n }) => (n === 1 ? fault : undefined))
export const always = (fault: Fault) => onSearch(() => fault)
const wider = (sec: number, fault: Fault) => onSearch((asked) => (seconds(asked) > sec ? fault : undefined))

/** The answer with other metrics. */
export function withJobs(answer: Answer, completed: number): Answer {
  const writer = new ProtobufWriter()
  writer.message(2, () => {
    writer.varint(4, completed)
    writer.varint(5, 3)
  })
  return { ...answer, body: Buffer.concat([Buffer.from(answer.body), writer.finish()]) }
}

/** The first half of the traces, without what follows. */
function withoutEnd(answer: Buffer): Buffer {
  let end = 0
  while (end < answer.length / 2) {
    const length = protobufLength(answer, end + 1)
    end = length.end + length.value
  }
  return answer.subarray(0, end)
}

function protobufLength(bytes: Buffer, start: number): { value: number; end: number } {
  let [value, end, shift] = [0, start, 0]
  for (; ; shift += 7) {
    const byte = bytes[end++] ?? 0
    value |= (byte & 0x7f) << shift
    if (byte < 0x80) return { value, end }
  }
}

export const tooLarge = text(500, 'response larger than the max (26042395 vs 16777216)')
export const html: Answer = {
  status: 200,
  type: 'text/html',
  body: '<html><body>502 Bad Gateway</body></html>',
}
const json: Answer = { status: 200, type: 'application/json', body: '{"traces":[]}' }
const emptyJson: Answer = { ...json, body: '{"traces":[],"metrics":{}}' }
const bomb: Answer = {
  ...protobuf(gzipSync(Buffer.alloc(2e6))),
  headers: { 'content-encoding': 'gzip' },
  raw: true,
}
export const damaged: Answer = { ...bomb, body: randomBytes(500) }
const orphan = fragmentOf(99, epochMs, [{ id: 2, parent: 1, atMs: 5000, ms: 1 }])
const many = fragmentOf(98, epochMs, [
  { id: 1, atMs: 100, ms: 50 },
  ...Array.from({ length: 149 }, (_, i) => ({ id: i + 2, parent: 1, atMs: 110, ms: 1 })),
])

export const rows: Row[] = [
  { name: 'limit hit', tempo: { maxResultLimit: 15 }, report: { truncated: false } },
  {
    name: 'limit hit in every second',
    tempo: { maxResultLimit: 1 },
    report: { truncated: true, traces: 16 },
    warnings: [/^\d+ s of the window hold more than Tempo can answer/],
  },
  {
    name: 'completedJobs < totalJobs once',
    tempo: onSearch(({ n }, answer) => (n === 1 ? withJobs(answer(), 2) : undefined)),
    report: { truncated: false },
  },
  {
    name: 'completedJobs < totalJobs always',
    tempo: onSearch((_asked, answer) => withJobs(answer(), 0)),
    report: { truncated: true },
    warnings: [/^\d+ s of the window hold more than Tempo can answer/],
    atMost: 60,
  },
  { name: 'larger than the max until the window is an eighth', tempo: wider(2, tooLarge), report: {} },
  { name: 'larger than the max always', tempo: always(tooLarge), code: 'TTA_TEMPO_UNAVAILABLE', atMost: 60 },
  {
    name: 'larger than max as gRPC says it',
    tempo: wider(
      4,
      text(
        500,
        'rpc error: code = ResourceExhausted desc = grpc: received message after decompression larger than max 16777216',
      ),
    ),
    report: { retries: 0 },
  },
  { name: 'spss cap of 20', tempo: { maxSpansPerSpanSet: 20 }, report: {}, atMost: 10 },
  { name: 'max_result_limit of 1000', tempo: { maxResultLimit: 1000 }, report: {}, atMost: 10 },
  {
    name: 'max_duration of 5 s',
    tempo: { maxDuration: { sec: 5, text: '5s' } },
    report: { truncated: false },
  },
  { name: '429 once', tempo: once(text(429, 'job queue full')), report: { retries: 1 } },
  {
    name: '429 forever',
    tempo: always(text(429, 'job queue full')),
    code: 'TTA_TEMPO_UNAVAILABLE',
    message: /429: job queue full/,
  },
  { name: '503 once', tempo: once(text(503, 'Service Unavailable')), report: { retries: 1 } },
  { name: '503 forever', tempo: always(text(503, 'no healthy upstream')), code: 'TTA_TEMPO_UNAVAILABLE' },
  { name: '502 once', tempo: once(text(502, 'Bad Gateway')), report: { retries: 1 } },
  { name: '502 forever', tempo: always(text(502, 'Bad Gateway')), code: 'TTA_TEMPO_UNAVAILABLE', atMost: 25 },
  {
    name: '503 of a timeout on wide searches',
    tempo: wider(8, text(503, 'unable to process request in the configured timeout')),
    report: { retries: 0 },
  },
  {
    name: '500 context deadline exceeded on wide searches',
    tempo: wider(8, text(500, 'context deadline exceeded')),
    report: { retries: 0 },
  },
  {
    name: '500 context deadline exceeded always',
    tempo: always(text(500, 'context deadline exceeded')),
    code: 'TTA_TEMPO_UNAVAILABLE',
    atMost: 30,
  },
  {
    name: '500 of a failed querier twice',
    tempo: onSearch(({ n }) => (n <= 2 ? text(500, 'error querying live-stores') : undefined)),
    report: { retries: 2 },
  },
  { name: '500 forever', tempo: always(text(500, 'panic')), code: 'TTA_TEMPO_UNAVAILABLE', atMost: 12 },
  { name: 'reset before headers once', tempo: once('reset'), report: { retries: 1 } },
  { name: 'reset before headers always', tempo: always('reset'), code: 'TTA_TEMPO_UNAVAILABLE', atMost: 20 },
  {
    name: 'reset in mid-body once',
    tempo: onSearch(({ n }, answer) => (n === 1 ? { ...answer(), resetAfter: 20 } : undefined)),
    report: {},
  },
  {
    name: 'reset in mid-body always',
    tempo: onSearch((_asked, answer) => ({ ...answer(), resetAfter: 20 })),
    code: 'TTA_TEMPO_UNAVAILABLE',
    atMost: 130,
  },
  {
    name: 'protobuf cut short',
    tempo: onSearch((_asked, answer) => ({ ...answer(), body: Buffer.from(answer().body).subarray(0, -30) })),
    code: 'TTA_TEMPO_BAD_ANSWER',
    message: /damaged/,
  },
  {
    name: 'protobuf cut between two traces',
    tempo: onSearch((_asked, answer) => ({ ...answer(), body: withoutEnd(Buffer.from(answer().body)) })),
    code: 'TTA_TEMPO_BAD_ANSWER',
    message: /damaged.*metrics/,
  },
  {
    name: 'nothing with status 200',
    tempo: always(protobuf(new Uint8Array())),
    code: 'TTA_TEMPO_BAD_ANSWER',
    message: /damaged.*metrics/,
  },
  ...[202, 203, 206].map((status) => ({
    name: `an answer with status ${status}`,
    tempo: onSearch((_asked, answer) => ({ ...answer(), status })),
    code: 'TTA_TEMPO_BAD_ANSWER',
    message: RegExp(`answered ${status} instead of 200`),
  })),
  {
    name: 'JSON of ids without metrics',
    tempo: {
      unknown: ['select('],
      fault: ({ kind, params }, answer) =>
        kind === 'search' && params.get('q') === '{ }' && answer().type === 'application/json'
          ? json
          : undefined,
    },
    code: 'TTA_TEMPO_BAD_ANSWER',
  },
  {
    name: 'an HTML page with status 200',
    tempo: always(html),
    code: 'TTA_TEMPO_BAD_ANSWER',
    message: /text\/html/,
  },
  {
    name: 'JSON in place of protobuf',
    tempo: always(json),
    code: 'TTA_TEMPO_BAD_ANSWER',
    message: /application\/json/,
  },
  {
    name: 'nothing with status 204',
    tempo: always({ status: 204, type: '', body: '' }),
    code: 'TTA_TEMPO_BAD_ANSWER',
  },
  { name: 'gzip that is damaged', tempo: always(damaged), code: 'TTA_TEMPO_BAD_ANSWER', message: /gzip/ },
  {
    name: 'a gzip bomb',
    tempo: always(bomb),
    read: { maxAnswerBytes: 1e6 },
    code: 'TTA_TEMPO_BAD_ANSWER',
    message: /max_answer_bytes \(1000000\)/,
    atMost: 60,
  },
  {
    name: 'a body over the limit without gzip',
    tempo: always({ ...protobuf(Buffer.alloc(2e6)), raw: true }),
    read: { maxAnswerBytes: 1e6 },
    code: 'TTA_TEMPO_BAD_ANSWER',
    message: /max_answer_bytes/,
  },
  {
    name: 'an answer of larger than max_answer_bytes that smaller slices make smaller',
    read: { maxAnswerBytes: 2000 },
    report: { truncated: false },
  },
  {
    name: 'a trace of JSON {"trace":{}}',
    tempo: {
      fragments: [...fragments, orphan],
      fault: ({ kind }) => (kind === 'lookup' ? { ...json, body: '{"trace":{},"metrics":{}}' } : undefined),
    },
    report: { traces: 41, suspects: 1, repaired: 0, incomplete: 0 },
  },
  {
    name: 'an HTML page for a trace',
    tempo: { fragments: [...fragments, orphan], fault: ({ kind }) => (kind === 'lookup' ? html : undefined) },
    code: 'TTA_TEMPO_BAD_ANSWER',
  },
  {
    name: 'a Tempo without trace by id v2',
    tempo: {
      fragments: [...fragments, many],
      fault: ({ kind }) => (kind === 'lookup' ? text(404, '404 page not found') : undefined),
    },
    report: { traces: 41, spans: 230, repaired: 1, incomplete: 0 },
  },
  {
    name: 'trace by id over its limit, 422',
    tempo: {
      fragments: [...fragments, many],
      fault: ({ kind }) =>
        kind === 'lookup' ? text(422, 'trace exceeds max size (max bytes: 5000000)') : undefined,
    },
    report: { traces: 41, spans: 181, incomplete: 1 },
    warnings: [/^1 traces lack spans/],
  },
  {
    name: 'PARTIAL by id of a trace that lacks spans',
    tempo: { fragments: [...fragments, many], partial: true },
    report: { traces: 41, spans: 230, incomplete: 1 },
    warnings: [/^1 traces lack spans/],
  },
  {
    name: 'PARTIAL by id of a trace with a missing parent',
    tempo: { fragments: [...fragments, orphan], partial: true },
    report: { traces: 41, incomplete: 1 },
    warnings: [/^1 traces lack spans/],
  },
  { name: 'padded trace ids', tempo: { padIds: true }, report: {} },
  { name: 'attribute nil', tempo: { dedicated: ['service.name'] }, report: {} },
  { name: 'a Tempo without metrics', tempo: { metrics: false }, report: {} },
  {
    name: 'metrics that answer HTML',
    tempo: { fault: ({ kind }) => (kind === 'histogram' ? html : undefined) },
    report: {},
  },
  ...['by(', 'select(', 'span:parentID'].map((unknown) => ({
    name: `a Tempo that refuses ${unknown}`,
    tempo: { unknown: [unknown] },
    report: { requests: 43 },
    warnings: [/^This Tempo refuses bulk search/],
  })),
  {
    name: 'refused bulk search and more traces than may be looked up',
    tempo: { unknown: ['select('] },
    read: { maxLookups: 10 },
    report: { traces: 10, truncated: true },
    warnings: [/refuses bulk/, /^Only the newest 10 traces/],
  },
  {
    name: 'refused bulk search and a low limit and range',
    tempo: { unknown: ['select('], maxResultLimit: 7, maxDuration: { sec: 9, text: '9s' } },
    report: { truncated: false },
    warnings: [/refuses bulk/],
  },
  {
    name: 'refused bulk search and nothing but JSON, in a window that ends now',
    tempo: { unknown: ['select('], fault: ({ kind }) => (kind === 'probe' ? emptyJson : undefined) },
    read: { now: () => window.toMs },
    warnings: [/refuses bulk/],
    report: {},
  },
  {
    name: 'a bad tenant is not taken for a bad query',
    tempo: { fault: () => text(400, "tenant ID 'a b' contains unsupported character ' '") },
    read: { query: 'status = error' },
    code: 'TTA_TEMPO_REFUSED',
    message: /tenant ID/,
  },
  {
    name: 'a query that is no TraceQL',
    read: { query: '{ .a > > }' },
    code: 'TTA_QUERY_REFUSED',
    message: /refused the query.*parse error/,
  },
  {
    name: '401',
    tempo: { fault: () => text(401, 'no org id') },
    code: 'TTA_TEMPO_UNAUTHORIZED',
    message: /no org id.*and the tenant/,
  },
  { name: '403', tempo: { fault: () => text(403, 'forbidden') }, code: 'TTA_TEMPO_UNAUTHORIZED' },
  {
    name: '404',
    tempo: { fault: () => text(404, '404 page not found') },
    code: 'TTA_TEMPO_REFUSED',
    message: /tempo\.url/,
  },
  {
    name: 'a redirect',
    tempo: { fault: () => ({ ...text(302, ''), headers: { location: 'http://127.0.0.1:1/login' } }) },
    code: 'TTA_TEMPO_REFUSED',
    message: /redirect/,
  },
  {
    name: 'a server that hangs',
    tempo: always('hang'),
    read: { timeoutMs: 60 },
    code: 'TTA_TEMPO_UNAVAILABLE',
    message: /in time/,
  },
]
