import { createYielder, yieldToEventLoop } from '../../../base/event-loop.ts'
import type { SpanTable } from '../../../graph/spans/span-table.ts'
import { freeMemory } from '../client/free-memory.ts'
import type { TempoLimits } from '../client/limits.ts'
import type { RequestTally, TempoAnswer, TempoClient, TempoRequest } from '../client/tempo-client.ts'
import { TempoAnswerError } from '../client/tempo-errors.ts'
import { type FoundTrace, SearchDecoder } from '../decode/decode-search.ts'
import { isService, type SpanDetails } from '../traceql.ts'

/** What the searches of one read share. */
export interface SearchContext extends SpanDetails {
  client: TempoClient
  /** Of the tenant. */
  limits: TempoLimits
  tenant?: string | undefined
  signal: AbortSignal
  tally: RequestTally
  /** Of each search, as in `TempoRequest`. */
  retries?: number
  timeoutMs?: number
}

export interface TraceSearch {
  /** TraceQL. */
  q: string
  /** Unix s. */
  startSec: number
  endSec: number
  /** Most traces to answer. */
  limit: number
  /** Most spans in a spanset; as many as Tempo allows if left out. */
  spansPerSpanSet?: number
  /** Take what came of an unfinished answer as well. */
  acceptUnfinished?: boolean
  /** Called when Tempo has answered, before the answer is looked into. */
  onAnswer?: () => void
}

/** The parameters of `/api/search` as they are sent; a type, since only types have an index signature. */
export type SearchParameters = {
  /** TraceQL. */
  q: string
  /** Unix s. */
  start: number
  end: number
  limit: number
  spss?: number
}

/** Some hundred spans, which take a fraction of a millisecond. */
const bytesAtOnce = 65_536

export interface SearchResult {
  traces: number
  spans: number
  /** There is more: Tempo stopped early, or answered as many traces as it was asked for. */
  unfinished: boolean
}

/**
 * Searches once and hands on each trace found, with the spans of all fragments that matched. Of an unfinished
 * answer nothing is handed on, since its traces may be cut anywhere. A large answer is taken in turns with
 * whatever else there is to do.
 *
 * @param spans filled for each trace
 * @throws what `TempoClient.get` throws, and ProtobufError
 */
export async function searchTraces(
  context: SearchContext,
  search: TraceSearch,
  spans: SpanTable,
  onTrace: (spans: SpanTable, found: FoundTrace) => void,
): Promise<SearchResult> {
  const { limits } = context
  // To make a request takes a millisecond as well: not in a pass in which another answer has had its turn.
  await yieldToEventLoop()
  const bytes = await get(context, {
    q: search.q,
    start: Math.floor(search.startSec),
    end: Math.ceil(search.endSec),
    limit: search.limit,
    spss: search.spansPerSpanSet ?? limits.spansPerSpanSet,
  })
  search.onAnswer?.()
  try {
    return await take(bytes, context, search, spans, onTrace)
  } finally {
    freeMemory(bytes)
  }
}

async function take(
  bytes: Buffer,
  context: SearchContext,
  search: TraceSearch,
  spans: SpanTable,
  onTrace: (spans: SpanTable, found: FoundTrace) => void,
): Promise<SearchResult> {
  const { limits, selector } = context
  const tagKey = isService(selector) ? undefined : selector.key
  const takeTurns = createYielder()
  if (bytes.length > bytesAtOnce && (await takeTurns())) context.signal.throwIfAborted()
  const decoder = new SearchDecoder(bytes, spans, tagKey, onTrace, context)
  const { traces, unfinished: stoppedEarly } = decoder.outline()
  const unfinished = stoppedEarly || traces >= Math.min(search.limit, limits.traces)
  if (unfinished && !search.acceptUnfinished) return { traces, spans: 0, unfinished }
  let received = decoder.traces(bytesAtOnce)
  while (!decoder.isDone) {
    if (await takeTurns()) context.signal.throwIfAborted()
    received += decoder.traces(bytesAtOnce)
  }
  return { traces, spans: received, unfinished }
}

async function get(context: SearchContext, query: SearchParameters): Promise<Buffer> {
  const { body, contentType } = await askSearch(context, query, 'application/protobuf')
  if (contentType === 'application/protobuf') return body
  throw new TempoAnswerError(
    `/api/search answered ${contentType || 'no content type'} instead of application/protobuf (is tempo.url right?)`,
  )
}

/**
 * Asks `/api/search`, with less where Tempo refuses and says how much it allows.
 *
 * @throws what `TempoClient.get` throws; a range that is too long is refused, and known to `limits` from then on
 */
export async function askSearch(
  { client, limits, tenant, signal, tally, retries, timeoutMs }: SearchContext,
  wanted: SearchParameters,
  accept: TempoRequest['accept'],
): Promise<TempoAnswer> {
  const path = '/api/search'
  let query = allowed(wanted, limits)
  for (;;) {
    try {
      return await client.get({ path, query, accept, tenant, signal, tally, retries, timeoutMs })
    } catch (error) {
      limits.learn(error)
      const less = allowed(wanted, limits)
      // Another search may have learned it meanwhile: what counts is whether this one would ask for less.
      if (less.limit === query.limit && less.spss === query.spss) throw error
      query = less
    }
  }
}

function allowed(wanted: SearchParameters, limits: TempoLimits): SearchParameters {
  const query = { ...wanted, limit: Math.min(wanted.limit, limits.traces) }
  if (wanted.spss !== undefined) query.spss = Math.min(wanted.spss, limits.spansPerSpanSet)
  return query
}
