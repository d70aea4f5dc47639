import { createYielder, yieldToEventLoop } from '../../../base/event-loop.ts'
import type { SpanTable } from '../../../graph/spans/span-table.ts'
import { withinLexerBlocks } from '../../../model/traceql-blocks.ts'
import { freeMemory } from '../client/free-memory.ts'
import type { TempoLimits } from '../client/learned-limits.ts'
import type { RequestTally, TempoAnswer, TempoClient, TempoRequest } from '../client/tempo-client.ts'
import { TempoAnswerError } from '../client/tempo-errors.ts'
import { SearchDecoder, type TraceSearchMetadata } from '../decode/decode-search.ts'
import { isService, type SpanSelection } from '../traceql.ts'

/** Values that the searches of one read share. */
export interface SearchContext extends SpanSelection {
  client: TempoClient
  /** Limits of the tenant. */
  limits: TempoLimits
  tenant?: string | undefined
  signal: AbortSignal
  tally: RequestTally
  /** As in `TempoRequest`, for each search. */
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
  /** Most spans in a spanset. @default as many as Tempo allows */
  spansPerSpanSet?: number
  /** Whether the traces of an unfinished answer are accepted. */
  acceptUnfinished?: boolean
  /** Called when Tempo has answered, before the answer is decoded. */
  onAnswer?: () => void
}

/** The parameters of `/api/search`. A type, because interfaces have no index signature. */
export type SearchParameters = {
  /** TraceQL. */
  q: string
  /** Unix s. */
  start: number
  end: number
  limit: number
  spss?: number
}

/** Bytes decoded without a yield: some hundred spans, which take a fraction of a millisecond. */
const bytesAtOnce = 65_536

export interface SearchResult {
  traces: number
  spans: number
  /** Whether there may be more: Tempo stopped early, or answered as many traces as `limit`. */
  unfinished: boolean
}

/**
 * Searches once and passes each trace found to `onTrace`, with the spans of all fragments that matched. Passes no
 * trace of an unfinished answer, since its traces may be cut anywhere. Yields to the event loop while it decodes a
 * large answer.
 *
 * @param spans filled for each trace
 * @throws as `TempoClient.get`, and ProtobufError
 */
export async function searchTraces(
  context: SearchContext,
  search: TraceSearch,
  spans: SpanTable,
  onTrace: (spans: SpanTable, metadata: TraceSearchMetadata) => void,
): Promise<SearchResult> {
  const { limits } = context
  // Making a request takes a millisecond: not in a pass of the event loop in which an answer is decoded.
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
    return await decode(bytes, context, search, spans, onTrace)
  } finally {
    freeMemory(bytes)
  }
}

async function decode(
  bytes: Buffer,
  context: SearchContext,
  search: TraceSearch,
  spans: SpanTable,
  onTrace: (spans: SpanTable, metadata: TraceSearchMetadata) => void,
): Promise<SearchResult> {
  const { limits, selector } = context
  const tagKey = isService(selector) ? undefined : selector.key
  const yieldIfDue = createYielder()
  if (bytes.length > bytesAtOnce && (await yieldIfDue())) context.signal.throwIfAborted()
  const decoder = new SearchDecoder(bytes, spans, tagKey, onTrace, context)
  const { traces, unfinished: stoppedEarly } = decoder.outline()
  const unfinished = stoppedEarly || traces >= Math.min(search.limit, limits.traces)
  if (unfinished && !search.acceptUnfinished) return { traces, spans: 0, unfinished }
  let received = decoder.traces(bytesAtOnce)
  while (!decoder.isDone) {
    if (await yieldIfDue()) context.signal.throwIfAborted()
    received += decoder.traces(bytesAtOnce)
  }
  return { traces, spans: received, unfinished }
}

async function get(context: SearchContext, query: SearchParameters): Promise<Buffer> {
  const { body, contentType } = await requestSearch(context, query, 'application/protobuf')
  if (contentType === 'application/protobuf') return body
  throw new TempoAnswerError(
    `/api/search answered ${contentType || 'no content type'} instead of application/protobuf (is tempo.url right?)`,
  )
}

/**
 * Requests `/api/search`. If Tempo refuses `limit` or `spss` and says how much it allows, requests that much.
 *
 * @throws as `TempoClient.get`; after a refused range, `limits` knows the longest allowed one
 */
export async function requestSearch(
  { client, limits, tenant, signal, tally, retries, timeoutMs }: SearchContext,
  parameters: SearchParameters,
  accept: TempoRequest['accept'],
): Promise<TempoAnswer> {
  const path = '/api/search'
  const wanted = { ...parameters, q: withinLexerBlocks(parameters.q) }
  let query = withinLimits(wanted, limits)
  for (;;) {
    try {
      return await client.get({ path, query, accept, tenant, signal, tally, retries, timeoutMs })
    } catch (error) {
      limits.learn(error)
      const less = withinLimits(wanted, limits)
      // Another search may have learned the limit: this one is repeated if it would request less now.
      if (less.limit === query.limit && less.spss === query.spss) throw error
      query = less
    }
  }
}

function withinLimits(parameters: SearchParameters, limits: TempoLimits): SearchParameters {
  const { limit, spss } = parameters
  const query = { ...parameters, limit: Math.min(limit, limits.traces) }
  if (spss !== undefined) query.spss = Math.min(spss, limits.spansPerSpanSet)
  return query
}
