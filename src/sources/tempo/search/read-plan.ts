import { badRequest, type TtaError } from '../../../base/errors.ts'
import type { StringTable } from '../../../graph/columns/string-table.ts'
import type { TraceQuery, Window } from '../../trace-source.ts'
import { TempoAnswerError } from '../client/tempo-errors.ts'
import { type TraceMatch, traceMatch } from '../traceql.ts'
import { recentCutoffSec } from './recent-cutoff.ts'
import type { SearchContext } from './search.ts'
import { SpanHistogram, spanHistogram } from './span-histogram.ts'
import { hasNoSummaries, isProbeWorthwhile } from './summary-probe.ts'

/** What is searched for, in which time, and where its spans are. */
export interface ReadPlan {
  match: TraceMatch
  /** The window with its padding, without the future, Unix s. */
  startSec: number
  endSec: number
  histogram: SpanHistogram | undefined
  /**
   * Up to then no span is a summary of pruned ones, Unix s; 0: that is not known. It is certain of spans that had ended
   * `lateSec` before the read.
   */
  plainUntilSec: number
  warnings: string[]
}

export interface ReadPlanOptions {
  /** How far beyond the window is searched, so that traces at its edges are whole, s. */
  padSec: number
  /** Spans may arrive so long after they ended, s. */
  lateSec: number
  /** Unix ms. */
  nowMs: number
  strings: StringTable
  /** As in `ReadOptions`. */
  expectedSpansPerSec?: number | undefined
}

/** Windows that end longer ago are searched to their end by every Tempo. */
const recentMs = 60_000

/**
 * Two to four cheap queries that make the many that follow fit; none where it is known what they would say.
 *
 * @throws {TtaError} TTA_BAD_REQUEST: Tempo searches nothing of the window yet, which is not the same as no traces
 * @throws as `TempoClient.get`
 */
export async function planRead(
  context: SearchContext,
  { selector, query, window }: TraceQuery,
  { padSec, lateSec, nowMs, strings, expectedSpansPerSec }: ReadPlanOptions,
): Promise<ReadPlan> {
  const match = traceMatch(selector, query)
  const startSec = Math.floor(window.fromMs / 1000 - padSec)
  const cutoffSec =
    window.toMs > nowMs - recentMs ? await recentCutoffSec(context, strings, nowMs).catch(unknownCutoff) : 0
  const newestSec = cutoffSec > 0 ? nowMs / 1000 - cutoffSec : nowMs / 1000 + 1
  const endSec = Math.max(startSec + 1, Math.ceil(Math.min(window.toMs / 1000 + padSec, newestSec)))
  if (endSec * 1000 <= window.fromMs) throw hidden(window, cutoffSec)
  const histogram =
    expectedSpansPerSec === undefined
      ? await spanHistogram(context, match.spanset, startSec, endSec)
      : SpanHistogram.even(startSec, endSec, expectedSpansPerSec)
  const warnings =
    cutoffSec > 0 ? [`Tempo does not search the newest ${cutoffSec} s yet: the window ends there.`] : []
  // No question finds what arrives only while the window is read: of the time of which it may be, all is asked for.
  const settledSec = Math.min(endSec, Math.floor(nowMs / 1000) - lateSec)
  // A read that is to ask seldom, a refresh, has little besides that time.
  const isProbed =
    expectedSpansPerSec === undefined && isProbeWorthwhile(context, histogram, startSec, settledSec)
  const isPlain = isProbed && (await hasNoSummaries(context, strings, startSec, settledSec, nowMs))
  return { match, startSec, endSec, histogram, plainUntilSec: isPlain ? settledSec : 0, warnings }
}

function hidden({ fromMs }: Window, cutoffSec: number): TtaError {
  const value = new Date(fromMs).toISOString()
  const message = `must be over ${cutoffSec} s ago: this Tempo does not search what is newer yet`
  return badRequest([{ field: 'from', value, message }])
}

/** A Tempo too old to answer protobuf has no cutoff either; one that answers nonsense will do so again. */
function unknownCutoff(error: unknown): number {
  if (error instanceof TempoAnswerError) return 0
  throw error
}
