import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Aggregator } from '../../builds/aggregation/aggregator.ts'
import { checkShownPart, maxReadableNodes } from '../../export/shown-part.ts'
import { GraphDocument } from '../../model/graph-document.ts'
import { EdgeRow, NodeRow } from '../../model/node-graph-rows.ts'
import type { GraphStore } from '../../sinks/graph-store.ts'
import { represent, sendRepresentation } from '../reply/representation.ts'
import { sizedView } from '../reply/sized-view.ts'
import { NamePath, NoQuery, readQuery, SizedQuery } from '../request/build-query.ts'
import { graphFinder, noSuchGraph } from '../request/find-graph.ts'
import { problems, taggedAnswer } from '../schema/responses.ts'

export interface GraphsOptions {
  aggregator: Aggregator
  store: Pick<GraphStore, 'get' | 'list' | 'at'>
  /** Unix ms. */
  now: () => number
}

const { name, builtAt, summary } = GraphDocument.properties
const GraphList = Type.Object({ graphs: Type.Array(Type.Object({ name, builtAt, summary })) })

const views = {
  nodes: {
    path: '/graphs/:name/nodes',
    operationId: 'getNodes',
    summary: "The graph's nodes as a flat array, as Grafana's Infinity data source likes it",
    schema: Type.Array(NodeRow),
    represent: sizedView((document: GraphDocument) => document.nodes, maxReadableNodes),
  },
  edges: {
    path: '/graphs/:name/edges',
    operationId: 'getEdges',
    summary: "The graph's edges as a flat array",
    schema: Type.Array(EdgeRow),
    represent: sizedView((document: GraphDocument) => document.edges, maxReadableNodes),
  },
}

/** /graphs: what has been built, and what it would look like with other parameters. */
export const graphs: FastifyPluginAsyncTypebox<GraphsOptions> = async (app, { aggregator, store, now }) => {
  const findGraph = graphFinder({ aggregator, store, now })
  const tags = ['graphs']

  app.get(
    '/graphs',
    {
      schema: {
        operationId: 'listGraphs',
        summary: 'The graphs and the summary of the last build of each',
        tags,
        querystring: NoQuery,
        response: { ...taggedAnswer('Sorted by name', GraphList), ...problems(400) },
      },
    },
    async (_request, reply) => {
      const list = store.list().map(({ name, builtAt, summary }) => ({ name, builtAt, summary }))
      return sendRepresentation(reply, represent({ graphs: list }))
    },
  )

  for (const { path, operationId, summary, schema, represent } of Object.values(views)) {
    app.get(
      path,
      {
        preValidation: readQuery,
        schema: {
          operationId,
          summary,
          tags,
          params: NamePath,
          querystring: SizedQuery,
          response: { ...taggedAnswer('The graph', schema), ...problems(400, 404, 502, 503, 504) },
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
        summary: 'Remove a graph here and wherever it was handed on to',
        tags,
        params: NamePath,
        querystring: NoQuery,
        response: {
          204: Type.Null({ description: 'It is gone' }),
          ...problems(400, 404, 503),
        },
      },
    },
    async (request, reply) => {
      // A client that leaves must not leave half a removal behind: the sinks have deadlines of their own.
      const existed = await aggregator.remove(request.params.name, new AbortController().signal)
      if (!existed) throw noSuchGraph(request.params.name)
      return reply.code(204).send(null)
    },
  )
}
