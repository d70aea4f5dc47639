/**
 * Builds a graph of the last two hours every minute and compares an incremental read with a full read. A replayed Tempo
 * answers at the speed of a real one, and as fast as possible. The benchmark sets the clock.
 */
import { createAggregator } from '../../dist/builds/aggregation/aggregator.js'
import { defaultConfig } from '../../dist/config/file/load.js'
import { defaultParameters } from '../../dist/model/parameters.js'
import { createGraphStore } from '../../dist/sinks/graph-store.js'
import { createTempoSource } from '../../dist/sources/tempo/tempo-source.js'
import { measured, ratio, report, spread } from '../figures.mjs'
import { startReplay } from '../processes.mjs'

const minuteMs = 60_000
const windowSec = 7200
const refreshes = 10
const tracesPerSec = 20
const startMs = 1_795_010_000_000

function aggregatorOf(url, now) {
  const { build } = defaultConfig()
  const { late_sec: lateSec, full_read_sec: readAllSec } = build
  const source = createTempoSource({
    url,
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
    settings: () => ({ defaults: defaultParameters }),
    deadlineSec: build.deadline_sec,
    maxConcurrent: build.max_concurrent,
    maxPreviews: build.max_previews,
    maxQueued: build.max_queued,
    maxNodes: build.max_nodes,
    limits: { maxSpans: build.max_spans, maxBytes: build.max_bytes },
    incremental: { lateSec, readAllSec },
    now,
  })
  return { aggregator, close: () => source.close() }
}

async function build(aggregator, mayReuse) {
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

/** @param replay speed of Tempo @param fulls builds of the whole window, after the one that incremental reads start from */
async function compare(replay, fulls) {
  const fromSec = startMs / 1000 - 2 * windowSec
  const tempo = await startReplay({ fromSec, toSec: fromSec + 3 * windowSec, tracesPerSec, ...replay })
  let nowMs = startMs
  const { aggregator, close } = aggregatorOf(tempo.url.href, () => nowMs)
  const full = [await build(aggregator, true)]
  for (let run = 0; run < fulls; run++) full.push(await build(aggregator, false))
  const refreshed = []
  for (let run = 0; run < refreshes; run++) {
    nowMs += minuteMs
    refreshed.push(await build(aggregator, true))
  }
  await close()
  await tempo.stop()
  return { full, refreshed }
}

function figures(name, { full, refreshed }, target) {
  const share = (what, field, wanted) => {
    const whole = spread(full.map((one) => one[field])).median
    const shares = refreshed.map((one) => one[field] / whole)
    return ratio(`${name}: refresh against a full build: ${what}`, shares, wanted)
  }
  const each = (what, unit, builds, field) =>
    measured(
      `${name}: ${what}`,
      unit,
      builds.map((one) => one[field]),
    )
  return [
    share('requests', 'requests', target),
    share('bytes', 'bytes', target),
    share('time', 'ms', target),
    share('CPU time', 'cpuMs'),
    each('full build: requests', 'requests', full, 'requests'),
    each('refresh: requests', 'requests', refreshed, 'requests'),
    each('full build', 'ms', full, 'ms'),
    each('refresh', 'ms', refreshed, 'ms'),
  ]
}

// At the speed of a real Tempo on two cores, then at the speed of the replay. The latter has no target: no Tempo is as
// fast.
const paced = await compare({ spansPerSec: 58_000 }, 2)
const fast = await compare({}, 3)
const [{ spans, bytes }] = paced.full
report(
  `Refresh every minute of a window of 2 h with ${spans.toLocaleString('en-US')} spans (${Math.round(bytes / 1e6)} MB)`,
  [
    ...figures('58,000 spans/s', paced, { atMost: 0.05 }),
    ...figures('as fast as it goes', fast).filter(({ name }) => !name.endsWith(': requests')),
  ],
)
