/**
 * Soaks tta for half an hour. A separate process builds a graph every 2 s and keeps its builds in a file. Its Tempo replays
 * traces and fails at random, its nodegraph-provider lies at random, and readers come and go. Exits with 1 if memory or
 * handles grow, or if /metrics misses a build.
 *
 *     npm run build && node --import=tsx bench/soak.mjs 30 1      minutes, seed
 */
import { spawn } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { get } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as sleep } from 'node:timers/promises'
import Database from 'libsql'
import { seededRandom } from '../src/cli/demo/random.ts'
import { edgeFields, nodeFields } from '../test/support/nodegraph-provider/provider-setup.ts'
import { startProviderStandIn } from '../test/support/nodegraph-provider/provider-stand-in.ts'
import { startTempo } from '../test/support/tempo/tempo-stand-in.ts'
import { pickFault } from './soak-faults.mjs'
import { printAccount, printMemory } from './soak-report.mjs'
import { replay } from './soak-traces.mjs'

const [minutes = 30, seed = 1] = process.argv.slice(2).map(Number)
const windowSec = 60
const random = seededRandom(seed)
const folder = mkdtempSync(join(tmpdir(), 'tta-soak-'))
const history = join(folder, 'history.db')

/** Started builds by fault. */
const injected = new Map()
let fault = { kind: 'none' }
let searches = 0
let lock

const provider = await startProviderStandIn({ soak: { nodes: nodeFields, edges: edgeFields } })
const tempo = await startTempo({ fault: answerBuild })

/** One graph, one build at a time: a build begins with its histogram. Of previews, which filter, none fails. */
function answerBuild({ kind, params }, answer) {
  const isBuild = !params.get('q')?.includes('=~')
  if (kind === 'histogram' && isBuild) beginBuild()
  else if (kind === 'search' && isBuild) {
    searches++
    if (fault.cancel && searches === 1) void cancelBuild()
    return fault.onSearch?.({ n: searches, params, answer })
  }
  return undefined
}

function beginBuild() {
  endFault()
  fault = pickFault(random)
  searches = 0
  injected.set(fault, (injected.get(fault) ?? 0) + 1)
  tempo.asked.length = 0
  tempo.options.fragments = fault.traces?.() ?? replay(Date.now(), windowSec + 10)
  fault.provider?.(provider)
  if (!fault.lock) return
  lock = new Database(history)
  lock.exec('BEGIN IMMEDIATE')
}

function endFault() {
  provider.forgetLies()
  lock?.exec('ROLLBACK')
  lock?.close()
  lock = undefined
}

const config = join(folder, 'config.yml')
writeFileSync(
  config,
  JSON.stringify({
    server: { port: 0 },
    tempo: { url: tempo.url, timeout_sec: 4, pad_sec: 5 },
    nodegraph_provider: { url: provider.url, timeout_sec: 4, retries: 2 },
    history: { path: history },
    graphs: { soak: { search: { from: windowSec }, schedule: { every_sec: 2 } } },
  }),
)
const tta = spawn(process.execPath, ['dist/main.js', 'serve', '-c', config], {
  stdio: ['ignore', 'inherit', 'pipe'],
})
const ended = new Promise((resolve) => tta.on('exit', resolve))
const url = await new Promise((resolve, reject) => {
  let rest = ''
  void ended.then((status) => reject(new Error(`tta ended with ${status}`)))
  tta.stderr.on('data', (chunk) => {
    const lines = `${rest}${chunk}`.split('\n')
    rest = lines.pop() ?? ''
    for (const line of lines) {
      const { msg, level } = JSON.parse(line)
      if (msg === 'job ended') {
        tellSurprise(JSON.parse(line))
        endFault()
      }
      if (level >= 50 && !msg.startsWith('graph sink:') && !msg.startsWith('history:')) console.error(line)
      const [, listening] = /tta listens at (http:\S+\d)/.exec(msg) ?? []
      if (listening) resolve(listening)
    }
  })
})

function tellSurprise({ state, status, err, graph }) {
  const cameTo = status ?? (state === 'failed' ? err.code : state)
  if (cameTo !== fault.comesTo)
    console.log(`SURPRISE: ${fault.kind}: ${graph} ${cameTo}: ${err?.message ?? ''}`)
}

const running = async () => (await (await fetch(`${url}/jobs?state=running`)).json()).jobs[0]?.id

async function cancelBuild() {
  const id = await running()
  if (id) await fetch(`${url}/jobs/${id}`, { method: 'DELETE' })
}

/** Dashboards, probes, and somebody who follows a build and leaves. */
async function readOnce() {
  const reads = ['/graphs/soak', '/soak/api/graph/data', '/graphs/soak/report', '/health/ready', '/jobs']
  const more = ['/graphs/soak/history', '/graphs/soak?at=now-1m', '/graphs/soak?filter=%5Ecart%24']
  const path = [...reads, ...more][Math.floor(random() * 8)]
  await (await fetch(url + path)).arrayBuffer()
  const id = random() < 0.3 && (await running())
  if (!id) return
  const following = get(`${url}/jobs/${id}/events`, { agent: false }, (response) => response.resume())
  following.on('error', () => {})
  setTimeout(() => following.destroy(), 200)
}

async function metrics() {
  const text = await (await fetch(`${url}/metrics`)).text()
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.lastIndexOf(' ')), Number(/\S+$/.exec(line)[0])]))
}

/** The account, taken while no build is under way; after some tries as it is. */
async function betweenBuilds() {
  const begun = () => [...injected.values()].reduce((sum, count) => sum + count, 0)
  for (let tries = 1; ; tries++) {
    const before = begun()
    const figures = await metrics()
    const { schedules } = await (await fetch(`${url}/schedules`)).json()
    const underWay =
      figures.get('tta_jobs_unfinished{state="running"}') + figures.get('tta_jobs_unfinished{state="queued"}')
    const isStill = underWay === 0 && begun() === before && schedules[0].started === before
    if (isStill || tries > 600) return { injected: new Map(injected), figures, schedule: schedules[0] }
    await sleep(50)
  }
}

const samples = []
async function sample(startedAt) {
  const figures = await metrics()
  samples.push({
    atMin: (performance.now() - startedAt) / 60_000,
    rssMiB: Number(/VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${tta.pid}/status`, 'utf8'))[1]) / 1024,
    heapMiB: figures.get('nodejs_heap_size_used_bytes') / 2 ** 20,
    fds: readdirSync(`/proc/${tta.pid}/fd`).length,
    handles: figures.get('nodejs_active_handles_total'),
  })
}

const startedAt = performance.now()
for (let second = 0; performance.now() - startedAt < minutes * 60_000; second++) {
  if (second % 5 === 0) await sample(startedAt)
  await readOnce()
  await sleep(1000)
}
const account = await betweenBuilds()
tta.kill('SIGTERM')
const status = await Promise.race([ended, sleep(12_000).then(() => 'no end within 12 s')])
endFault()
await Promise.all([tempo.close(), provider.close()])

console.log(`${minutes} minutes, seed ${seed}`)
const sound = [
  printAccount(account),
  printMemory(samples),
  status === 0 || `tta ended with ${status} on SIGTERM`,
]
rmSync(folder, { recursive: true })
for (const problem of sound.flat()) if (problem !== true) console.log(`NOT SOUND: ${problem}`)
process.exitCode = sound.flat().every((problem) => problem === true) ? 0 : 1
