/**
 * A storm of alerts: 1,000 notifications in 10 s for 5 graphs, sent to a tta of its own with its embedded source.
 * Prints latencies, CPU time, builds and memory; nothing here is a test. On a busy machine latencies say how busy it is,
 * CPU time does not.
 *
 *     npm run build && node bench/webhooks.mjs
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { Agent, request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'

const storm = { notifications: 1000, seconds: 10, graphs: 5, minIntervalSec: 2 }
const graphs = Array.from({ length: storm.graphs }, (_, index) => `storm-${index + 1}`)
const folder = mkdtempSync(join(tmpdir(), 'tta-storm-'))
const config = join(folder, 'config.yml')
const rules = graphs.map((graph) => ({
  match: { graph },
  graph,
  filter: '^{{ labels.service }}$',
}))
writeFileSync(
  config,
  JSON.stringify({ server: { port: 0 }, webhooks: { min_interval_sec: storm.minIntervalSec, rules } }),
)

const builds = []
const tta = spawn(process.execPath, ['dist/main.js', 'serve', '-c', config], {
  stdio: ['ignore', 'inherit', 'pipe'],
})
const port = await new Promise((resolve, reject) => {
  let rest = ''
  tta.on('exit', (status) => reject(new Error(`tta ended with ${status}`)))
  tta.stderr.on('data', (chunk) => {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const { msg, graph } = JSON.parse(line)
      if (msg === 'job ended') builds.push(graph)
      const [, listening] = /tta listens at http:\/\/127\.0\.0\.1:(\d+)/.exec(msg) ?? []
      if (listening) resolve(Number(listening))
    }
  })
})

const agent = new Agent({ keepAlive: false })
/** As Grafana does it: a connection of its own for each notification. */
function post(path, body) {
  const sentAt = performance.now()
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'user-agent': 'Grafana' }
    const sent = request({ agent, host: '127.0.0.1', port, path, method: 'POST', headers }, (response) => {
      const chunks = []
      response.on('data', (chunk) => chunks.push(chunk))
      response.on('end', () => {
        const text = Buffer.concat(chunks).toString()
        resolve({ status: response.statusCode, ms: performance.now() - sentAt, text })
      })
    })
    sent.on('error', reject)
    sent.end(JSON.stringify(body))
  })
}

const residentMiB = () =>
  Number(/VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${tta.pid}/status`, 'utf8'))?.[1]) / 1024

/** Of the process, all threads, ms; ticks are 10 ms. */
const cpuMs = () => {
  const [, fields = ''] = readFileSync(`/proc/${tta.pid}/stat`, 'utf8').split(') ')
  const [utime, stime] = fields.split(' ').slice(11, 13)
  return (Number(utime) + Number(stime)) * 10
}

const spans = (service) => ({
  resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
  scopeSpans: [
    {
      spans: Array.from({ length: 10 }, (_, index) => ({
        traceId: Buffer.from(service.padEnd(16, '-')).subarray(0, 16).toString('hex'),
        spanId: `${index + 1}`.padStart(16, '0'),
        name: `operation ${index}`,
        startTimeUnixNano: `${BigInt(Date.now()) * 1_000_000n}`,
        endTimeUnixNano: `${BigInt(Date.now() + 25) * 1_000_000n}`,
      })),
    },
  ],
})
for (let first = 0; first < 1000; first += 50) {
  // As exporters do: some 500 spans a request.
  await post('/v1/traces', {
    resourceSpans: Array.from({ length: 50 }, (_, i) => spans(`service-${first + i}`)),
  })
}

const memory = [residentMiB()]
const cpuMsBefore = cpuMs()
const startedAt = performance.now()
const answers = []
for (let number = 0; number < storm.notifications; number++) {
  await sleep(startedAt + (number * storm.seconds * 1000) / storm.notifications - performance.now())
  const labels = { alertname: 'HighLatency', graph: graphs[number % 5], service: `service-${number}` }
  const alert = { status: 'firing', labels, annotations: {}, startsAt: new Date().toISOString() }
  answers.push(post('/webhooks/alerts', { version: '1', alerts: [alert] }))
  if (number % 100 === 99) memory.push(residentMiB())
}
const received = await Promise.all(answers)
const seconds = (performance.now() - startedAt) / 1000
const spentMs = cpuMs() - cpuMsBefore
await sleep(storm.minIntervalSec * 1000 + 1000)
memory.push(residentMiB())
tta.removeAllListeners('exit')
tta.kill('SIGTERM')
rmSync(folder, { recursive: true })

const ms = received.map((answer) => answer.ms).sort((a, b) => a - b)
const at = (share) => ms[Math.min(ms.length - 1, Math.floor(ms.length * share))].toFixed(1)
const count = (state) => received.reduce((sum, { text }) => sum + (JSON.parse(text)[state] ?? 0), 0)
const statuses = [...new Set(received.map(({ status }) => status))].map((status) => [
  status,
  received.filter((answer) => answer.status === status),
])
console.log(`${received.length} notifications in ${seconds.toFixed(1)} s for ${storm.graphs} graphs`)
console.log(`status  ${statuses.map(([status, of]) => `${of.length} x ${status}`).join(', ')}`)
console.log(`ms      p50 ${at(0.5)}, p99 ${at(0.99)}, most ${at(1)}`)
console.log(`CPU     ${(spentMs / received.length).toFixed(1)} ms for each, builds included`)
console.log(
  `alerts  ${['started', 'deferred', 'deduplicated', 'ignored'].map((s) => `${count(s)} ${s}`).join(', ')}`,
)
const most = storm.graphs * (Math.ceil((seconds + storm.minIntervalSec) / storm.minIntervalSec) + 1)
console.log(`builds  ${builds.length}, at most ${most} with one per graph every ${storm.minIntervalSec} s`)
console.log(`MiB     ${memory.map((mib) => mib.toFixed(0)).join(' ')}`)
