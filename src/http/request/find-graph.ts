import type { FastifyReply } from 'fastify'
import { badRequest, TtaError } from '../../base/errors.ts'
import type { Aggregator } from '../../builds/aggregation/aggregator.ts'
import { requiredTimeMs } from '../../builds/aggregation/parse-time.ts'
import { noBuildThen } from '../../model/build-history.ts'
import type { GraphDocument } from '../../model/graph-document.ts'
import type { GraphStore } from '../../sinks/graph-store.ts'
import { disconnectSignal } from './client-wait.ts'
import { type BuildQuery, buildParameters } from './query-parameters.ts'

export interface GraphFinderParts {
  aggregator: Pick<Aggregator, 'preview'>
  store: Pick<GraphStore, 'get' | 'at'>
  /** Returns Unix ms. */
  now: () => number
}

/**
 * Returns the last stored graph, the one that was current at `at`, or a graph built for this response if the query has
 * build parameters.
 *
 * @throws {TtaError} TTA_NOT_FOUND, TTA_BAD_REQUEST, or any error of a build
 */
export type FindGraph = (name: string, query: BuildQuery, reply: FastifyReply) => Promise<GraphDocument>

export function createGraphFinder({ aggregator, store, now }: GraphFinderParts): FindGraph {
  return async (name, query, reply) => {
    const { at } = query
    const parameters = buildParameters(query)
    if (at !== undefined && parameters) {
      const others = Object.keys(parameters).sort().join(', ')
      const message = `cannot be combined with ${others}: it selects a stored build`
      throw badRequest([{ field: 'at', value: at, message }])
    }
    if (parameters)
      return aggregator.preview({ ...parameters, graph: name }, { signal: disconnectSignal(reply) })
    return at === undefined ? lastGraph(name, store) : graphAt(name, requiredTimeMs('at', at, now()), store)
  }
}

function lastGraph(name: string, store: Pick<GraphStore, 'get'>): GraphDocument {
  const document = store.get(name)
  if (!document) throw graphNotFound(name)
  return document
}

async function graphAt(name: string, atMs: number, store: GraphFinderParts['store']): Promise<GraphDocument> {
  const document = await store.at(name, atMs)
  if (document) return document
  if (!store.get(name)) throw graphNotFound(name)
  throw noBuildThen(name, atMs)
}

/** Returns a 404: no graph of that name is stored. */
export function graphNotFound(name: string): TtaError {
  return new TtaError('TTA_NOT_FOUND', `Graph ${name} not found; POST /aggregate builds it`)
}
