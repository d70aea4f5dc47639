import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Aggregator } from '../../builds/aggregation/aggregator.ts'
import { createDrawing, type Draw } from '../../export/drawing.ts'
import { defaultMaxNodes, exportGraph, mediaTypes } from '../../export/formats.ts'
import { checkShownPart, maxReadableNodes, selectShownPart } from '../../export/shown-part.ts'
import { GraphDocument } from '../../model/graph-document.ts'
import { EdgeRow, NodeRow } from '../../model/node-graph-rows.ts'
import type { GraphStore } from '../../sinks/graph-store.ts'
import { represent, representText, sendRepresentation } from '../reply/etag-and-gzip.ts'
import { createGraphRepresentation } from '../reply/graph-representation.ts'
import { disconnectSignal } from '../request/client-wait.ts'
import { createGraphFinder, graphNotFound } from '../request/find-graph.ts'
import { GraphQuery, NamePath, NoQuery, SizedQuery } from '../request/query-parameters.ts'
import { readGraphQuery } from '../request/read-query.ts'
import { chooseFormat } from '../request/response-format.ts'
import { problems, taggedAnswer, textContent } from '../schema/responses.ts'

export interface GraphRouteOptions {
  aggregator: Aggregator
  store: Pick<GraphStore, 'get' | 'list' | 'at'>
  /** Returns Unix ms. */
  now: () => number
  draw?: Draw
}

const { name, builtAt, summary } = GraphDocument.properties
const GraphList = Type.Object({ graphs: Type.Array(Type.Object({ name, builtAt, summary })) })

const { json: _json, ...textFormats } = mediaTypes
/** For a browser that opens an SVG as a document: styles are allowed, scripts and requests are not. */
const svgPolicy = "default-src 'none'; style-src 'unsafe-inline'; frame-ancestors 'self'"

const representGraph = createGraphRepresentation(
  ({ traceExamples: _examples, clockOffsets: _offsets, ...document }: GraphDocument) => document,
)

const rowRoutes = [
  {
    path: '/graphs/:name/nodes',
    operationId: 'getNodes',
    summary: "Nodes of the graph as a flat array, for example for Grafana's Infinity data source",
    schema: Type.Array(NodeRow),
    represent: createGraphRepresentation(({ nodes }: GraphDocument) => nodes, maxReadableNodes),
  },
  {
    path: '/graphs/:name/edges',
    operationId: 'getEdges',
    summary: 'Edges of the graph as a flat array',
    schema: Type.Array(EdgeRow),
    represent: createGraphRepresentation(({ edges }: GraphDocument) => edges, maxReadableNodes),
  },
]

/** Lists, sends and removes graphs: everything at /graphs and /graphs/:name. */
export const graphRoutes: FastifyPluginAsyncTypebox<GraphRouteOptions> = async (app, options) => {
  const { aggregator, store, now, draw = createDrawing() } = options
  const findGraph = createGraphFinder({ aggregator, store, now })
  const tags = ['graphs']

  app.get(
    '/graphs',
    {
      schema: {
        operationId: 'listGraphs',
        summary: 'List all graphs with the summary of their last build',
        tags,
        querystring: NoQuery,
        response: { ...taggedAnswer('The graphs, sorted by name', GraphList), ...problems(400) },
      },
    },
    async (_request, reply) => {
      const graphs = store.list().map(({ name, builtAt, summary }) => ({ name, builtAt, summary }))
      return sendRepresentation(reply, represent({ graphs }))
    },
  )

  app.get(
    '/graphs/:name',
    {
      preValidation: readGraphQuery,
      schema: {
        operationId: 'getGraph',
        summary:
          'Return the last graph with its summary, or a graph built for this response if build parameters are present',
        tags,
        params: NamePath,
        querystring: GraphQuery,
        response: {
          ...taggedAnswer(
            'The graph',
            GraphDocument,
            textContent(Object.values(textFormats).map(([first]) => first)),
          ),
          ...problems(400, 404, 406, 429, 502, 503, 504),
        },
      },
    },
    async (request, reply) => {
      const { query, params } = request
      reply.header('vary', 'accept')
      const { format, mediaType } = chooseFormat(request, query)
      checkShownPart(query)
      const document = await findGraph(params.name, query, reply)
      if (format === 'json') return sendRepresentation(reply, representGraph(document, query))
      const { focus, hops, fold, maxNodes = defaultMaxNodes(format) } = query
      const sized = selectShownPart(document, { focus, hops, fold, maxNodes })
      const text = await exportGraph(sized, format, {
        draw,
        table: query.part,
        signal: disconnectSignal(reply),
      })
      if (format === 'svg') reply.header('content-security-policy', svgPolicy)
      reply.header('x-content-type-options', 'nosniff')
      return sendRepresentation(reply, representText(text, `${mediaType}; charset=utf-8`))
    },
  )

  for (const { path, operationId, summary, schema, represent } of rowRoutes) {
    app.get(
      path,
      {
        preValidation: readGraphQuery,
        schema: {
          operationId,
          summary,
          tags,
          params: NamePath,
          querystring: SizedQuery,
          response: { ...taggedAnswer('The rows', schema), ...problems(400, 404, 502, 503, 504) },
        },
      },
      async (request, reply) => {
        checkShownPart(request.query)
        const document = await findGraph(request.params.name, request.query, reply)
        return sendRepresentation(reply, represent(document, request.query))
      },
    )
  }

  app.delete(
    '/graphs/:name',
    {
      schema: {
        operationId: 'deleteGraph',
        summary: 'Remove a graph from the store and from every sink',
        tags,
        params: NamePath,
        querystring: NoQuery,
        response: {
          204: Type.Null({ description: 'The graph was removed' }),
          ...problems(400, 404, 503),
        },
      },
    },
    async (request, reply) => {
      // A client that disconnects must not interrupt a removal half-way. The sinks have deadlines of their own.
      const existed = await aggregator.remove(request.params.name, new AbortController().signal)
      if (!existed) throw graphNotFound(request.params.name)
      return reply.code(204).send(null)
    },
  )
}
