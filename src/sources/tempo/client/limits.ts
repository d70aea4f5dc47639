import { TempoStatusError } from './tempo-errors.ts'

const secondsOf: Record<string, number> = { h: 3600, m: 60, s: 1, ms: 0.001 }

/**
 * What this Tempo allows. It starts with Tempo's own defaults and learns from refusals: an operator may have
 * set others, and no API tells them.
 */
export class TempoLimits {
  /** `query_frontend.search.max_spans_per_span_set`. */
  spansPerSpanSet = 100
  /** `query_frontend.search.max_result_limit`. */
  traces = 262_144
  /** `query_frontend.search.max_duration`. */
  rangeSec = 168 * 3600
  /** `query_frontend.query_end_cutoff`, s, as it was found at a time, Unix ms. */
  cutoff: { sec: number; foundMs: number } | undefined
  /** When it last failed to say whether there are summaries of pruned spans (`hasNoSummaries`), Unix ms. */
  summariesUnknownMs = 0

  /** Lowers the limit that the error names, if it names one. */
  learn(error: unknown): void {
    if (!(error instanceof TempoStatusError) || error.status !== 400) return
    const spans = /spans per span set exceeds (\d+)/.exec(error.text)
    const traces = /limit \d+ exceeds max limit (\d+)/.exec(error.text)
    const range = /range .* exceeds ((?:\d+(?:\.\d+)?(?:ms|h|m|s))+)/.exec(error.text)
    if (spans) this.lower('spansPerSpanSet', Number(spans[1]))
    else if (traces) this.lower('traces', Number(traces[1]))
    else if (range) this.lower('rangeSec', Math.floor(goDurationSec(range[1] as string)))
  }

  private lower(key: 'spansPerSpanSet' | 'traces' | 'rangeSec', value: number): void {
    if (value > 0 && value < this[key]) this[key] = value
  }
}

/** `1h30m0s` in seconds. */
function goDurationSec(text: string): number {
  let sec = 0
  for (const [, amount, unit] of text.matchAll(/(\d+(?:\.\d+)?)(ms|h|m|s)/g)) {
    sec += Number(amount) * (secondsOf[unit as string] as number)
  }
  return sec
}
