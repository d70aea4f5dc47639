import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { checkShownPart, maxReadableNodes } from '../../export/shown-part.ts'
import { GraphDocument } from '../../model/graph-document.ts'
import { EdgeRow, NodeRow } from '../../model/node-graph-rows.ts'
import { logProblem, sendProblem, toTtaError } from '../problem/error-response.ts'
import { represent, sendRepresentation } from '../reply/etag-and-gzip.ts'
import { createGraphRepresentation } from '../reply/graph-representation.ts'
import { createGraphFinder } from '../request/find-graph.ts'
import { GraphPath, NoQuery, TolerantQuery } from '../request/query-parameters.ts'
import { readGraphQuery } from '../request/read-query.ts'
import { problems, taggedAnswer } from '../schema/responses.ts'
import type { GraphRouteOptions } from './graphs.ts'

const Field = Type.Object(
  {
    field_name: Type.String(),
    type: Type.Union([Type.Literal('number'), Type.Literal('string')]),
    color: Type.Optional(Type.String()),
    displayName: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
)

/** The field definitions that the Node Graph API plugin reads before the rows. */
const GrafanaFields = Type.Object(
  { nodes_fields: Type.Array(Field), edges_fields: Type.Array(Field) },
  { additionalProperties: false },
)

const colors: Record<string, string> = {
  arc__failed: 'red',
  arc__slow: '#EAB839',
  arc__passed: 'green',
}

const displayNames: Record<string, string> = {
  mainStat: 'Calls',
  secondaryStat: 'Mean duration, ms',
  arc__failed: 'Failed',
  arc__slow: 'Slow',
  arc__passed: 'Passed',
  detail__role: 'Role',
  detail__named_by: 'Named by',
  detail__traffic: 'Traffic',
  detail__latency: 'Latency',
  detail__critical_path: 'Critical path',
  detail__sides: 'Both sides',
  detail__via: 'Via',
  detail__pattern: 'Pattern',
  detail__self_calls: 'Calls to itself',
  detail__trace_slowest: 'Slowest trace',
  detail__trace_failed: 'Failed trace',
  detail__trace_typical: 'Typical trace',
  traceql: 'TraceQL',
}

/**
 * Fields with a meaning for the panel, and the query for a data link. The plugin drops all other fields, which are
 * figures for programs.
 */
const panelField = /^(id|title|subTitle|source|target|mainStat|secondaryStat|arc__.+|detail__.+|traceql)$/

/** The same for every graph, because the plugin requests fields and rows separately. */
export const grafanaFields = {
  nodes_fields: fieldsOf(NodeRow.properties),
  edges_fields: fieldsOf(EdgeRow.properties),
}

function fieldsOf(properties: Record<string, unknown>) {
  return Object.entries(properties)
    .filter(([name]) => panelField.test(name))
    .map(([name, schema]) => ({
      field_name: name,
      type: (schema as { type?: unknown }).type === 'number' ? ('number' as const) : ('string' as const),
      ...(colors[name] === undefined ? {} : { color: colors[name] }),
      ...(displayNames[name] === undefined ? {} : { displayName: displayNames[name] }),
    }))
}

const { nodes, edges } = GraphDocument.properties
const Rows = Type.Object({ nodes, edges }, { additionalProperties: false })

const fields = represent(grafanaFields)
const rows = createGraphRepresentation(
  ({ nodes, edges }: GraphDocument) => ({ nodes, edges }),
  maxReadableNodes,
)

/** The paths that Grafana's Node Graph API plugin requests, which are those of nodegraph-provider. */
export const grafanaPluginRoutes: FastifyPluginAsyncTypebox<GraphRouteOptions> = async (
  app,
  { aggregator, store, now },
) => {
  const findGraph = createGraphFinder({ aggregator, store, now })
  const tags = ['grafana']

  // The plugin shows `error.code`, `error.message` and `message`. It does not read the members of a problem document.
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
        summary:
          'Field definitions of the rows. They are the same for every graph. Query parameters are ignored',
        tags,
        params: GraphPath,
        response: { ...taggedAnswer('The field definitions', GrafanaFields), ...problems(400) },
      },
    },
    async (_request, reply) => sendRepresentation(reply, fields),
  )

  app.get(
    '/:graph/api/graph/data',
    {
      preValidation: readGraphQuery,
      schema: {
        operationId: 'getGrafanaData',
        summary:
          'Rows of the last graph, or of a graph built for this response if build parameters are present. Unknown parameters are ignored',
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
        summary: 'Health check for "Save & test" of the data source',
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
