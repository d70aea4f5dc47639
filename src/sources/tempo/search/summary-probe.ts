import type { StringTable } from '../../../graph/columns/string-table.ts'
import { SpanTable } from '../../../graph/spans/span-table.ts'
import { isUpstream } from '../client/tempo-errors.ts'
import { summaryQuery } from '../traceql.ts'
import { type SearchContext, searchTraces } from './search.ts'
import type { SpanHistogram } from './span-histogram.ts'

/**
 * Fewer spans are not worth the question: they come in under 20 slices, and the fields of summaries take Tempo some 0.2 s
 * of them, a tenth of its time. The question takes 20 ms.
 */
const minSpans = 60_000
/** A Tempo for which the question is not cheap is not waited for, and not asked again for a while. */
const timeoutMs = 5000
const restMs = 600_000

/**
 * Whether it pays to ask. It may where Tempo does not say how many spans there are, as of long ranges. It does not where
 * peers are read: Tempo then goes through the attributes of all spans anyway, and some more of them cost nothing.
 */
export function isProbeWorthwhile(
  { peers }: SearchContext,
  histogram: SpanHistogram | undefined,
  startSec: number,
  endSec: number,
): boolean {
  if (peers || startSec >= endSec) return false
  return histogram === undefined || histogram.between(startSec, endSec) >= minSpans
}

/**
 * Asks once whether any span in a range of time is a summary of pruned ones. Of all spans, not only of those that match:
 * a trace that matches is read with its other fragments.
 *
 * @returns whether it is certain that none is. Where Tempo did not answer, or not to the end, it is not; what is wrong
 *   with it shows in the read, which asks again as often as it may.
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
  if (endSec - startSec > limits.rangeSec || nowMs < limits.summariesUnknownMs + restMs) return false
  const search = { q: summaryQuery, startSec, endSec, limit: 1, spansPerSpanSet: 1 }
  try {
    const asked = { ...context, retries: 0, timeoutMs }
    // One trace is as many as were asked for: there may be more, and the answer counts as unfinished.
    const { unfinished } = await searchTraces(asked, search, new SpanTable(strings), () => {})
    return !unfinished
  } catch (error) {
    if (!isUpstream(error)) throw error
    limits.summariesUnknownMs = nowMs
    return false
  }
}
