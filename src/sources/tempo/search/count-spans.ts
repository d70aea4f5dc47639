import { TraceIdIndex } from '../../../graph/columns/hash-index.ts'
import type { StringTable } from '../../../graph/columns/string-table.ts'
import { SpanTable } from '../../../graph/spans/span-table.ts'
import { isTooLarge, isTooSlow } from '../client/tempo-errors.ts'
import { countQuery } from '../traceql.ts'
import { type SearchContext, searchTraces } from './search.ts'

/** Most traces in one answer. */
const tracesPerSearch = 50_000

/** The number of spans of each trace, over all its fragments. */
export class SpanCounts {
  private readonly ids = new TraceIdIndex()
  private counts = new Float64Array(1024)

  add(trace: SpanTable, spans: number): void {
    const index = this.ids.indexOf(trace.traceId)
    if (index >= this.counts.length) {
      const counts = new Float64Array(this.counts.length * 2)
      counts.set(this.counts)
      this.counts = counts
    }
    this.counts[index] = (this.counts[index] ?? 0) + spans
  }

  /** Returns undefined for a trace that was not found. */
  get(trace: SpanTable): number | undefined {
    const index = this.ids.find(trace.traceId)
    return index < 0 ? undefined : this.counts[index]
  }
}

/**
 * Counts the spans of every trace in a range of time, by a search that returns one span of each fragment. A fragment
 * that overlaps two parts of a split range counts twice: a count may be too high, but never too low.
 *
 * @returns undefined if one second holds more than an answer may
 * @throws as `searchTraces`
 */
export async function countSpans(
  context: SearchContext,
  startSec: number,
  endSec: number,
  strings: StringTable,
): Promise<SpanCounts | undefined> {
  const counts = new SpanCounts()
  const spans = new SpanTable(strings)
  const ranges = [{ startSec, endSec }]
  for (let range = ranges.pop(); range; range = ranges.pop()) {
    const lengthSec = range.endSec - range.startSec
    const search = { q: countQuery, limit: tracesPerSearch, spansPerSpanSet: 1, ...range }
    const isWhole =
      lengthSec <= context.limits.rangeSec &&
      (await searchTraces(context, search, spans, (trace, found) =>
        counts.add(trace, found.matchedSpans),
      ).then(
        ({ unfinished }) => !unfinished,
        (error) => {
          if (isTooLarge(error) || isTooSlow(error)) return false
          throw error
        },
      ))
    if (isWhole) continue
    if (lengthSec <= 1) return undefined
    const middleSec = range.startSec + Math.ceil(lengthSec / 2)
    ranges.push(
      { startSec: middleSec, endSec: range.endSec },
      { startSec: range.startSec, endSec: middleSec },
    )
  }
  return counts
}
