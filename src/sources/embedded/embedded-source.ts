import { badRequest, TtaError } from '../../base/errors.ts'
import { createYielder } from '../../base/event-loop.ts'
import { SpanTable } from '../../graph/spans/span-table.ts'
import { LeftOutTraces } from '../left-out-traces.ts'
import { TraceGrouper } from '../otlp/trace-grouper.ts'
import { selectsAll } from '../tag-selector.ts'
import type {
  ReadOptions,
  ReadReport,
  TraceConsumer,
  TraceQuery,
  TraceSource,
  Window,
} from '../trace-source.ts'
import { exceededLimit, type ReadLimits } from '../trace-source.ts'
import { type EmbeddedStore, inflated, type StoredRequest } from './embedded-store.ts'

/** Creates a source that reads from `store`. A read leaves out requests that arrive after its start. */
export function createEmbeddedSource(store: EmbeddedStore): TraceSource {
  return {
    name: 'embedded',
    read: (query, consumer, options) => read(store, query, consumer, options),
    check: async () => {},
    close: async () => {},
  }
}

async function read(
  store: EmbeddedStore,
  query: TraceQuery,
  consumer: TraceConsumer,
  options: ReadOptions,
): Promise<ReadReport> {
  if (query.query !== undefined) {
    throw badRequest([{ field: 'query', value: query.query, message: 'requires Tempo (tempo.url)' }])
  }
  const requests = store.requests()
  const report = emptyReport(query.window)
  const yieldIfDue = createAbortableYielder(options.signal)
  const spans = await gather(requests, query, consumer, report, options.limits, yieldIfDue)
  const chosen = newest(spans, choose(spans, query, report), options.limits, report)
  const table = new SpanTable(consumer.strings)
  for (const trace of chosen) {
    spans.copyTo(table, trace)
    consumer.add(table)
    report.traces++
    report.spans += table.length
    if (await yieldIfDue()) options.onProgress?.(progress(report, chosen.length))
  }
  options.onProgress?.(progress(report, chosen.length))
  reportGaps(store, report)
  return report
}

async function gather(
  requests: StoredRequest[],
  { selector, identity, group, peers, sampling, failures }: TraceQuery,
  consumer: TraceConsumer,
  report: ReadReport,
  limits: ReadLimits | undefined,
  yieldIfDue: () => Promise<boolean>,
): Promise<TraceGrouper> {
  const spans = new TraceGrouper(consumer.strings, selector, (value) => selector.matches(value), {
    identity,
    group,
    peers,
    sampling,
    failures,
  })
  await yieldIfDue()
  for (const request of requests.toReversed()) {
    const passed = exceededLimit(limits, { spans: 0, bytes: report.bytes + request.length })
    if (passed) {
      leaveOut(report, passed)
      break
    }
    spans.add(inflated(request))
    report.bytes += request.length
    await yieldIfDue()
  }
  spans.group()
  return spans
}

/** Reports that traces were left out. @param warning why */
function leaveOut(report: ReadReport, warning: string): void {
  report.truncated = true
  report.warnings.push(warning)
}

/** Returns the selected traces that start in the window, at most the newest `limit`. */
function choose(
  spans: TraceGrouper,
  { selector, window, countBy, limit }: TraceQuery,
  report: ReadReport,
): number[] {
  const all = selectsAll(selector)
  const from = toNs(window.fromMs)
  const to = toNs(window.toMs)
  const chosen: number[] = []
  const leftOut = new LeftOutTraces()
  for (let trace = 0; trace < spans.traces; trace++) {
    if (spans.spansOf(trace) === 0 || (!all && !spans.isSelected(trace))) continue
    if (!spans.isTimed(trace)) leftOut.addUntimed(spans.traceId(trace))
    if (!spans.startsBefore(trace, to)) continue
    const isCounted = countBy === 'span' && spans.spansBetween(trace, from, to) > 0
    if (isCounted || !spans.startsBefore(trace, from)) chosen.push(trace)
    else if (spans.lastEndMs(trace) >= window.fromMs) {
      report.outsideWindow++
      leftOut.addEarlier(spans.traceId(trace), spans.spansBetween(trace, from, to))
    }
  }
  Object.assign(report, leftOut.report())
  chosen.sort((a, b) => spans.compare(a, b))
  if (chosen.length > limit) {
    report.truncated = true
    report.warnings.push(`More than ${limit} traces (limit) in the window: the oldest were left out.`)
    chosen.splice(0, chosen.length - limit)
  }
  return chosen
}

/** Returns the newest traces within the limit on spans, at least one, the newest last. */
function newest(
  spans: TraceGrouper,
  traces: number[],
  limits: ReadLimits | undefined,
  report: ReadReport,
): number[] {
  let total = 0
  for (let at = traces.length - 1; at >= 0; at--) {
    total += spans.spansOf(traces[at] ?? 0)
    const passed = exceededLimit(limits, { spans: total, bytes: 0 })
    if (passed === undefined) continue
    leaveOut(report, passed)
    return traces.slice(Math.min(at + 1, traces.length - 1))
  }
  return traces
}

/**
 * Reports spans that the store no longer has. Spans expire after `maxAgeSec`: the searched window begins there. Spans
 * that were evicted earlier are missing.
 */
function reportGaps(store: EmbeddedStore, report: ReadReport): void {
  const { maxAgeSec, now } = store.options
  const { fromMs, toMs } = report.searched
  const storedFromMs = now() - maxAgeSec * 1000
  if (
    fromMs < storedFromMs &&
    storedFromMs < toMs &&
    store.expired.within({ fromMs, toMs: storedFromMs }) > 0
  ) {
    report.searched = { fromMs: Math.floor(storedFromMs), toMs }
    report.warnings.push(
      `Spans are stored for ${maxAgeSec} s (embedded.max_age_sec): the window begins there.`,
    )
  } else if (storedFromMs >= toMs && store.expired.within({ fromMs, toMs }) > 0) {
    report.truncated = true
    report.warnings.push(
      `The window ends before the oldest stored span: embedded.max_age_sec is ${maxAgeSec} s.`,
    )
  }
  const evicted = store.evicted.within(report.searched)
  if (evicted === 0) return
  report.truncated = true
  report.warnings.push(`About ${evicted} spans of the window were evicted: embedded.max_bytes is too small.`)
}

/** Creates a function that yields to the event loop if due, and returns whether it did. */
function createAbortableYielder(signal: AbortSignal): () => Promise<boolean> {
  const yieldIfDue = createYielder()
  return async () => {
    throwIfAborted(signal)
    const hasWaited = await yieldIfDue()
    if (hasWaited) throwIfAborted(signal)
    return hasWaited
  }
}

function throwIfAborted(signal: AbortSignal): void {
  if (!signal.aborted) return
  if (signal.reason instanceof TtaError) throw signal.reason
  throw new TtaError('TTA_CANCELLED', 'The read was cancelled', { cause: signal.reason })
}

/** Converts Unix ms to Unix ns, to the µs. */
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
    beganEarlier: 0,
    spansLeftOut: 0,
    untimedTraces: 0,
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
