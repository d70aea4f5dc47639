import { withinLexerBlocks } from '../../../model/traceql-blocks.ts'
import { isTooSlow, TempoAnswerError, TempoStatusError, TempoTooLargeError } from '../client/tempo-errors.ts'
import type { SearchContext } from './search.ts'

/** Steps of the histogram over the window. */
const steps = 240

/** The number of spans by start time, out of Tempo's metrics. Only an estimate, for planning. */
export class SpanHistogram {
  private readonly startSec: number
  private readonly stepSec: number
  private readonly counts: number[]

  constructor(startSec: number, stepSec: number, counts: number[]) {
    this.startSec = startSec
    this.stepSec = stepSec
    this.counts = counts
  }

  /** A histogram with the same number of spans in each second. */
  static even(startSec: number, endSec: number, spansPerSec: number): SpanHistogram {
    const lengthSec = endSec - startSec
    return new SpanHistogram(startSec, lengthSec, [Math.max(1, spansPerSec * lengthSec)])
  }

  get total(): number {
    return this.counts.reduce((sum, count) => sum + count, 0)
  }

  /** The number of spans between two times, Unix s. Within a step spans are spread evenly. */
  between(fromSec: number, toSec: number): number {
    let sum = 0
    const first = Math.max(0, Math.floor((fromSec - this.startSec) / this.stepSec))
    const last = Math.min(this.counts.length - 1, Math.floor((toSec - this.startSec) / this.stepSec))
    for (let step = first; step <= last; step++) {
      const stepStart = this.startSec + step * this.stepSec
      const overlapSec = Math.min(toSec, stepStart + this.stepSec) - Math.max(fromSec, stepStart)
      sum += ((this.counts[step] ?? 0) * Math.max(0, overlapSec)) / this.stepSec
    }
    return sum
  }
}

/**
 * Queries Tempo's metrics for the distribution of the spans that match. The query takes a few tens of ms.
 *
 * @param spanset TraceQL, `{ }` for all spans
 * @returns undefined if this Tempo has no metrics for the range
 * @throws {TempoConnectionError} and the signal's reason
 */
export async function querySpanHistogram(
  { client, tenant, signal, tally }: SearchContext,
  spanset: string,
  startSec: number,
  endSec: number,
): Promise<SpanHistogram | undefined> {
  const stepSec = Math.max(1, Math.ceil((endSec - startSec) / steps))
  const query = {
    q: withinLexerBlocks(`${spanset} | count_over_time()`),
    start: startSec,
    end: endSec,
    step: `${stepSec}s`,
    exemplars: 0,
  }
  try {
    const path = '/api/metrics/query_range'
    const { body } = await client.get({
      path,
      query,
      accept: 'application/json',
      tenant,
      retries: 0,
      signal,
      tally,
    })
    return parse(body.toString(), startSec, endSec, stepSec)
  } catch (error) {
    const isNoAnswer =
      error instanceof TempoStatusError || error instanceof TempoTooLargeError || isTooSlow(error)
    if (isNoAnswer || error instanceof TempoAnswerError || error instanceof SyntaxError) return undefined
    throw error
  }
}

function parse(json: string, startSec: number, endSec: number, stepSec: number): SpanHistogram | undefined {
  const answer = JSON.parse(json) as { series?: { samples?: { timestampMs: string; value?: number }[] }[] }
  const counts = new Array<number>(Math.ceil((endSec - startSec) / stepSec) + 1).fill(0)
  for (const { timestampMs, value = 0 } of answer.series?.flatMap(({ samples }) => samples ?? []) ?? []) {
    // Tempo 3 stamps a step with its end, Tempo 2 with its start: each side gets half.
    const step = Math.floor((Number(timestampMs) / 1000 - startSec) / stepSec)
    for (const side of [step - 1, step]) if (counts[side] !== undefined) counts[side] += value / 2
  }
  const histogram = new SpanHistogram(startSec, stepSec, counts)
  return histogram.total > 0 ? histogram : undefined
}
