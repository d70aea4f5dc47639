import { badRequest, type TtaError } from '../../../base/errors.ts'
import type { StringTable } from '../../../graph/columns/string-table.ts'
import type { TraceQuery, Window } from '../../trace-source.ts'
import { TempoAnswerError } from '../client/tempo-errors.ts'
import { type TraceMatch, traceMatch } from '../traceql.ts'
import { hasNoSummaries, isSummaryProbeWorthwhile, probeRecentCutoffSec } from './probes.ts'
import type { SearchContext } from './search.ts'
import { querySpanHistogram, SpanHistogram } from './span-histogram.ts'

/** The query of a read, its range, and the distribution of its spans. */
export interface ReadPlan {
  match: TraceMatch
  /** The window with its padding, up to now, Unix s. */
  startSec: number
  endSec: number
  histogram: SpanHistogram | undefined
  /**
   * Time before which no span is a summary of pruned spans, Unix s; 0: unknown. Certain only for spans that had ended
   * `lateSec` before the read.
   */
  plainUntilSec: number
  warnings: string[]
}

export interface ReadPlanOptions {
  /** Padding of the window, so that traces at its edges are whole, s. */
  padSec: number
  /** Longest time from the end of a span to its arrival, s. */
  lateSec: number
  /** Unix ms. */
  nowMs: number
  strings: StringTable
  /** As in `ReadOptions`. */
  expectedSpansPerSec?: number | undefined
}

/** Every Tempo searches windows that end longer ago to their end, ms. */
const recentMs = 60_000

/**
 * Plans a read with two to four cheap queries, or none if their results are known.
 *
 * @throws {TtaError} TTA_BAD_REQUEST: Tempo does not search any of the window yet, which differs from no traces
 * @throws as `TempoClient.get`
 */
export async function planRead(
  context: SearchContext,
  { selector, query, window, reachMs = 0 }: TraceQuery,
  { padSec, lateSec, nowMs, strings, expectedSpansPerSec }: ReadPlanOptions,
): Promise<ReadPlan> {
  const match = traceMatch(selector, query)
  const startSec = Math.floor(window.fromMs / 1000 - padSec)
  const cutoffSec =
    window.toMs > nowMs - recentMs
      ? await probeRecentCutoffSec(context, strings, nowMs).catch(unknownCutoff)
      : 0
  const newestSec = cutoffSec > 0 ? nowMs / 1000 - cutoffSec : nowMs / 1000 + 1
  const endSec = Math.max(
    startSec + 1,
    Math.ceil(Math.min(Math.max(window.toMs / 1000 + padSec, reachMs / 1000), newestSec)),
  )
  if (endSec * 1000 <= window.fromMs) throw hidden(window, cutoffSec)
  const histogram =
    expectedSpansPerSec === undefined
      ? await querySpanHistogram(context, match.spanset, startSec, endSec)
      : SpanHistogram.even(startSec, endSec, expectedSpansPerSec)
  const warnings =
    cutoffSec > 0 ? [`Tempo does not search the newest ${cutoffSec} s yet: the window ends before them.`] : []
  // Later spans may still arrive during the read, so no probe can rule out summaries among them.
  const settledSec = Math.min(endSec, Math.floor(nowMs / 1000) - lateSec)
  // An incremental read consists mostly of such spans.
  const isProbed =
    expectedSpansPerSec === undefined && isSummaryProbeWorthwhile(context, histogram, startSec, settledSec)
  const isPlain = isProbed && (await hasNoSummaries(context, strings, startSec, settledSec, nowMs))
  return { match, startSec, endSec, histogram, plainUntilSec: isPlain ? settledSec : 0, warnings }
}

function hidden({ fromMs }: Window, cutoffSec: number): TtaError {
  const value = new Date(fromMs).toISOString()
  const message = `must be over ${cutoffSec} s ago: this Tempo does not search newer data yet`
  return badRequest([{ field: 'from', value, message }])
}

/** A Tempo too old for protobuf has no cutoff. A Tempo with bad answers fails again in the read itself. */
function unknownCutoff(error: unknown): number {
  if (error instanceof TempoAnswerError) return 0
  throw error
}
