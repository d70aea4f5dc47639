import { promisify } from 'node:util'
import { gzip } from 'node:zlib'
import got from 'got'
import type { GraphDocument } from '../model/graph-document.ts'
import type { AggregationParameters } from '../model/parameters.ts'
import type { AggregationSummary } from '../model/summary.ts'
import { otlpRequest } from './otlp-request.ts'
import type { ShopSpan } from './trace-recorder.ts'

const compressed = promisify(gzip)
/** As many as the batch processor of the OpenTelemetry SDKs exports at once. */
const batchSpans = 512

/** What programs around tta do: SDKs send it traces, scripts have graphs built, dashboards read them. */
export class TtaClient {
  private readonly http: typeof got

  /** @param url base URL, without slash at its end */
  constructor(url: string, signal: AbortSignal) {
    this.http = got.extend({ prefixUrl: url, signal, retry: { limit: 0 } }) as typeof got
  }

  /**
   * Sends spans as OTLP/HTTP exporters do: in batches, JSON, gzip.
   *
   * @throws {Error} a batch was not taken whole
   */
  async sendSpans(spans: readonly ShopSpan[]): Promise<void> {
    for (let at = 0; at < spans.length; at += batchSpans) {
      const body = await compressed(JSON.stringify(otlpRequest(spans.slice(at, at + batchSpans))))
      const headers = { 'content-type': 'application/json', 'content-encoding': 'gzip' }
      const answer: ExportResponse = await this.http.post('v1/traces', { headers, body }).json()
      const { rejectedSpans = 0, errorMessage = '' } = answer.partialSuccess ?? {}
      if (Number(rejectedSpans) > 0) throw new Error(`${rejectedSpans} spans were rejected: ${errorMessage}`)
    }
  }

  /** @throws {HTTPError} */
  async aggregate(parameters: AggregationParameters): Promise<AggregationSummary> {
    return this.http.post('aggregate', { json: parameters }).json()
  }

  /** @throws {HTTPError} */
  async graph(name: string): Promise<GraphDocument> {
    return this.http.get(`graphs/${name}`).json()
  }
}

interface ExportResponse {
  partialSuccess?: { rejectedSpans?: string | number; errorMessage?: string }
}
