/** Memory of a tta that stores 1,000,000 embedded spans, sent as exporters do: 500 spans a request. */
import { measured, report } from '../figures.mjs'
import { toTracesData } from '../load/otlp-protobuf.mjs'
import { searchAnswer } from '../load/search-answer.mjs'
import { peakMegabytes, serveTta } from '../processes.mjs'

const spansPerTrace = 10
const tracesPerRequest = 50
const requests = 2000
const spans = requests * tracesPerRequest * spansPerTrace
/** Attributes of an HTTP server span. */
const attributes = {
  'http.request.method': 'GET',
  'http.route': '/api/v1/resource/{id}',
  'url.scheme': 'https',
  'server.address': 'service.example.internal',
}

async function hold(attributes) {
  const tta = await serveTta({ TTA_EMBEDDED_MAX_BYTES: '2000000000' })
  const idle = peakMegabytes(tta.child.pid)
  const bodies = bodiesOf(attributes)
  let bytes = 0
  for (let request = 0; request < requests; request++) {
    // Again and again: spans are held as they came, whatever is in them.
    const body = bodies[request % bodies.length]
    bytes += body.length
    const headers = { 'content-type': 'application/x-protobuf' }
    const answer = await fetch(new URL('/v1/traces', tta.url), { method: 'POST', headers, body })
    if (!answer.ok) throw new Error(await answer.text())
    await answer.arrayBuffer()
  }
  const metrics = await (await fetch(new URL('/metrics', tta.url))).text()
  const [, held] = /^tta_embedded_stored_spans (\d+)/m.exec(metrics) ?? []
  if (Number(held) !== spans) throw new Error(`${held} spans are held instead of ${spans}`)
  const peak = peakMegabytes(tta.child.pid)
  await tta.stop()
  return { idle, peak, bytesPerSpan: bytes / spans }
}

function bodiesOf(attributes) {
  const startNs = BigInt(Date.now() - 1000) * 1_000_000n
  const answers = Array.from({ length: 20 }, (_, seed) =>
    searchAnswer({ traces: tracesPerRequest, spansPerTrace, seed, startNs }),
  )
  return answers.map(({ traces }) => Buffer.concat(traces.map((trace) => toTracesData(trace, attributes))))
}

const bare = await hold({})
const full = await hold(attributes)
const named = ({ bytesPerSpan }) => `${Math.round(bytesPerSpan)} bytes each`
report(`Memory of ${spans.toLocaleString('en-US')} spans held (peak resident set of tta serve)`, [
  measured('tta serve that holds nothing', 'MB', [bare.idle, full.idle]),
  measured(`spans without attributes, ${named(bare)}`, 'MB', [bare.peak], { atMost: 300 }),
  measured(`spans with four attributes, ${named(full)}`, 'MB', [full.peak], { atMost: 300 }),
])
