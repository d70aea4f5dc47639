import type { SpanTable } from '../../../graph/spans/span-table.ts'
import type { TraceAssembly } from './trace-assembly.ts'
import { hexTraceId, type SearchTime, type TraceLookup } from './trace-lookup.ts'

/** Pairs in one search. Their two ids each go into the URL, which proxies limit to 8 kB. */
const pairsPerSearch = 50

export interface MergeOptions extends SearchTime {
  assembly: TraceAssembly
  lookup: TraceLookup
  /** Most traces to fetch again. */
  maxLookups: number
}

/**
 * Merges traces that were published apart because a service cut the trace id to its low 64 bits.
 *
 * The pairs are known after everything has been read. Both traces of a pair are fetched again, retracted, and
 * published as one.
 *
 * @returns the number of pairs that stay apart
 */
export async function mergeShortIdTraces(options: MergeOptions): Promise<number> {
  const { assembly, lookup, maxLookups } = options
  const pairs = assembly.shortIdPairs()
  const mergeable = pairs.slice(0, maxLookups >> 1)
  let merged = 0
  for (let at = 0; at < mergeable.length; at += pairsPerSearch) {
    const batch = mergeable.slice(at, at + pairsPerSearch)
    const found = new Map<string, SpanTable>()
    await lookup.byIds(batch.flat(), options, (spans, { cut }) => {
      if (!cut) found.set(hexTraceId(spans), spans.snapshot())
    })
    for (const [shortId, fullId] of batch) {
      const short = found.get(shortId)
      const full = found.get(fullId)
      if (short && full && assembly.mergePair(short, full)) merged++
    }
  }
  return pairs.length - merged
}
