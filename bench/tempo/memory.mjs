/** Peak memory of one-shot builds of more and more spans, read from a replayed Tempo. */
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { measured, report } from '../figures.mjs'
import { startNode, startReplay, tta } from '../processes.mjs'

const spansPerTrace = 10
const fromSec = 1_795_000_000

/** @returns peak resident memory, MB */
export async function peakOfBuild({ spans, tracesPerSec = 500, ...more }) {
  const toSec = fromSec + spans / spansPerTrace / tracesPerSec
  const replay = await startReplay({ fromSec, toSec, tracesPerSec, spansPerTrace, ...more })
  const before = performance.now()
  const child = startNode(tta, {
    args: ['--json', '--quiet', '--from', `${fromSec}000`, '--to', `${toSec}000`, '--limit', '10000000'],
    env: { TTA_TEMPO_URL: replay.url.href },
    imports: ['load/tell-peak.mjs'],
    stdio: ['ignore', 'pipe', 'inherit', 'pipe'],
  })
  const [summary, peak] = await Promise.all([text(child.stdout), text(child.stdio[3]), once(child, 'close')])
  const ms = performance.now() - before
  await replay.stop()
  const { read, built } = JSON.parse(summary)
  if (read.spans !== spans) throw new Error(`${read.spans} spans were read instead of ${spans}`)
  return { megabytes: (Number(peak) * 1024) / 1e6, ms, built }
}

if (import.meta.filename === process.argv[1]) {
  const sizes = { '100,000': 3, '1,000,000': 3, '5,000,000': 1 }
  const peaks = {}
  for (const [spans, runs] of Object.entries(sizes)) {
    peaks[spans] = []
    for (let run = 0; run < runs; run++) {
      peaks[spans].push((await peakOfBuild({ spans: Number(spans.replaceAll(',', '')) })).megabytes)
    }
  }
  const above = (spans) => peaks[spans].map((megabytes, run) => megabytes - peaks['100,000'][run])
  report('Memory of a build (peak resident set of the process)', [
    ...Object.keys(sizes).map((spans) => measured(`peak of a build of ${spans} spans`, 'MB', peaks[spans])),
    measured('1,000,000 spans above 100,000', 'MB', above('1,000,000'), { atMost: 60 }),
    measured('5,000,000 spans above 100,000', 'MB', above('5,000,000'), { atMost: 60 }),
  ])
}
