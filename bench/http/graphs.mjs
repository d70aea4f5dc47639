/** How many times a second `GET /graphs/:name` answers, against a bare Fastify route that sends the same bytes. */
import { connect } from 'node:net'
import { quotients, rate, ratio, report } from '../figures.mjs'
import { toTracesData } from '../load/otlp-protobuf.mjs'
import { searchAnswer } from '../load/search-answer.mjs'
import { addressOf, aggregate, serveTta, startNode, stop } from '../processes.mjs'

const connections = 16
// Many short ones: what the machine has to give changes from second to second.
const rounds = 25
const roundMs = 400
/**
 * Sends one request after the other on each connection, for `roundMs`.
 *
 * @param more lines of the request
 * @returns ms an answer
 */
async function load({ hostname, port }, path, { status = 200, more = '' } = {}) {
  const request = `GET ${path} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n${more}\r\n`
  let answered = 0
  let isOver = false
  const one = () =>
    new Promise((resolve, reject) => {
      const socket = connect({ host: hostname, port }, () => socket.write(request))
      let missing = 0
      socket.on('error', reject)
      socket.on('data', (chunk) => {
        if (missing === 0) {
          const head = chunk.indexOf('\r\n\r\n') + 4
          const text = chunk.latin1Slice(0, head)
          if (!text.startsWith(`HTTP/1.1 ${status}`)) reject(new Error(text))
          missing = head + Number(/content-length: (\d+)/i.exec(text)?.[1] ?? 0)
        }
        missing -= chunk.length
        if (missing > 0) return
        answered++
        if (isOver) socket.end(resolve)
        else socket.write(request)
      })
    })
  const before = performance.now()
  setTimeout(() => {
    isOver = true
  }, roundMs)
  await Promise.all(Array.from({ length: connections }, one))
  return (performance.now() - before) / answered
}

const tta = await serveTta()
const ago = BigInt(Date.now() - 60_000) * 1_000_000n
const { traces } = searchAnswer({ traces: 500, spansPerTrace: 12, seed: 1, startNs: ago })
for (const trace of traces) {
  const headers = { 'content-type': 'application/x-protobuf' }
  const answer = await fetch(new URL('/v1/traces', tta.url), {
    method: 'POST',
    headers,
    body: toTracesData(trace),
  })
  if (!answer.ok) throw new Error(await answer.text())
}
const { graph, built } = await aggregate(tta.url)
const path = `/graphs/${graph}`
const answer = await fetch(new URL(path, tta.url), { headers: { 'accept-encoding': 'identity' } })
const body = Buffer.from(await answer.arrayBuffer())
const known = { status: 304, more: `if-none-match: ${answer.headers.get('etag')}\r\n` }
const bare = startNode('http/bare-server.mjs')
bare.stdin.end(body)
const bareUrl = await addressOf(bare)

const times = { tta: [], bare: [], known: [] }
for (let round = 0; round <= rounds; round++) {
  const ttaMs = await load(tta.url, path)
  const bareMs = await load(bareUrl, '/')
  const knownMs = await load(tta.url, path, known)
  // The first round is for the compilers.
  if (round === 0) continue
  times.tta.push(ttaMs)
  times.bare.push(bareMs)
  times.known.push(knownMs)
}
await tta.stop()
await stop(bare)
report(`API: ${built.nodes} nodes, ${built.edges} edges, ${body.length.toLocaleString('en-US')} bytes`, [
  ratio('GET /graphs/:name against a bare route', quotients(times.bare, times.tta), { atLeast: 0.8 }),
  rate('GET /graphs/:name', 'requests/s', 1, times.tta),
  rate('a bare route that sends the same bytes', 'requests/s', 1, times.bare),
  rate('GET /graphs/:name, 304 on a matching ETag', 'requests/s', 1, times.known),
])
