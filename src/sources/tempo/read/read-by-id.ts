import { forEachLimited } from '../../../base/async.ts'
import { SpanTable } from '../../../graph/spans/span-table.ts'
import { maxExamples } from '../../../graph/trace/span-counts.ts'
import { isInWindow, LeftOutTraces, spansStartingIn } from '../../left-out-traces.ts'
import { exceededLimit, type ReadReport, type TraceConsumer, type TraceQuery } from '../../trace-source.ts'
import { TraceLookup } from '../assembly/trace-lookup.ts'
import { TempoStatusError } from '../client/tempo-errors.ts'
import { decodeSearchJson } from '../decode/decode-search-json.ts'
import type { ReadPlan } from '../search/read-plan.ts'
import { requestSearch, type SearchContext } from '../search/search.ts'
import type { BulkReadOptions } from './bulk-read.ts'

const lookupsInFlight = 8
const idsPerSearch = 1000

interface IdSearch {
  /** 32 hex digits, newest trace first. */
  ids: string[]
  truncated: boolean
}

/** Whether the error says that this Tempo does not support `by`, `select` or `span:parentID`. */
export function isRefusedQuery(error: unknown): error is TempoStatusError {
  return error instanceof TempoStatusError && error.status === 400
}

/** Whether the error says that the query is wrong, as opposed to the tenant or another parameter. */
export function isBadTraceql(error: unknown): error is TempoStatusError {
  return isRefusedQuery(error) && /TraceQL|parse error/i.test(error.text)
}

/**
 * Reads a window from a Tempo that refuses bulk search: searches for ids, then fetches each trace by its id. That is
 * slow, so it reads only the newest `maxLookups` traces.
 *
 * @throws as `TempoClient.get`
 */
export async function readById(
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
  const incompleteIds: string[] = []
  const leftOut = new LeftOutTraces()
  let exceeded: string | undefined
  await forEachLimited(ids, lookupsInFlight, async (id) => {
    exceeded ??= exceededLimit(options.limits, { spans: counts.spans, bytes: context.tally.bytes })
    if (exceeded) return
    const spans = new SpanTable(consumer.strings)
    const result = await lookup.byId(id, spans)
    if (result !== 'whole') {
      counts.incomplete++
      incompleteIds.push(id)
    }
    if (spans.length === 0) return
    if (result !== 'whole') consumer.onIncomplete?.(spans)
    const { startMs } = spans.extentMs()
    if (!isInWindow(spans, startMs, query)) {
      counts.outsideWindow++
      if (startMs < window.fromMs) leftOut.addEarlier(spans.traceId, spansStartingIn(spans, window))
      else if (startMs === Number.POSITIVE_INFINITY) leftOut.addUntimed(spans.traceId)
    } else {
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
  if (exceeded) warnings.push(exceeded)
  if (truncated) warnings.push(`Only the newest ${limit} traces were read that way.`)
  if (counts.incomplete > 0) warnings.push(`${counts.incomplete} traces lack spans that could not be read.`)
  return {
    ...counts,
    ...leftOut.report(),
    incompleteTraceIds: incompleteIds.sort().slice(0, maxExamples),
    ...context.tally,
    slices: 1,
    suspects: 0,
    repaired: 0,
    truncated: truncated || exceeded !== undefined,
    searched: window,
    traceql: match.spanset,
    unavailable: [],
    warnings,
  }
}

/** Searches for trace ids; halves a range as long as it may hold more traces than were answered. */
async function searchIds(
  context: SearchContext,
  spanset: string,
  { startSec, endSec }: { startSec: number; endSec: number },
  limit: number,
): Promise<IdSearch> {
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

/** Searches one range. Requests JSON, since a Tempo that refuses bulk search may be too old for protobuf. */
async function searchOnce(
  context: SearchContext,
  spanset: string,
  range: { start: number; end: number },
): Promise<IdSearch> {
  const query = { q: spanset, limit: idsPerSearch, ...range }
  const { body } = await requestSearch(context, query, 'application/json')
  const { ids, unfinished } = decodeSearchJson(body.toString())
  return { ids, truncated: unfinished || ids.length >= Math.min(idsPerSearch, context.limits.traces) }
}
