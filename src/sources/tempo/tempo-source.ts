import { badRequest, TtaError } from '../../base/errors.ts'
import type { ReadOptions, ReadReport, TraceConsumer, TraceQuery, TraceSource } from '../trace-source.ts'
import { TempoLimits } from './client/learned-limits.ts'
import { TempoClient, type TempoClientOptions } from './client/tempo-client.ts'
import { type TempoStatusError, toTtaError } from './client/tempo-errors.ts'
import { BulkRead } from './read/bulk-read.ts'
import { isBadTraceql, isRefusedQuery, readById } from './read/read-by-id.ts'
import { planRead } from './search/read-plan.ts'
import type { SearchContext } from './search/search.ts'
import { spansetFilter } from './spanset-filter.ts'
import { selectionProblem } from './traceql.ts'

export interface TempoSourceOptions extends Omit<TempoClientOptions, 'maxSockets'> {
  /** Searches in flight. */
  concurrency: number
  /** Padding of the window, so that traces at its edges are whole, s. */
  padSec: number
  /** Longest time from the end of a span to its arrival, s. */
  lateSec: number
  /** Most traces that one read fetches by id. */
  maxLookups: number
  /** Unix ms. */
  now?: () => number
}

/** Creates a source that reads traces from Grafana Tempo 2 or 3 over its HTTP API. */
export function createTempoSource(options: TempoSourceOptions): TraceSource {
  const { concurrency, padSec, lateSec, maxLookups, now = Date.now } = options
  const client = new TempoClient({ ...options, maxSockets: concurrency + 8 })
  /** An operator may configure limits for each tenant. */
  const limitsByTenant = new Map<string | undefined, TempoLimits>()
  const limitsOf = (tenant: string | undefined) => {
    const limits = limitsByTenant.get(tenant) ?? new TempoLimits()
    limitsByTenant.set(tenant, limits)
    return limits
  }

  const read = async (
    query: TraceQuery,
    consumer: TraceConsumer,
    readOptions: ReadOptions,
  ): Promise<ReadReport> => {
    const { selector, tenant, identity, group, peers = false, clients, sampling, failures } = query
    const problem = selectionProblem(query)
    if (problem) throw badRequest([problem])
    const filter = query.query?.trim() ? spansetFilter(query.query) : undefined
    if (filter && 'problem' in filter)
      throw badRequest([{ field: 'query', value: query.query, message: filter.problem }])
    const tally = { requests: 0, retries: 0, bytes: 0 }
    const context: SearchContext = {
      client,
      limits: limitsOf(tenant),
      tenant,
      selector,
      identity,
      group,
      peers,
      clients,
      sampling,
      failures,
      signal: readOptions.signal,
      tally,
    }
    const bulkOptions = { ...readOptions, concurrency, maxLookups }
    const { expectedSpansPerSec } = readOptions
    const planOptions = { padSec, lateSec, nowMs: now(), strings: consumer.strings, expectedSpansPerSec }
    const plan = await planRead(context, { ...query, query: filter?.spanset }, planOptions)
    const bulk = new BulkRead(context, query, consumer, bulkOptions, plan)
    const report = await bulk.run().catch((error) => {
      // The first search was refused: no trace has been published.
      if (!isRefusedQuery(error) || bulk.hasPublished) throw error
      return readById(context, query, consumer, bulkOptions, plan).catch((plainError) => {
        throw query.query && isBadTraceql(plainError) ? queryRefused(query.query, plainError) : plainError
      })
    })
    report.warnings.push(...plan.warnings)
    return report
  }

  return {
    name: 'tempo',
    read: (query, consumer, readOptions) =>
      read(query, consumer, readOptions).catch((error) => {
        throw toTtaError(error)
      }),
    check: async (signal) => {
      const tally = { requests: 0, retries: 0, bytes: 0 }
      await client
        .get({ path: '/api/echo', accept: 'application/json', retries: 0, signal, tally })
        .catch((error) => {
          throw toTtaError(error)
        })
    },
    close: async () => client.close(),
  }
}

function queryRefused(query: string, error: TempoStatusError): TtaError {
  const errors = [
    { field: 'query', value: query, message: `must be a TraceQL spanset filter: ${error.text}` },
  ]
  return new TtaError('TTA_QUERY_REFUSED', `Tempo refused the query: ${error.text}`, { cause: error, errors })
}
