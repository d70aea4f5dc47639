import { hexOfWords } from '../../../graph/columns/ids.ts'
import type { StringTable } from '../../../graph/columns/string-table.ts'
import { SpanTable } from '../../../graph/spans/span-table.ts'
import { isTooLarge, isTooSlow, TempoAnswerError, TempoStatusError } from '../client/tempo-errors.ts'
import type { TraceSearchMetadata } from '../decode/decode-search.ts'
import { decodeTraceById, decodeTracesData } from '../decode/decode-trace-by-id.ts'
import { type SearchContext, searchTraces } from '../search/search.ts'
import { bulkQuery, idsMatch } from '../traceql.ts'
import { addMissingSpans } from './add-missing-spans.ts'

/** The result of one look-up by id. */
export type LookupResult = 'whole' | 'partial' | 'missing' | 'too large'

/** Unix s. */
export interface SearchTime {
  startSec: number
  endSec: number
}

type OnTrace = (spans: SpanTable, metadata: TraceSearchMetadata) => void

/** Looks up traces whose ids are known. */
export class TraceLookup {
  private readonly context: SearchContext
  private readonly strings: StringTable
  /** The version of trace by id that this Tempo supports: before 2.4 only the first. */
  private version: 1 | 2 = 2

  constructor(context: SearchContext, strings: StringTable) {
    this.context = context
    this.strings = strings
  }

  /**
   * Searches for traces by id. Finds all their fragments in the given time, also those that matched no filter.
   *
   * @param traceIds 32 hex digits each; at most 100, since they go into the URL
   * @param onTrace the table is cleared afterwards
   * @throws as `searchTraces`
   */
  async byIds(traceIds: string[], time: SearchTime, onTrace: OnTrace): Promise<void> {
    const { limits } = this.context
    if (time.endSec - time.startSec > limits.rangeSec) return this.byIdsInParts(traceIds, time, onTrace)
    try {
      await this.searchIds(traceIds, time, onTrace)
    } catch (error) {
      // Tempo may have refused the range; `limits` then knows a shorter one.
      if (time.endSec - time.startSec <= limits.rangeSec) throw error
      await this.byIdsInParts(traceIds, time, onTrace)
    }
  }

  /** Searches a time that is longer than Tempo allows part by part, and unites the results. */
  private async byIdsInParts(traceIds: string[], time: SearchTime, onTrace: OnTrace): Promise<void> {
    const traces = new Map<string, { spans: SpanTable; metadata: TraceSearchMetadata }>()
    const { rangeSec } = this.context.limits
    for (let startSec = time.startSec; startSec < time.endSec; startSec += rangeSec) {
      const endSec = Math.min(time.endSec, startSec + rangeSec)
      await this.searchIds(traceIds, { startSec, endSec }, (spans, metadata) => {
        const id = hexTraceId(spans)
        const trace = traces.get(id)
        if (!trace) return void traces.set(id, { spans: spans.snapshot(), metadata: { ...metadata } })
        addMissingSpans(trace.spans, spans)
        trace.metadata.cut ||= metadata.cut
        trace.metadata.minSpans = Math.max(trace.metadata.minSpans, metadata.minSpans)
      })
    }
    for (const { spans, metadata } of traces.values()) onTrace(spans, metadata)
  }

  private async searchIds(traceIds: string[], time: SearchTime, onTrace: OnTrace): Promise<void> {
    const spans = new SpanTable(this.strings)
    // One more than there are: an answer with as many traces as its limit counts as unfinished.
    const limit = traceIds.length + 1
    const q = bulkQuery(idsMatch(traceIds), this.context, 'duration')
    const search = { q, limit, startSec: time.startSec, endSec: time.endSec }
    try {
      const { unfinished } = await searchTraces(this.context, search, spans, onTrace)
      if (!unfinished || traceIds.length === 1) return
    } catch (error) {
      if (!(isTooLarge(error) || isTooSlow(error))) throw error
      if (traceIds.length === 1) return
    }
    const half = traceIds.length >> 1
    await this.searchIds(traceIds.slice(0, half), time, onTrace)
    await this.searchIds(traceIds.slice(half), time, onTrace)
  }

  /**
   * Fetches one trace: all spans that Tempo has, from any time.
   *
   * @param spans is cleared and filled
   * @throws as `TempoClient.get`, and ProtobufError
   */
  async byId(traceId: string, spans: SpanTable): Promise<LookupResult> {
    const { client, tenant, signal, tally } = this.context
    const path = `/api${this.version === 2 ? '/v2' : ''}/traces/${traceId}`
    // After 3.0 Tempo replaces similar spans by a summary, except with this parameter.
    const query: Record<string, string> = this.version === 2 ? { span_pruning: 'false' } : {}
    spans.clear()
    try {
      const { body, contentType } = await client.get({
        path,
        query,
        accept: 'application/protobuf',
        tenant,
        signal,
        tally,
      })
      return this.decode(path, body, contentType, spans)
    } catch (error) {
      if (isTooLarge(error) || isTooSlow(error)) return 'too large'
      if (!(error instanceof TempoStatusError)) throw error
      if (error.status === 422) return 'too large'
      if (error.status !== 404) throw error
      if (this.version === 1 || error.text === '') return 'missing'
      this.version = 1
      return this.byId(traceId, spans)
    }
  }

  private decode(path: string, body: Buffer, contentType: string, spans: SpanTable): LookupResult {
    if (isEmptyJson(body, contentType)) return 'missing'
    if (contentType !== 'application/protobuf') {
      throw new TempoAnswerError(`${path} answered ${contentType || 'no content type'} instead of protobuf`)
    }
    let partial = false
    const { selector } = this.context
    if (this.version === 2) partial = decodeTraceById(body, spans, selector, this.context).partial
    else decodeTracesData(body, spans, selector, this.context)
    if (spans.length === 0) return 'missing'
    return partial ? 'partial' : 'whole'
  }
}

/** Whether the answer is `{"trace":{}}`, with which a gateway that speaks only JSON says that there is no trace. */
function isEmptyJson(body: Buffer, contentType: string): boolean {
  return (
    contentType === 'application/json' && /^\s*\{\s*("trace"\s*:\s*\{\s*\}\s*(,|\})|\})/.test(body.toString())
  )
}

/** The trace id of a table as Tempo expects it: 32 hex digits. */
export function hexTraceId(spans: SpanTable): string {
  return hexOfWords(spans.traceId)
}
