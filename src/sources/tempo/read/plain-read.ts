import { forEachLimited } from '../../../base/async.ts'
import { SpanTable } from '../../../graph/spans/span-table.ts'
import { maxExamples } from '../../../graph/trace/span-counts.ts'
import { limitPassed } from '../../read-limits.ts'
import type { ReadReport, TraceConsumer, TraceQuery } from '../../trace-source.ts'
import { TraceLookup } from '../assembly/trace-lookup.ts'
import { TempoStatusError } from '../client/tempo-errors.ts'
import { decodeFoundIds } from '../decode/found-ids.ts'
import type { ReadPlan } from '../search/read-plan.ts'
import { askSearch, type SearchContext } from '../search/search.ts'
import type { BulkReadOptions } from './bulk-read.ts'

const lookupsInFlight = 8
const idsPerSearch = 1000

interface FoundTraces {
  /** 32 hex digits, newest trace first. */
  ids: string[]
  truncated: boolean
}

/** Whether the error says that this Tempo does not know `by`, `select` or `span:parentID`. */
export function isRefusedQuery(error: unknown): error is TempoStatusError {
  return error instanceof TempoStatusError && error.status === 400
}

/** Whether it says that the query is wrong, not the tenant or another parameter. */
export function isBadTraceql(error: unknown): error is TempoStatusError {
  return isRefusedQuery(error) && /TraceQL|parse error/i.test(error.text)
}

/**
 * Reads a window from a Tempo that refuses bulk search: a plain search for ids, then each trace by its id. That
 * is slow, so only `maxLookups` traces are read, the newest.
 *
 * @throws as `TempoClient.get`
 */
export async function plainRead(
  context: SearchContext,
  query: TraceQuery,
  consumer: TraceConsumer,
  options: BulkReadOptions,
  { match, startSec, endSec }: ReadPlan,
): Promise<ReadReport> {
  const limit = Math.min(query.limit, options.maxLookups)
  const { ids, truncated } = await searchIds(context, match.spanset, { startSec, endSec }, limit)
  const lookup = new TraceLookup(context, consumer.strings)
  const { window } = query
  const counts = { traces: 0, spans: 0, outsideWindow: 0, incomplete: 0 }
  const lackingIds: string[] = []
  let passed: string | undefined
  await forEachLimited(ids, lookupsInFlight, async (id) => {
    passed ??= limitPassed(options.limits, { spans: counts.spans, bytes: context.tally.bytes })
    if (passed) return
    const spans = new SpanTable(consumer.strings)
    const result = await lookup.byId(id, spans)
    if (result !== 'whole') {
      counts.incomplete++
      lackingIds.push(id)
    }
    if (spans.length === 0) return
    if (result !== 'whole') consumer.isIncomplete?.(spans)
    const { startMs } = spans.extentMs()
    if (startMs < window.fromMs || startMs >= window.toMs) counts.outsideWindow++
    else {
      counts.traces++
      counts.spans += spans.length
      consumer.add(spans)
    }
    const fraction = (counts.traces + counts.outsideWindow) / ids.length
    options.onProgress?.({
      fraction,
      slices: 1,
      traces: counts.traces,
      spans: counts.spans,
      requests: context.tally.requests,
    })
  })
  const warnings = [
    'This Tempo refuses bulk search (by, select, span:parentID): traces were fetched one by one.',
  ]
  if (passed) warnings.push(passed)
  if (truncated) warnings.push(`Only the newest ${limit} traces were read that way.`)
  if (counts.incomplete > 0) warnings.push(`${counts.incomplete} traces lack spans that could not be had.`)
  return {
    ...counts,
    incompleteTraceIds: lackingIds.sort().slice(0, maxExamples),
    ...context.tally,
    slices: 1,
    suspects: 0,
    repaired: 0,
    truncated: truncated || passed !== undefined,
    searched: window,
    traceql: match.spanset,
    unavailable: [],
    warnings,
  }
}

/** Halves the range as long as there may be more traces in it than came. */
async function searchIds(
  context: SearchContext,
  spanset: string,
  { startSec, endSec }: { startSec: number; endSec: number },
  limit: number,
): Promise<FoundTraces> {
  const ids = new Set<string>()
  const ranges = [{ start: startSec, end: endSec }]
  let truncated = false
  for (let range = ranges.pop(); range; range = ranges.pop()) {
    const lengthSec = range.end - range.start
    const found = await searchOnce(context, spanset, range).catch((error) => {
      if (lengthSec <= context.limits.rangeSec) throw error
      return { ids: [], truncated: true }
    })
    if (found.truncated && lengthSec > 1) {
      const middle = range.start + Math.floor(lengthSec / 2)
      ranges.push({ start: range.start, end: middle }, { start: middle, end: range.end })
      continue
    }
    truncated ||= found.truncated
    for (const id of found.ids) ids.add(id)
    if (ids.size > limit) break
  }
  return { ids: [...ids].slice(0, limit), truncated: truncated || ids.size > limit }
}

/** Asks for JSON: Tempos that refuse bulk search may be too old for protobuf. */
async function searchOnce(
  context: SearchContext,
  spanset: string,
  range: { start: number; end: number },
): Promise<FoundTraces> {
  const query = { q: spanset, limit: idsPerSearch, ...range }
  const { body } = await askSearch(context, query, 'application/json')
  const { ids, unfinished } = decodeFoundIds(body.toString())
  return { ids, truncated: unfinished || ids.length >= Math.min(idsPerSearch, context.limits.traces) }
}
