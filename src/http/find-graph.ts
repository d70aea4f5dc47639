import type { FastifyReply } from 'fastify'
import type { Aggregator } from '../aggregation/aggregator.ts'
import { TtaError } from '../errors.ts'
import type { GraphDocument } from '../model/graph-document.ts'
import type { GraphStore } from '../sink/graph-store.ts'
import { type BuildQuery, buildParameters } from './build-query.ts'
import { clientGone } from './client-gone.ts'

/** Gives the stored graph, or, when the query has build parameters, one that is built for this answer only. */
export type FindGraph = (name: string, query: BuildQuery, reply: FastifyReply) => Promise<GraphDocument>

export function graphFinder(aggregator: Aggregator, store: Pick<GraphStore, 'get'>): FindGraph {
  return async (name, query, reply) => {
    const parameters = buildParameters(query)
    if (parameters) return aggregator.preview({ ...parameters, graph: name }, { signal: clientGone(reply) })
    const document = store.get(name)
    if (!document) throw noSuchGraph(name)
    return document
  }
}

export function noSuchGraph(name: string): TtaError {
  return new TtaError('TTA_NOT_FOUND', `There is no graph ${name}; POST /aggregate builds one`)
}
