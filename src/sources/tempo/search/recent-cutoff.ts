import type { StringTable } from '../../../graph/columns/string-table.ts'
import { SpanTable } from '../../../graph/spans/span-table.ts'
import { type SearchContext, searchTraces } from './search.ts'

/** Ages that are tried, s; 30 is the default of Tempo 3's `query_end_cutoff`, Tempo 2 has none. */
const cutoffsSec = [30, 60, 120, 300]
/** So long what was found is taken for granted: it changes with Tempo's configuration, ms. */
const knownForMs = 600_000

/**
 * Finds out how much of the newest data this Tempo's searches leave out. Tempo 3 moves the end of a search back,
 * and where that leaves nothing of the range it silently searches the last 15 minutes instead
 * (grafana/tempo pkg/api/http.go): what comes back then lies outside of what was asked for.
 *
 * @returns 0 where nothing is hidden or there is no data to tell by; s
 * @throws as `searchTraces`
 */
export async function recentCutoffSec(
  context: SearchContext,
  strings: StringTable,
  nowMs: number,
): Promise<number> {
  const known = context.limits.cutoff
  if (known && nowMs - known.foundMs < knownForMs) return known.sec
  let cutoffSec = 0
  for (const nextSec of cutoffsSec) {
    const hidden = await isHidden(context, strings, Math.floor(nowMs / 1000) - cutoffSec)
    if (hidden === false) context.limits.cutoff = { sec: cutoffSec, foundMs: nowMs }
    if (!hidden) return cutoffSec
    cutoffSec = nextSec
  }
  return cutoffSec
}

/** Whether a search for the two seconds before `endSec` answers traces from another time; undefined: it answers none. */
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
