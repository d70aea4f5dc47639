import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { reportOf } from '../../builds/explain/report.ts'
import { GraphReport } from '../../model/graph-report.ts'
import { createCachedRepresentation, sendRepresentation } from '../reply/etag-and-gzip.ts'
import { createGraphFinder, type GraphFinderParts } from '../request/find-graph.ts'
import { BuildQuery, NamePath } from '../request/query-parameters.ts'
import { readGraphQuery } from '../request/read-query.ts'
import { problems, taggedAnswer } from '../schema/responses.ts'

const represent = createCachedRepresentation(reportOf)

/** GET /graphs/:name/report: reports incomplete, missing and unusual data of a build. */
export const reportRoute: FastifyPluginAsyncTypebox<GraphFinderParts> = async (app, parts) => {
  const findGraph = createGraphFinder(parts)
  app.get(
    '/graphs/:name/report',
    {
      preValidation: readGraphQuery,
      schema: {
        operationId: 'getReport',
        summary: 'Report incomplete, missing and unusual data in the graph, with example traces',
        tags: ['graphs'],
        params: NamePath,
        querystring: BuildQuery,
        response: { ...taggedAnswer('The report', GraphReport), ...problems(400, 404, 502, 503, 504) },
      },
    },
    async (request, reply) => {
      const document = await findGraph(request.params.name, request.query, reply)
      return sendRepresentation(reply, represent(document))
    },
  )
}
