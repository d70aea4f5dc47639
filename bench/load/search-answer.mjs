import { seededRandom } from '../../dist/cli/demo/random.js'
import { hexDigits, normal } from './random.mjs'

/**
 * Operations of services, nine of each in the mean, every one with a duration of its own, which call at most four
 * others. Of 180, the usual number, come a graph of 200 nodes.
 */
function operationsOf(count) {
  const services = Math.max(1, Math.round(count / 9))
  return Array.from({ length: count }, (_, i) => ({
    service: `service-${i % services}`,
    name: `GET /api/v1/resource-${i}/{id}`,
    medianNs: 1e6 * 1.03 ** (i % 180),
    callees: [i * 3 + 1, i * 5 + 2, i * 7 + 3, i * 11 + 4].map((callee) => callee % count),
  }))
}

const kinds = ['internal', 'server', 'client']

/**
 * Traces as plain objects in the shape of Tempo's JSON search answer, the spans grouped by service as tta asks for
 * them. As in Tempo's answers, the first spanset occurs twice.
 *
 * @param spacingNs from the start of a trace to that of the next
 */
export function searchAnswer({
  traces,
  spansPerTrace,
  seed,
  operations = 180,
  startNs = 1_795_000_000_000_000_000n,
  spacingNs = 1_000_000n,
}) {
  const random = seededRandom(seed)
  const known = operationsOf(operations)
  const roots = Math.max(1, Math.round(operations / 36))
  const made = []
  for (let t = 0; t < traces; t++) {
    made.push(trace(random, known, known[t % roots], spansPerTrace, startNs + BigInt(t) * spacingNs))
  }
  return { traces: made, metrics: { completedJobs: 3, totalJobs: 3 } }
}

function trace(random, operations, root, spansPerTrace, startNs) {
  const sets = new Map()
  const ids = []
  const called = []
  let endNs = startNs
  for (let s = 0; s < spansPerTrace; s++) {
    const caller = (random() * s) | 0
    const operation = s === 0 ? root : operations[called[caller].callees[(random() * 4) | 0]]
    const { service, name, medianNs } = operation
    const spanID = hexDigits(random, 16)
    const parent = s === 0 ? '0000000000000000' : ids[caller]
    ids.push(spanID)
    called.push(operation)
    const spanStartNs = startNs + BigInt(s) * 1000n
    const durationNs = BigInt(Math.round(medianNs * Math.exp(0.5 * normal(random))))
    if (spanStartNs + durationNs > endNs) endNs = spanStartNs + durationNs
    const span = {
      spanID,
      name,
      startTimeUnixNano: String(spanStartNs),
      durationNanos: String(durationNs),
      attributes: [
        textOf('span:parentID', parent),
        textOf('kind', kinds[s % 3]),
        textOf('status', random() < 0.03 ? 'error' : 'unset'),
      ],
    }
    if (!sets.has(service)) sets.set(service, [])
    sets.get(service).push(span)
  }
  const durationMs = Number((endNs - startNs) / 1_000_000n)
  const spanSets = [...sets].map(([service, spans]) => ({
    spans,
    matched: spans.length,
    attributes: [
      textOf('by(traceDuration)', `${durationMs}ms`),
      textOf('by(resource.service.name)', service),
    ],
  }))
  return {
    traceID: hexDigits(random, 32),
    rootServiceName: root.service,
    rootTraceName: root.name,
    startTimeUnixNano: String(startNs),
    durationMs,
    spanSet: spanSets[0],
    spanSets,
    serviceStats: Object.fromEntries(
      [...sets].map(([service, { length }]) => [service, { spanCount: length }]),
    ),
  }
}

const textOf = (key, stringValue) => ({ key, value: { stringValue } })

/** The service whose spans a spanset holds. */
export const serviceOf = ({ attributes }) => attributes[1].value.stringValue
