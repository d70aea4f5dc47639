import { badRequest, TtaError } from '../../base/errors.ts'
import { createYielder } from '../../base/event-loop.ts'
import { SpanTable } from '../../graph/spans/span-table.ts'
import { SpansByTrace } from '../otlp/spans-by-trace.ts'
import { limitPassed, type ReadLimits } from '../read-limits.ts'
import { selectsAll } from '../tag-selector.ts'
import type {
  ReadOptions,
  ReadReport,
  TraceConsumer,
  TraceQuery,
  TraceSource,
  Window,
} from '../trace-source.ts'
import { type EmbeddedTraces, type HeldRequest, inflated } from './embedded-traces.ts'

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
  const takeTurns = abortableTurns(options.signal)
  const spans = await gather(requests, query, consumer, report, options.limits, takeTurns)
  const chosen = newest(spans, choose(spans, query, report), options.limits, report)
  const table = new SpanTable(consumer.strings)
  for (const trace of chosen) {
    spans.copyTo(table, trace)
    consumer.add(table)
    report.traces++
    report.spans += table.length
    if (await takeTurns()) options.onProgress?.(progress(report, chosen.length))
  }
  options.onProgress?.(progress(report, chosen.length))
  account(store, report)
  return report
}

async function gather(
  requests: HeldRequest[],
  { selector, peers, sampling }: TraceQuery,
  consumer: TraceConsumer,
  report: ReadReport,
  limits: ReadLimits | undefined,
  takeTurns: () => Promise<boolean>,
): Promise<SpansByTrace> {
  const spans = new SpansByTrace(consumer.strings, selector, (value) => selector.matches(value), {
    peers,
    sampling,
  })
  await takeTurns()
  for (const request of requests.toReversed()) {
    const passed = limitPassed(limits, { spans: 0, bytes: report.bytes + request.length })
    if (passed) {
      leaveOut(report, passed)
      break
    }
    spans.add(inflated(request))
    report.bytes += request.length
    await takeTurns()
  }
  spans.group()
  return spans
}

/** Says that there is more. @param warning why it was not read */
function leaveOut(report: ReadReport, warning: string): void {
  report.truncated = true
  report.warnings.push(warning)
}

/** The traces to hand on: those selected that start in the window, the newest `limit` of them. */
function choose(spans: SpansByTrace, { selector, window, limit }: TraceQuery, report: ReadReport): number[] {
  const all = selectsAll(selector)
  const from = toNs(window.fromMs)
  const to = toNs(window.toMs)
  const chosen: number[] = []
  for (let trace = 0; trace < spans.traces; trace++) {
    if (spans.spansOf(trace) === 0 || (!all && !spans.isSelected(trace))) continue
    if (!spans.startsBefore(trace, to)) continue
    if (!spans.startsBefore(trace, from)) chosen.push(trace)
    else if (spans.lastEndMs(trace) >= window.fromMs) report.outsideWindow++
  }
  chosen.sort((a, b) => spans.compare(a, b))
  if (chosen.length > limit) {
    report.truncated = true
    report.warnings.push(`More than ${limit} traces (limit) in the window: the oldest were left out.`)
    chosen.splice(0, chosen.length - limit)
  }
  return chosen
}

/** As many of the traces, the newest last, as the limit on spans has room for, but one at least. */
function newest(
  spans: SpansByTrace,
  traces: number[],
  limits: ReadLimits | undefined,
  report: ReadReport,
): number[] {
  let total = 0
  for (let at = traces.length - 1; at >= 0; at--) {
    total += spans.spansOf(traces[at] ?? 0)
    const passed = limitPassed(limits, { spans: total, bytes: 0 })
    if (passed === undefined) continue
    leaveOut(report, passed)
    return traces.slice(Math.min(at + 1, traces.length - 1))
  }
  return traces
}

/**
 * Says what the store no longer had. Spans are held for `maxAgeSec`: what is older is simply not part of what was
 * searched. Spans that had to go before that age are missing.
 */
function account(store: EmbeddedTraces, report: ReadReport): void {
  const { maxAgeSec, now } = store.options
  const { fromMs, toMs } = report.searched
  const heldFromMs = now() - maxAgeSec * 1000
  if (fromMs < heldFromMs && heldFromMs < toMs && store.outlived.within({ fromMs, toMs: heldFromMs }) > 0) {
    report.searched = { fromMs: Math.floor(heldFromMs), toMs }
    report.warnings.push(`Spans are held for ${maxAgeSec} s (embedded.max_age_sec): the window begins there.`)
  } else if (heldFromMs >= toMs && store.outlived.within({ fromMs, toMs }) > 0) {
    report.truncated = true
    report.warnings.push(`The window ends before what is still held: embedded.max_age_sec is ${maxAgeSec} s.`)
  }
  const displaced = store.displaced.within(report.searched)
  if (displaced === 0) return
  report.truncated = true
  report.warnings.push(
    `About ${displaced} spans of the window had to make room: embedded.max_bytes is too small.`,
  )
}

/** Lets others have their turn, and says whether it did. */
function abortableTurns(signal: AbortSignal): () => Promise<boolean> {
  const takeTurns = createYielder()
  return async () => {
    throwIfAborted(signal)
    const hasWaited = await takeTurns()
    if (hasWaited) throwIfAborted(signal)
    return hasWaited
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

function progress({ slices, traces, spans, requests }: ReadReport, chosen: number) {
  return { fraction: chosen === 0 ? 1 : traces / chosen, slices, traces, spans, requests }
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
    unavailable: [],
    warnings: [],
  }
}
