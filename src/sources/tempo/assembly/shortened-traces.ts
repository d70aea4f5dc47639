import type { SpanTable } from '../../../graph/spans/span-table.ts'
import type { TraceAssembly } from './trace-assembly.ts'
import { hexTraceId, type SearchTime, type TraceLookup } from './trace-lookup.ts'

/** Two ids each; they go into the URL of one search, which proxies bound at 8 kB. */
const pairsPerSearch = 50

export interface JoinOptions extends SearchTime {
  assembly: TraceAssembly
  lookup: TraceLookup
  /** Most traces to fetch again. */
  maxLookups: number
}

/**
 * Makes one trace of each two that were counted apart because a participant cut the trace id to its low 64 bits.
 *
 * Known when all has been read: both are fetched again, taken back, and counted as one.
 *
 * @returns how many pairs stay apart
 */
export async function joinShortened(options: JoinOptions): Promise<number> {
  const { assembly, lookup, maxLookups } = options
  const pairs = assembly.shortenedPairs()
  const joinable = pairs.slice(0, maxLookups >> 1)
  let joined = 0
  for (let at = 0; at < joinable.length; at += pairsPerSearch) {
    const batch = joinable.slice(at, at + pairsPerSearch)
    const found = new Map<string, SpanTable>()
    await lookup.byIds(batch.flat(), options, (spans, { cut }) => {
      if (!cut) found.set(hexTraceId(spans), spans.snapshot())
    })
    for (const [shortId, fullId] of batch) {
      const short = found.get(shortId)
      const full = found.get(fullId)
      if (short && full && assembly.join(short, full)) joined++
    }
  }
  return pairs.length - joined
}
