/** How long it takes until tta is ready, and until a build from the command line is done; each in a new process. */
import { once } from 'node:events'
import { measured, report } from '../figures.mjs'
import { serveTta, startNode, startReplay, tta } from '../processes.mjs'

const runs = 9
const fromSec = 1_795_000_000

async function serve() {
  const before = performance.now()
  const { url, stop } = await serveTta()
  const answer = await fetch(new URL('/health/ready', url))
  const ms = performance.now() - before
  if (!answer.ok) throw new Error(await answer.text())
  await stop()
  return ms
}

async function build(replay) {
  const before = performance.now()
  const child = startNode(tta, {
    args: ['--quiet', '--from', `${fromSec}000`, '--to', `${fromSec + 10}000`],
    env: { TTA_TEMPO_URL: replay.url.href },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const [status] = await once(child, 'exit')
  if (status !== 0) throw new Error(`tta ended with ${status}`)
  return performance.now() - before
}

async function bare() {
  const before = performance.now()
  await once(startNode('load/nothing.mjs'), 'exit')
  return performance.now() - before
}

const replay = await startReplay({ fromSec, toSec: fromSec + 10, tracesPerSec: 10 })
const taken = { serve: [], build: [], bare: [] }
for (let run = 0; run < runs; run++) {
  taken.bare.push(await bare())
  taken.serve.push(await serve())
  taken.build.push(await build(replay))
}
await replay.stop()
report('Start', [
  measured('tta serve until it is ready', 'ms', taken.serve, { atMost: 500 }),
  measured('one-shot tta on 100 traces', 'ms', taken.build, { atMost: 1000 }),
  measured('Node with nothing to do', 'ms', taken.bare),
])
