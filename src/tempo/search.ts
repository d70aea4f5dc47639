import type { SpanTable } from '../graph/span-table.ts'
import type { TagSelector } from '../source/tag-selector.ts'
import { type FoundTrace, SearchDecoder } from './decode-search.ts'
import type { TempoLimits } from './limits.ts'
import type { RequestTally, TempoClient } from './tempo-client.ts'
import { TempoAnswerError } from './tempo-errors.ts'
import { isService } from './traceql.ts'

/** What the searches of one read share. */
export interface SearchContext {
  client: TempoClient
  limits: TempoLimits
  selector: TagSelector
  signal: AbortSignal
  tally: RequestTally
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
}

export interface SearchResult {
  traces: number
  spans: number
  /** There is more: Tempo stopped early, or answered as many traces as it was asked for. */
  unfinished: boolean
}

/**
 * Searches once and hands on each trace found, with the spans of all fragments that matched. Of an unfinished
 * answer nothing is handed on, since its traces may be cut anywhere.
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
  const { limits, selector } = context
  const bytes = await get(context, {
    q: search.q,
    start: Math.floor(search.startSec),
    end: Math.ceil(search.endSec),
    limit: Math.min(search.limit, limits.traces),
    spss: Math.min(search.spansPerSpanSet ?? limits.spansPerSpanSet, limits.spansPerSpanSet),
  })
  const tagKey = isService(selector) ? undefined : selector.key
  const decoder = new SearchDecoder(bytes, spans, tagKey, onTrace)
  const { traces, unfinished: stoppedEarly } = decoder.outline()
  const unfinished = stoppedEarly || traces >= Math.min(search.limit, limits.traces)
  if (unfinished && !search.acceptUnfinished) return { traces, spans: 0, unfinished }
  return { traces, spans: decoder.traces(), unfinished }
}

/** Asks again as long as Tempo's refusal teaches a limit. */
async function get(context: SearchContext, query: Record<string, string | number>): Promise<Buffer> {
  const { client, limits, signal, tally } = context
  for (;;) {
    try {
      const path = '/api/search'
      const { body, contentType } = await client.get({
        path,
        query,
        accept: 'application/protobuf',
        signal,
        tally,
      })
      if (contentType === 'application/protobuf') return body
      throw new TempoAnswerError(
        `${path} answered ${contentType || 'no content type'} instead of application/protobuf (is tempo.url right?)`,
      )
    } catch (error) {
      if (!limits.learn(error)) throw error
      query = {
        ...query,
        spss: Math.min(Number(query.spss), limits.spansPerSpanSet),
        limit: Math.min(Number(query.limit), limits.traces),
      }
    }
  }
}
