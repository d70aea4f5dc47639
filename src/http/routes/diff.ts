import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { compareBuilds } from '../../builds/aggregation/compare-builds.ts'
import { EdgeDiff, NodeDiff } from '../../model/diff-rows.ts'
import { GraphComparison } from '../../model/graph-comparison.ts'
import { Time } from '../../model/parameters.ts'
import { disconnectSignal } from '../request/client-wait.ts'
import { createGraphFinder, type GraphFinderParts } from '../request/find-graph.ts'
import { NamePath } from '../request/query-parameters.ts'
import { createQueryReader } from '../request/read-query.ts'
import { answer, problems } from '../schema/responses.ts'

const Query = Type.Object(
  {
    base: Type.String({
      minLength: 1,
      maxLength: 129,
      description:
        'What to compare with: an offset such as 1d, the build that was current at a time, or the window `from,to`',
    }),
    at: Type.Optional({ ...Time, description: 'Compare the build of this time in place of the last one' }),
  },
  { additionalProperties: false },
)

const views = [
  {
    path: '/graphs/:name/diff',
    operationId: 'getDiff',
    summary:
      'What differs from an earlier build, or from another window: nodes and edges new, gone, slower, failing more',
    schema: GraphComparison,
    view: (comparison: GraphComparison): unknown => comparison,
  },
  {
    path: '/graphs/:name/diff/nodes',
    operationId: 'getDiffNodes',
    summary: "The same as a flat array of nodes, as Grafana's Infinity data source likes it",
    schema: Type.Array(NodeDiff),
    view: ({ nodes }: GraphComparison): unknown => nodes,
  },
  {
    path: '/graphs/:name/diff/edges',
    operationId: 'getDiffEdges',
    summary: 'The same as a flat array of edges',
    schema: Type.Array(EdgeDiff),
    view: ({ edges }: GraphComparison): unknown => edges,
  },
]

/** /graphs/:name/diff: two builds of a graph, or two windows, compared. */
export const diffRoutes: FastifyPluginAsyncTypebox<GraphFinderParts> = async (app, parts) => {
  const findGraph = createGraphFinder(parts)
  for (const { path, operationId, summary, schema, view } of views) {
    app.get(
      path,
      {
        preValidation: createQueryReader(Query.properties),
        schema: {
          operationId,
          summary,
          tags: ['graphs'],
          params: NamePath,
          querystring: Query,
          response: { 200: answer('The comparison', schema), ...problems(400, 404, 502, 503, 504) },
        },
        config: { costsTempo: true },
      },
      async (request, reply) => {
        const { base, at } = request.query
        const current = await findGraph(request.params.name, at === undefined ? {} : { at }, reply)
        const comparison = await compareBuilds(current, base, parts, { signal: disconnectSignal(reply) })
        reply.header('cache-control', 'no-cache').type('application/json; charset=utf-8')
        // Sent as text: a serializer would need the schema of every row once more.
        return reply.send(JSON.stringify(view(comparison)) as never)
      },
    )
  }
}
