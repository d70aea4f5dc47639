/**
 * A graph of the last two hours, refreshed every minute: what a refresh costs of what it costs to read all, from a
 * replayed Tempo. The clock is the benchmark's own.
 */
import { createAggregator } from '../../dist/aggregation/create-aggregator.js'
import { defaultConfig } from '../../dist/config/load.js'
import { createGraphStore } from '../../dist/sink/graph-store.js'
import { tempoSource } from '../../dist/tempo/tempo-source.js'
import { measured, ratio, report } from '../figures.mjs'
import { startReplay } from '../processes.mjs'

const minuteMs = 60_000
const windowSec = 7200
const refreshes = 10
const tracesPerSec = 20
let nowMs = 1_795_010_000_000
const now = () => nowMs
const nowSec = nowMs / 1000

const tempo = await startReplay({ fromSec: nowSec - 2 * windowSec, toSec: nowSec + windowSec, tracesPerSec })
const config = defaultConfig()
const { maxSpans, maxBytes, lateSec, readAllSec, ...buildOptions } = config.build
const source = tempoSource({
  url: tempo.url.href,
  headers: {},
  timeoutMs: 60_000,
  maxAnswerBytes: 268_435_456,
  concurrency: 4,
  padSec: 60,
  lateSec,
  maxLookups: 2000,
  now,
})
const aggregator = createAggregator({
  source,
  store: createGraphStore(),
  sinks: [],
  settings: () => ({ defaults: config.parameters }),
  ...buildOptions,
  limits: { maxSpans, maxBytes },
  refresh: { lateSec, readAllSec },
  now,
})

async function build(mayReuse) {
  const before = performance.now()
  const cpuBefore = process.cpuUsage()
  const parameters = { graph: 'bench', from: `now-${windowSec}s`, limit: 10_000_000 }
  const { read, status } = await aggregator.aggregate(parameters, {
    signal: new AbortController().signal,
    mayReuse,
  })
  if (status !== 'complete') throw new Error(status)
  const ms = performance.now() - before
  const { user, system } = process.cpuUsage(cpuBefore)
  return { ms, cpuMs: (user + system) / 1000, ...read }
}

const full = []
for (let run = 0; run < 3; run++) full.push(await build(false))
await build(true)
const refreshed = []
for (let run = 0; run < refreshes; run++) {
  nowMs += minuteMs
  refreshed.push(await build(true))
}
await source.close()
await tempo.stop()

const median = (values) => values.sort((a, b) => a - b)[values.length >> 1]
const share = (name, field) => {
  const whole = median(full.map((one) => one[field]))
  const shares = refreshed.map((one) => one[field] / whole)
  return ratio(`refresh against a full build: ${name}`, shares, { atMost: 0.05 })
}
const each = (name, unit, builds, of) => measured(name, unit, builds.map(of))
report(
  `Refresh every minute of a window of 2 h with ${full[0].spans.toLocaleString('en-US')} spans (${Math.round(full[0].bytes / 1e6)} MB)`,
  [
    share('requests', 'requests'),
    share('bytes', 'bytes'),
    share('time', 'ms'),
    share('CPU time', 'cpuMs'),
    each('full build: requests', 'requests', full, ({ requests }) => requests),
    each('refresh: requests', 'requests', refreshed, ({ requests }) => requests),
    each('full build', 'ms', full, ({ ms }) => ms),
    each('refresh', 'ms', refreshed, ({ ms }) => ms),
  ],
)
