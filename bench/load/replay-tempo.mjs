/**
 * A Tempo that answers generated traces, as many in every second of a window, and nothing that is not asked for in
 * bulk. It does what a Tempo does on the wire, gzip included, and none of what it does before.
 *
 *     node bench/load/replay-tempo.mjs '{ "fromSec": 1795000000, "toSec": 1795000120, "tracesPerSec": 200 }'
 */
import { createServer } from 'node:http'
import { setTimeout as sleep } from 'node:timers/promises'
import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import { finishedMetrics, SecondOfTraces } from './second-of-traces.mjs'

const zipped = promisify(gzip)
const {
  fromSec,
  toSec,
  tracesPerSec,
  spansPerTrace = 10,
  operations = 180,
  /** How fast it is, in all its answers together; as fast as it can be if left out. */
  spansPerSec = Number.POSITIVE_INFINITY,
} = JSON.parse(process.argv[2])
const second = new SecondOfTraces({ tracesPerSec, spansPerTrace, operations })
const { longestSec } = second

/** When all spans asked for so far have been answered at that speed, ms. */
let busyUntil = 0
async function takeTime(spans) {
  busyUntil = Math.max(busyUntil, performance.now()) + (spans / spansPerSec) * 1000
  await sleep(busyUntil - performance.now())
}

async function search(params) {
  const [start, end, limit] = ['start', 'end', 'limit'].map((name) => Number(params.get(name)))
  const parts = []
  // Tempo finds the traces that touch the range, both ends included.
  for (let sec = Math.max(fromSec, start - longestSec); sec <= Math.min(toSec - 1, end); sec++) {
    parts.push(...second.touching(sec, start * 1000, end * 1000, limit - parts.length))
    if (parts.length >= limit) break
  }
  await takeTime(parts.length * spansPerTrace)
  return { type: 'application/protobuf', body: Buffer.concat([...parts, finishedMetrics]) }
}

const nothingFound = { type: 'application/protobuf', body: finishedMetrics }

/** Spans by their start, a step stamped with its end as in Tempo 3. */
function histogram(params) {
  const [start, end, step] = ['start', 'end', 'step'].map((name) => Number.parseInt(params.get(name), 10))
  const samples = []
  for (let from = start; from < end; from += step) {
    const seconds = Math.max(0, Math.min(toSec, from + step) - Math.max(fromSec, from))
    if (seconds > 0) samples.push({ timestampMs: `${from + step}000`, value: seconds * second.spans })
  }
  return { type: 'application/json', body: JSON.stringify({ series: [{ labels: [], samples }] }) }
}

async function answer({ pathname, searchParams }) {
  const q = searchParams.get('q') ?? ''
  const isBulk = /^\{ \}$|select\(/.test(q)
  if (pathname === '/api/search' && isBulk) return search(searchParams)
  // Whether a span is a summary of pruned ones: none is.
  if (pathname === '/api/search' && /is_summary != nil/.test(q)) return nothingFound
  if (pathname === '/api/metrics/query_range') return histogram(searchParams)
  if (pathname === '/api/echo') return { type: 'text/plain', body: 'echo' }
  return undefined
}

const server = createServer(async (request, response) => {
  const answered = await answer(new URL(request.url, 'http://tempo'))
  if (!answered) {
    response.writeHead(501).end(`not replayed: ${request.url}`)
    return
  }
  const body = await zipped(answered.body, { level: 1 })
  response.writeHead(200, {
    'content-type': answered.type,
    'content-encoding': 'gzip',
    'content-length': body.length,
  })
  response.end(body)
})
server.listen(0, '127.0.0.1', () => console.log(`http://127.0.0.1:${server.address().port}`))
