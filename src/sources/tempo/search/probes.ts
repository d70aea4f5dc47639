import type { StringTable } from '../../../graph/columns/string-table.ts'
import { SpanTable } from '../../../graph/spans/span-table.ts'
import { isUpstream } from '../client/tempo-errors.ts'
import { summaryQuery } from '../traceql.ts'
import { type SearchContext, searchTraces } from './search.ts'
import type { SpanHistogram } from './span-histogram.ts'

/** Ages that are tried, s. 30 is the default of Tempo 3's `query_end_cutoff`; Tempo 2 has none. */
const cutoffsSec = [30, 60, 120, 300]
/** How long a probed cutoff is used, ms. It changes with Tempo's configuration. */
const cutoffValidMs = 600_000

/**
 * Probes how much of the newest data this Tempo's searches leave out.
 *
 * Tempo 3 moves the end of a search back. If that leaves nothing of the range, it searches the last 15 minutes instead
 * (grafana/tempo pkg/api/http.go). The traces in such an answer lie outside of the requested range.
 *
 * @returns s; 0 if nothing is hidden, or if there is no data to tell
 * @throws as `searchTraces`
 */
export async function probeRecentCutoffSec(
  context: SearchContext,
  strings: StringTable,
  nowMs: number,
): Promise<number> {
  const known = context.limits.cutoff
  if (known && nowMs - known.foundMs < cutoffValidMs) return known.sec
  let cutoffSec = 0
  for (const nextSec of cutoffsSec) {
    const hidden = await isHidden(context, strings, Math.floor(nowMs / 1000) - cutoffSec)
    if (hidden === false) context.limits.cutoff = { sec: cutoffSec, foundMs: nowMs }
    if (!hidden) return cutoffSec
    cutoffSec = nextSec
  }
  return cutoffSec
}

/**
 * Whether a search for the two seconds before `endSec` answers traces from another time.
 *
 * @returns undefined if it answers no traces
 */
async function isHidden(
  context: SearchContext,
  strings: StringTable,
  endSec: number,
): Promise<boolean | undefined> {
  const startSec = endSec - 2
  let isElsewhere: boolean | undefined
  const search = { q: '{ }', startSec, endSec, limit: 1, acceptUnfinished: true }
  await searchTraces(context, search, new SpanTable(strings), (spans) => {
    const { startMs, endMs } = spans.extentMs()
    isElsewhere = endMs < (startSec - 1) * 1000 || startMs > (endSec + 1) * 1000
  })
  return isElsewhere
}

/**
 * Number of spans from which on the probe for summaries pays. Fewer spans come in under 20 slices. The fields of
 * summaries then cost Tempo some 0.2 s, a tenth of its time. The probe costs 20 ms.
 */
const minSpans = 60_000
/** Longest wait for the probe, ms. */
const summaryTimeoutMs = 5000
/** How long a Tempo is not probed after a probe that failed, ms. */
const summaryRetryMs = 600_000

/**
 * Whether the probe for summaries pays. It may if Tempo does not say how many spans there are, as for long ranges. It
 * does not for a read of peers: Tempo then reads the attributes of all spans, and a few more cost nothing.
 */
export function isSummaryProbeWorthwhile(
  { peers }: SearchContext,
  histogram: SpanHistogram | undefined,
  startSec: number,
  endSec: number,
): boolean {
  if (peers || startSec >= endSec) return false
  return histogram === undefined || histogram.between(startSec, endSec) >= minSpans
}

/**
 * Probes whether a span in a range of time is a summary of pruned spans. Looks at all spans, also those that do not
 * match: a read of a matching trace includes its other fragments.
 *
 * @returns true only if there is certainly no summary; false after an error of Tempo or an unfinished answer, which the
 *   read itself retries and reports
 * @throws the signal's reason
 */
export async function hasNoSummaries(
  context: SearchContext,
  strings: StringTable,
  startSec: number,
  endSec: number,
  nowMs: number,
): Promise<boolean> {
  const { limits } = context
  if (endSec - startSec > limits.rangeSec || nowMs < limits.summariesUnknownMs + summaryRetryMs) return false
  const search = { q: summaryQuery, startSec, endSec, limit: 1, spansPerSpanSet: 1 }
  try {
    const probe = { ...context, retries: 0, timeoutMs: summaryTimeoutMs }
    // An answer of one trace has as many traces as its limit, and so counts as unfinished.
    const { unfinished } = await searchTraces(probe, search, new SpanTable(strings), () => {})
    return !unfinished
  } catch (error) {
    if (!isUpstream(error)) throw error
    limits.summariesUnknownMs = nowMs
    return false
  }
}
