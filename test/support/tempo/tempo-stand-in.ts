import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gzipSync } from 'node:zlib'
import { ProtobufWriter } from '../../../src/sources/protobuf/protobuf-writer.ts'
import { encodeSearch, encodeTrace, type SearchRequest, search } from './stand-in-search.ts'
import { parseTraceql } from './stand-in-traceql.ts'
import type { Fragment } from './stored-trace.ts'

export type AskedKind =
  | 'search'
  | 'ids'
  | 'count'
  | 'probe'
  | 'summaries'
  | 'lookup'
  | 'lookupV1'
  | 'histogram'
  | 'echo'
  | 'other'

/** A request as faults see it. */
export interface Asked {
  kind: AskedKind
  /** Number of the request among those of its kind, from 1. */
  n: number
  path: string
  params: URLSearchParams
  headers: IncomingMessage['headers']
}

export interface Answer {
  status: number
  type: string
  body: Uint8Array | string
  headers?: Record<string, string>
  /** Bytes after which the connection is reset. */
  resetAfter?: number
  /** Delay between two bytes of the body, ms. */
  dripMs?: number
  /** The body is sent as it is, whatever `content-encoding` says. */
  raw?: boolean
}

/** Replaces the answer: another answer, none, or a reset of the connection. */
export type Fault = Answer | 'hang' | 'reset'

export interface StandInOptions {
  fragments: Fragment[]
  /** Unix ms; used only for a cutoff. */
  now: () => number
  /** `query_end_cutoff` of Tempo 3, s. */
  cutoffSec: number
  maxSpansPerSpanSet: number
  maxResultLimit: number
  maxDuration: { sec: number; text: string }
  /** Most spans in one answer. */
  maxSpans: number
  dedicated: string[]
  padIds: boolean
  /** Query stages and fields this Tempo does not know, such as `by` or `span:parentID`. */
  unknown: string[]
  /** Whether trace by id returns only the first fragment, with PARTIAL. */
  partial: boolean
  /** Whether there are metrics of spans. */
  metrics: boolean
  fault: (asked: Asked, answer: () => Answer) => Fault | undefined
}

export interface TempoStandIn {
  url: string
  options: StandInOptions
  asked: Asked[]
  count(kind: AskedKind): number
  /** The number of open connections. */
  connections(): Promise<number>
  close(): Promise<void>
}

/** Starts a server on a free port that answers like Tempo's read API, from the given fragments. */
export async function startTempo(some: Partial<StandInOptions> = {}): Promise<TempoStandIn> {
  const options: StandInOptions = {
    fragments: [],
    now: Date.now,
    cutoffSec: 0,
    maxSpansPerSpanSet: 100,
    maxResultLimit: 262_144,
    maxDuration: { sec: 168 * 3600, text: '168h0m0s' },
    maxSpans: Number.POSITIVE_INFINITY,
    dedicated: [],
    padIds: false,
    unknown: [],
    partial: false,
    metrics: true,
    fault: () => undefined,
    ...some,
  }
  const asked: Asked[] = []
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://tempo')
    const kind = kindOf(url)
    const n = asked.filter((other) => other.kind === kind).length + 1
    const now: Asked = { kind, n, path: url.pathname, params: url.searchParams, headers: request.headers }
    asked.push(now)
    const normal = () => answer(options, now)
    send(request, response, options.fault(now, normal) ?? normal())
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    options,
    asked,
    count: (kind) => asked.filter((one) => one.kind === kind).length,
    connections: () => new Promise((resolve) => server.getConnections((_error, count) => resolve(count))),
    close: async () => {
      const closed = new Promise((resolve) => server.close(resolve))
      server.closeAllConnections()
      await closed
    },
  }
}

function kindOf({ pathname, searchParams }: URL): AskedKind {
  const q = searchParams.get('q') ?? ''
  if (pathname.endsWith('/api/search')) {
    if (q.startsWith('{ trace:id')) return 'ids'
    if (q === '{ } | by(trace:duration)') return 'count'
    if (q === '{ span.aggregation.is_summary != nil }') return 'summaries'
    return q === '{ }' && searchParams.get('limit') === '1' ? 'probe' : 'search'
  }
  if (/\/api\/v2\/traces\/[^/]*$/.test(pathname)) return 'lookup'
  if (/\/api\/traces\/[^/]*$/.test(pathname)) return 'lookupV1'
  if (pathname.endsWith('/api/metrics/query_range')) return 'histogram'
  return pathname.endsWith('/api/echo') ? 'echo' : 'other'
}

export const text = (status: number, body: string): Answer => ({
  status,
  type: 'text/plain; charset=utf-8',
  body,
})

export const protobuf = (body: Uint8Array): Answer => ({ status: 200, type: 'application/protobuf', body })

function answer(options: StandInOptions, asked: Asked): Answer {
  if (asked.kind === 'echo') return text(200, 'echo')
  if (asked.kind === 'other') return text(404, '404 page not found')
  if (asked.kind === 'lookup' || asked.kind === 'lookupV1') return lookup(options, asked)
  const request = readSearch(asked.params)
  const refused = asked.kind === 'histogram' ? undefined : refusal(options, request)
  if (refused !== undefined) return text(400, refused)
  if (options.cutoffSec > 0) clamp(request, Math.floor(options.now() / 1000), options.cutoffSec)
  try {
    return asked.kind === 'histogram' ? histogram(options, request, asked) : searched(options, request, asked)
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return text(400, `invalid TraceQL query: parse error at line 1, col 2: ${error.message}`)
  }
}

function searched(options: StandInOptions, request: SearchRequest, asked: Asked): Answer {
  const { traces, query } = search(options.fragments, request)
  const spans = traces.flatMap(({ sets }) => sets.map((set) => set.spans.length)).reduce((a, b) => a + b, 0)
  if (spans > options.maxSpans) return text(500, `response larger than the max (${spans}000 vs 16777216)`)
  if (asked.headers.accept?.includes('protobuf')) {
    return protobuf(encodeSearch(traces, query.fields, options, { completed: 3, total: 3 }))
  }
  const ids = traces.map(({ traceId }) => ({ traceID: traceId.replace(/^0+/, '') }))
  const json = JSON.stringify({ traces: ids, metrics: { completedJobs: 3, totalJobs: 3 } })
  return { status: 200, type: 'application/json', body: json }
}

/** Counts spans by start; a step is stamped with its end. */
function histogram(options: StandInOptions, { q, start, end }: SearchRequest, { params }: Asked): Answer {
  const { metrics, fragments } = options
  if (!metrics) return text(404, '404 page not found')
  const stepSec = Number.parseInt(params.get('step') ?? '', 10)
  const { select } = parseTraceql(q.replace(/ \| count_over_time\(\)$/, ''))
  const counts = new Map<number, number>()
  for (const { startNs } of fragments.flatMap((fragment) => select(fragment))) {
    const atSec = Number(startNs / 1_000_000_000n)
    if (atSec < start || atSec >= end) continue
    const stamp = (Math.floor(atSec / stepSec) + 1) * stepSec
    counts.set(stamp, (counts.get(stamp) ?? 0) + 1)
  }
  const samples = [...counts].map(([atSec, value]) => ({ timestampMs: `${atSec}000`, value }))
  return {
    status: 200,
    type: 'application/json',
    body: JSON.stringify({ series: [{ labels: [], samples }] }),
  }
}

function readSearch(params: URLSearchParams): SearchRequest {
  const number = (name: string, otherwise: number) => Number(params.get(name) ?? otherwise)
  return {
    q: params.get('q') ?? '',
    start: number('start', 0),
    end: number('end', 0),
    limit: number('limit', 20),
    // 0 means no limit by Tempo's documentation, and 3 by its code.
    spss: number('spss', 3) || 3,
  }
}

/** Tempo's error text for parameters that it refuses. */
function refusal(options: StandInOptions, { q, start, end, limit, spss }: SearchRequest): string | undefined {
  const received = `received start=${start} end=${end}`
  if (![start, end, limit, spss].every(Number.isInteger)) return 'invalid start: strconv.ParseUint'
  if (start >= end) return `http parameter start must be before end. ${received}`
  if (end - start > options.maxDuration.sec)
    return `range specified by start and end exceeds ${options.maxDuration.text}. ${received}`
  if (limit <= 0) return 'invalid limit: must be a positive number'
  if (limit > options.maxResultLimit) return `limit ${limit} exceeds max limit ${options.maxResultLimit}`
  if (spss > options.maxSpansPerSpanSet)
    return `spans per span set exceeds ${options.maxSpansPerSpanSet}. received ${spss}`
  const unknown = options.unknown.find((word) => q.includes(word))
  return unknown && `invalid TraceQL query: parse error at line 1, col 5: syntax error: unexpected ${unknown}`
}

/** Moves the end back; an empty range becomes the last 15 minutes (grafana/tempo pkg/api/http.go). */
function clamp(request: SearchRequest, nowSec: number, cutoffSec: number): void {
  request.end = Math.min(request.end, nowSec - cutoffSec)
  if (request.start > request.end) request.start = nowSec - 15 * 60
}

function lookup({ fragments, partial }: StandInOptions, { kind, path }: Asked): Answer {
  const id = path.slice(path.lastIndexOf('/') + 1).padStart(32, '0')
  const known = fragments.filter(([span]) => span?.traceId === id)
  const spans = (partial ? known.slice(0, 1) : known).flat()
  if (kind === 'lookupV1') return spans.length === 0 ? text(404, '') : protobuf(encodeTrace(spans))
  const writer = new ProtobufWriter()
  if (spans.length > 0) writer.bytes(1, encodeTrace(spans))
  if (partial) writer.varint(3, 1)
  return protobuf(writer.finish())
}

function send(request: IncomingMessage, response: ServerResponse, fault: Fault): void {
  if (fault === 'hang') return
  if (fault === 'reset') {
    request.socket.resetAndDestroy()
    return
  }
  const { status, type, headers, resetAfter, dripMs, raw } = fault
  const zip = !raw && status === 200 && request.headers['accept-encoding'] === 'gzip'
  const body = zip ? gzipSync(fault.body, { level: 1 }) : Buffer.from(fault.body)
  response.writeHead(status, {
    'content-type': type,
    'content-length': body.length,
    ...(zip ? { 'content-encoding': 'gzip' } : {}),
    ...headers,
  })
  if (dripMs !== undefined) drip(response, body, dripMs)
  else if (resetAfter === undefined) response.end(body)
  else response.write(body.subarray(0, resetAfter), () => request.socket.resetAndDestroy())
}

function drip(response: ServerResponse, body: Buffer, everyMs: number): void {
  let sent = 0
  const timer = setInterval(() => {
    response.write(body.subarray(sent, ++sent))
    if (sent >= body.length) response.end()
  }, everyMs)
  response.on('close', () => clearInterval(timer))
}
