import got from 'got'
import type { GraphDocument } from '../../model/graph-document.ts'
import type { AggregationParameters } from '../../model/parameters.ts'
import type { AggregationSummary } from '../../model/summary.ts'

/** What programs around tta do: scripts have graphs built, dashboards read them. */
export class TtaClient {
  private readonly http: typeof got

  /** @param url base URL, without slash at its end */
  constructor(url: string, signal: AbortSignal) {
    this.http = got.extend({ prefixUrl: url, signal, retry: { limit: 0 } }) as typeof got
  }

  /** @throws {HTTPError} */
  async aggregate(parameters: AggregationParameters): Promise<AggregationSummary> {
    return this.http.post('aggregate', { json: parameters, headers: { prefer: 'wait=300' } }).json()
  }

  /** @throws {HTTPError} */
  async graph(name: string): Promise<GraphDocument> {
    return this.http.get(`graphs/${name}`).json()
  }
}
