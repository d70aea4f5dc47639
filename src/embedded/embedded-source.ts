import { setImmediate as nextTurn } from 'node:timers/promises'
import { badRequest, TtaError } from '../errors.ts'
import { SpanTable } from '../graph/span-table.ts'
import { SpansByTrace } from '../otlp/spans-by-trace.ts'
import { selectsAll } from '../source/tag-selector.ts'
import type {
  ReadOptions,
  ReadReport,
  TraceConsumer,
  TraceQuery,
  TraceSource,
  Window,
} from '../source/trace-source.ts'
import type { EmbeddedTraces, HeldRequest } from './embedded-traces.ts'

/** The event loop gets its turn after so much work, ms. */
const turnMs = 10

/** Reads what `store` holds. The requests that arrive while a read is under way are not part of it. */
export function embeddedSource(store: EmbeddedTraces): TraceSource {
  return {
    name: 'embedded',
    read: (query, consumer, options) => read(store, query, consumer, options),
    check: async () => {},
    close: async () => {},
  }
}

async function read(
  store: EmbeddedTraces,
  query: TraceQuery,
  consumer: TraceConsumer,
  options: ReadOptions,
): Promise<ReadReport> {
  if (query.query !== undefined) {
    throw badRequest([{ field: 'query', value: query.query, message: 'needs a Tempo: set tempo.url' }])
  }
  const requests = store.held()
  const report = emptyReport(query.window)
  const takeTurns = turns(options.signal)
  const spans = await gather(requests, query, consumer, report, takeTurns)
  const chosen = choose(spans, query, report)
  const table = new SpanTable(consumer.strings)
  for (const trace of chosen) {
    spans.copyTo(table, trace)
    consumer.add(table)
    report.traces++
    report.spans += table.length
    if (await takeTurns()) options.onProgress?.(progress(report, chosen.length))
  }
  options.onProgress?.(progress(report, chosen.length))
  account(store, requests, report)
  return report
}

async function gather(
  requests: HeldRequest[],
  { selector }: TraceQuery,
  consumer: TraceConsumer,
  report: ReadReport,
  takeTurns: () => Promise<boolean>,
): Promise<SpansByTrace> {
  const spans = new SpansByTrace(consumer.strings, selector, (value) => selector.matches(value))
  await takeTurns()
  for (const { bytes } of requests) {
    spans.add(bytes)
    report.bytes += bytes.length
    await takeTurns()
  }
  spans.group()
  return spans
}

/** The traces to hand on: those selected that start in the window, the earliest `limit` of them. */
function choose(spans: SpansByTrace, { selector, window, limit }: TraceQuery, report: ReadReport): number[] {
  const all = selectsAll(selector)
  const from = toNs(window.fromMs)
  const to = toNs(window.toMs)
  const chosen: number[] = []
  for (let trace = 0; trace < spans.traces; trace++) {
    if (!all && !spans.isSelected(trace)) continue
    if (!spans.startsBefore(trace, to)) continue
    if (!spans.startsBefore(trace, from)) chosen.push(trace)
    else if (spans.lastEndMs(trace) >= window.fromMs) report.outsideWindow++
  }
  chosen.sort((a, b) => spans.compare(a, b))
  if (chosen.length > limit) {
    report.truncated = true
    chosen.length = limit
  }
  return chosen
}

/** Says what the store could not have: it holds what arrived lately, and that may begin after the window. */
function account(store: EmbeddedTraces, requests: HeldRequest[], report: ReadReport): void {
  const { maxAgeSec, now } = store.options
  const { fromMs, toMs } = report.searched
  const earliestMs = requests.reduce(
    (earliest, { firstStartMs }) => Math.min(earliest, firstStartMs),
    now() - maxAgeSec * 1000,
  )
  if (earliestMs >= toMs) {
    report.warnings.push(`The window ends before the earliest span held: spans are held for ${maxAgeSec} s.`)
  } else if (earliestMs > fromMs) report.searched = { fromMs: Math.floor(earliestMs), toMs }
  const dropped = store.dropped.within({ fromMs, toMs })
  if (dropped > 0) {
    report.warnings.push(
      `About ${dropped} spans of the window are no longer held: too old, or too many bytes.`,
    )
  }
}

/** Lets the event loop have its turn when `turnMs` have gone by, and says whether it did. */
function turns(signal: AbortSignal): () => Promise<boolean> {
  let sinceMs = performance.now()
  return async () => {
    throwIfAborted(signal)
    if (performance.now() - sinceMs < turnMs) return false
    await nextTurn()
    throwIfAborted(signal)
    sinceMs = performance.now()
    return true
  }
}

function throwIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return
  if (signal.reason instanceof TtaError) throw signal.reason
  throw new TtaError('TTA_CANCELLED', 'The read was cancelled', { cause: signal.reason })
}

/** Unix ns of Unix ms, to the µs. */
function toNs(ms: number): bigint {
  return BigInt(Math.round(ms * 1000)) * 1000n
}

function progress({ traces, spans, requests }: ReadReport, chosen: number) {
  return { fraction: chosen === 0 ? 1 : traces / chosen, traces, spans, requests }
}

function emptyReport(searched: Window): ReadReport {
  return {
    traces: 0,
    spans: 0,
    requests: 0,
    retries: 0,
    bytes: 0,
    slices: 1,
    outsideWindow: 0,
    suspects: 0,
    repaired: 0,
    incomplete: 0,
    truncated: false,
    searched,
    traceql: null,
    warnings: [],
  }
}
