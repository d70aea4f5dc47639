import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { reportOf } from '../../builds/explain/report.ts'
import { GraphReport } from '../../model/graph-report.ts'
import { remembered, sendRepresentation } from '../reply/representation.ts'
import { BuildQuery, NamePath, readQuery } from '../request/build-query.ts'
import { type GraphFinderParts, graphFinder } from '../request/find-graph.ts'
import { problems, taggedAnswer } from '../schema/responses.ts'

const represent = remembered(reportOf)

/** GET /graphs/:name/report: what a build found, and what is missing. */
export const reportRoute: FastifyPluginAsyncTypebox<GraphFinderParts> = async (app, parts) => {
  const findGraph = graphFinder(parts)
  app.get(
    '/graphs/:name/report',
    {
      preValidation: readQuery,
      schema: {
        operationId: 'getReport',
        summary: 'What the build of the graph found, what is missing in it, and which traces to look at',
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
