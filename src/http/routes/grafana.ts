import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { checkShownPart, maxReadableNodes } from '../../export/shown-part.ts'
import { GraphDocument } from '../../model/graph-document.ts'
import { logProblem, sendProblem, toTtaError } from '../problem/problem.ts'
import { GrafanaFields, grafanaFields } from '../reply/grafana-fields.ts'
import { represent, sendRepresentation } from '../reply/representation.ts'
import { sizedView } from '../reply/sized-view.ts'
import { GraphPath, NoQuery, readQuery, TolerantQuery } from '../request/build-query.ts'
import { graphFinder } from '../request/find-graph.ts'
import { problems, taggedAnswer } from '../schema/responses.ts'
import type { GraphsOptions } from './graphs.ts'

const { nodes, edges } = GraphDocument.properties
const Rows = Type.Object({ nodes, edges }, { additionalProperties: false })

const fields = represent(grafanaFields)
const rows = sizedView(({ nodes, edges }: GraphDocument) => ({ nodes, edges }), maxReadableNodes)

/** What Grafana's Node Graph API plugin asks, at the paths nodegraph-provider has for it. */
export const grafana: FastifyPluginAsyncTypebox<GraphsOptions> = async (app, { aggregator, store, now }) => {
  const findGraph = graphFinder({ aggregator, store, now })
  const tags = ['grafana']

  // The plugin shows `error.code`, `error.message` and `message`; it knows nothing of problem+json.
  app.setErrorHandler((error, request, reply) => {
    const known = toTtaError(error, request)
    logProblem(known, request)
    const { code, message, statusCode } = known
    return sendProblem(reply, known, { statusCode, error: { code, message }, message })
  })

  app.get(
    '/:graph/api/graph/fields',
    {
      schema: {
        operationId: 'getGrafanaFields',
        summary: 'The fields of the rows; the same for every graph, other parameters are ignored',
        tags,
        params: GraphPath,
        response: { ...taggedAnswer('The fields', GrafanaFields), ...problems(400) },
      },
    },
    async (_request, reply) => sendRepresentation(reply, fields),
  )

  app.get(
    '/:graph/api/graph/data',
    {
      preValidation: readQuery,
      schema: {
        operationId: 'getGrafanaData',
        summary: 'The rows of the last graph, or of one built for this answer; other parameters are ignored',
        tags,
        params: GraphPath,
        querystring: TolerantQuery,
        response: { ...taggedAnswer('The rows', Rows), ...problems(400, 404, 502, 503, 504) },
      },
    },
    async (request, reply) => {
      checkShownPart(request.query)
      const document = await findGraph(request.params.graph, request.query, reply)
      return sendRepresentation(reply, rows(document, request.query))
    },
  )

  app.get(
    '/:graph/api/health',
    {
      schema: {
        operationId: 'getGrafanaHealth',
        summary: 'Says OK to "Save & test" of the data source',
        tags,
        params: GraphPath,
        querystring: NoQuery,
        produces: ['text/plain'],
        response: { 200: Type.String({ description: 'OK' }), ...problems(400) },
      },
    },
    async (_request, reply) => reply.type('text/plain; charset=utf-8').send('OK'),
  )
}
