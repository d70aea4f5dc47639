/**
 * How the cost of a build grows with spans, with operations, and with jobs at once; draws `growth.svg`.
 *
 *     npm run build && node bench/growth.mjs           some ten minutes
 */
import { writeFileSync } from 'node:fs'
import { cpus } from 'node:os'
import { drawGrowth } from './growth-plot.mjs'
import { aggregate, peakMegabytes, serveTta, startReplay } from './processes.mjs'
import { peakOfBuild } from './tempo/memory.mjs'

const fromSec = 1_795_000_000
const replaySec = 120

/** Each in a process of its own, as from the command line. */
async function grow(name, sizes, optionsOf) {
  const points = []
  for (const size of sizes) {
    const { ms, megabytes, built } = await peakOfBuild(optionsOf(size))
    points.push({ size, seconds: ms / 1000, megabytes })
    console.log(
      `${size.toLocaleString('en-US')} ${name}: ${(ms / 1000).toFixed(1)} s, ${megabytes.toFixed(0)} MB, ${built.nodes} nodes`,
    )
  }
  return points
}

async function growJobs(counts) {
  const points = []
  const replay = await startReplay({ fromSec, toSec: fromSec + replaySec, tracesPerSec: 208 })
  for (const size of counts) {
    const tta = await serveTta({ TTA_TEMPO_URL: replay.url.href, TTA_BUILD_MAX_CONCURRENT: String(size) })
    const window = { from: `${fromSec}000`, to: `${fromSec + replaySec}000`, limit: 1_000_000 }
    await aggregate(tta.url, { graph: 'first', ...window })
    const before = performance.now()
    await Promise.all(
      Array.from({ length: size }, (_, job) => aggregate(tta.url, { graph: `job-${job}`, ...window })),
    )
    const seconds = (performance.now() - before) / 1000
    const megabytes = peakMegabytes(tta.child.pid)
    await tta.stop()
    points.push({ size, seconds, megabytes })
    console.log(`${size} jobs at once: ${seconds.toFixed(1)} s, ${megabytes.toFixed(0)} MB`)
  }
  await replay.stop()
  return points
}

const spans = await grow('spans', [10_000, 100_000, 1_000_000, 5_000_000], (spans) => ({ spans }))
const operations = await grow('operations', [10, 1000, 50_000], (operations) => ({
  spans: 1_000_000,
  operations,
  tracesPerSec: 5000,
}))
const jobs = await growJobs([1, 4, 16])
const panels = [
  { title: 'Spans', note: '180 operations', points: spans },
  { title: 'Distinct operations', note: '1,000,000 spans, 50,000 in each second', points: operations },
  { title: 'Jobs at once', note: '249,600 spans each', points: jobs },
]
const [{ model }] = cpus()
const made = `${new Date().toISOString().slice(0, 10)}, Node ${process.version}, ${cpus().length} cores, ${model.trim()}`
writeFileSync(new URL('growth.svg', import.meta.url), drawGrowth(panels, made))
