/**
 * Latency of `GET /graphs/:name` on an idle tta, and while tta builds a graph of 250,000 spans. The build shares the event
 * loop, as in production. For comparison it also runs in another process, the best case of a worker thread.
 */
import { once } from 'node:events'
import { measured, quotients, ratio, report } from '../figures.mjs'
import { steadyLoad } from '../load/steady-load.mjs'
import { aggregate, serveTta, startReplay } from '../processes.mjs'

const rounds = 5
const load = { perSec: 200, forMs: 4000 }
const fromSec = 1_795_000_000
const window = { from: `${fromSec}000`, to: `${fromSec + 120}000`, limit: 1_000_000 }
const replay = { fromSec, toSec: fromSec + 120, tracesPerSec: 208, spansPerTrace: 10 }

const p99 = (times) => times.sort((a, b) => a - b)[Math.floor(times.length * 0.99)]

async function compare(name, options, { target, isElsewhere = false } = {}) {
  const tempo = await startReplay({ ...replay, ...options })
  const stdio = ['pipe', 'pipe', 'pipe', 'ipc']
  const tta = await serveTta({ TTA_TEMPO_URL: tempo.url.href }, { imports: ['load/tell-holds.mjs'], stdio })
  const longestHold = async () => {
    tta.child.send('ask')
    return (await once(tta.child, 'message'))[0].longestHoldMs
  }
  const builder = isElsewhere ? await serveTta({ TTA_TEMPO_URL: tempo.url.href }) : tta
  await aggregate(tta.url, { graph: 'read', ...window })
  const url = new URL('/graphs/read', tta.url)
  const idle = []
  const busy = []
  const holds = []
  // The first round is for the compilers.
  for (let round = 0; round <= rounds; round++) {
    const idleMs = p99(await steadyLoad(url, load))
    await longestHold()
    let isOver = false
    const builds = (async () => {
      while (!isOver) await aggregate(builder.url, { graph: 'built', ...window })
    })()
    const busyMs = p99(await steadyLoad(url, load))
    isOver = true
    await builds
    const hold = await longestHold()
    if (round === 0) continue
    idle.push(idleMs)
    busy.push(busyMs)
    holds.push(hold)
  }
  await tta.stop()
  if (isElsewhere) await builder.stop()
  await tempo.stop()
  return [
    ratio(`${name}: p99 during builds against idle`, quotients(busy, idle), target),
    measured(`${name}: p99 idle`, 'ms', idle),
    measured(`${name}: p99 during builds`, 'ms', busy),
    measured(`${name}: longest hold of the event loop, CPU time`, 'ms', holds),
  ]
}

report(`Latency of GET /graphs/:name at ${load.perSec} requests/s while graphs of 249,600 spans are built`, [
  ...(await compare('58,000 spans/s', { spansPerSec: 58_000 }, { target: { atMost: 3 } })),
  ...(await compare('58,000 spans/s, in another process', { spansPerSec: 58_000 }, { isElsewhere: true })),
  ...(await compare('as fast as it goes', {})),
])
