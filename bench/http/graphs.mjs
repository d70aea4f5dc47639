/** How many times a second `GET /graphs/:name` answers, against a bare Fastify route that sends the same bytes. */
import { spawn } from 'node:child_process'
import { connect } from 'node:net'
import { fileURLToPath } from 'node:url'
import { print, rate, ratio, spread } from './figures.mjs'
import { searchAnswer, toTracesData } from './search-answer.mjs'

const connections = 16
const rounds = 9
const roundMs = 1000
const child = (path, args, env) =>
  spawn(process.execPath, [fileURLToPath(new URL(path, import.meta.url)), ...args], {
    env: { ...process.env, ...env },
    stdio: ['pipe', 'pipe', 'pipe'],
  })

/** The address that a server says it listens on. */
function addressOf({ stdout, stderr }) {
  let text = ''
  return new Promise((resolve) => {
    const look = (chunk) => {
      text += chunk
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0]
      if (url) resolve(new URL(url))
    }
    stdout.on('data', look)
    stderr.on('data', look)
  })
}

/** Requests answered in `roundMs`, one after the other on each connection. */
async function load({ hostname, port }, path) {
  const request = `GET ${path} HTTP/1.1\r\nhost: ${hostname}:${port}\r\n\r\n`
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
          if (!text.startsWith('HTTP/1.1 200')) reject(new Error(text))
          missing = head + Number(/content-length: (\d+)/i.exec(text)?.[1])
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

const tta = child('../dist/main.js', ['serve'], { TTA_SERVER_PORT: '0', TTA_LOG_LEVEL: 'info' })
const url = await addressOf(tta)
const ago = BigInt(Date.now() - 60_000) * 1_000_000n
const { traces } = searchAnswer({ traces: 500, spansPerTrace: 12, seed: 1, startNs: ago })
for (const trace of traces) {
  const headers = { 'content-type': 'application/x-protobuf' }
  const answer = await fetch(new URL('/v1/traces', url), {
    method: 'POST',
    headers,
    body: toTracesData(trace),
  })
  if (!answer.ok) throw new Error(await answer.text())
}
const built = await (await fetch(new URL('/aggregate', url), { method: 'POST' })).json()
const path = `/graphs/${built.graph}`
const body = await (await fetch(new URL(path, url))).arrayBuffer()
const bare = child('./bare-server.mjs', [])
bare.stdin.end(Buffer.from(body))
const bareUrl = await addressOf(bare)

const times = { tta: [], bare: [] }
for (let round = 0; round <= rounds; round++) {
  const [ttaMs, bareMs] = [await load(url, path), await load(bareUrl, '/')]
  // The first round is for the compilers.
  if (round > 0) times.tta.push(ttaMs)
  if (round > 0) times.bare.push(bareMs)
}
tta.kill()
bare.kill()
print(
  `API: ${built.built.nodes} nodes, ${built.built.edges} edges, ${body.byteLength.toLocaleString('en-US')} bytes`,
  [
    rate('GET /graphs/:name', 'requests/s', 1, times.tta),
    rate('a bare route', 'requests/s', 1, times.bare),
    ratio(
      'GET /graphs/:name against a bare route',
      spread(times.bare).median / spread(times.tta).median,
      0.8,
    ),
  ],
)
