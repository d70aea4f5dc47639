import { goDurationPattern, parseGoDurationSec } from '../../../base/time-units.ts'
import { maxWindowHours } from '../../../model/parameters.ts'
import { TempoStatusError } from './tempo-errors.ts'

const rangeError = new RegExp(`range .* exceeds (${goDurationPattern})`)

/**
 * The limits of this Tempo for one tenant. They start with Tempo's defaults and are lowered after refusals, since an
 * operator may have configured others, and no API returns them.
 */
export class TempoLimits {
  /** `query_frontend.search.max_spans_per_span_set`. */
  spansPerSpanSet = 100
  /** `query_frontend.search.max_result_limit`. */
  traces = 262_144
  /** `query_frontend.search.max_duration`. */
  rangeSec = maxWindowHours * 3600
  /** `query_frontend.query_end_cutoff`, s, and when it was probed, Unix ms. */
  cutoff: { sec: number; foundMs: number } | undefined
  /** When the probe for summaries of pruned spans last failed, Unix ms (`hasNoSummaries`). */
  summariesUnknownMs = 0

  /** Lowers the limit that the error names, if it names one. */
  learn(error: unknown): void {
    if (!(error instanceof TempoStatusError) || error.status !== 400) return
    const spans = /spans per span set exceeds (\d+)/.exec(error.text)
    const traces = /limit \d+ exceeds max limit (\d+)/.exec(error.text)
    const range = rangeError.exec(error.text)
    if (spans) this.lower('spansPerSpanSet', Number(spans[1]))
    else if (traces) this.lower('traces', Number(traces[1]))
    else if (range) this.lower('rangeSec', Math.floor(parseGoDurationSec(range[1] as string)))
  }

  private lower(key: 'spansPerSpanSet' | 'traces' | 'rangeSec', value: number): void {
    if (value > 0 && value < this[key]) this[key] = value
  }
}
