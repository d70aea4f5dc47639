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
        'Base of the comparison: an offset such as 1d, a time for the stored build at that time, or a window `from,to`',
    }),
    at: Type.Optional({
      ...Time,
      description: 'Compare the stored build that was current at this time. Default: the last build',
    }),
  },
  { additionalProperties: false },
)

const comparisonRoutes = [
  {
    path: '/graphs/:name/diff',
    operationId: 'getDiff',
    summary:
      'Compare the graph with an earlier build or another window: new, gone, slower and more often failing nodes and edges',
    schema: GraphComparison,
    select: (comparison: GraphComparison): unknown => comparison,
  },
  {
    path: '/graphs/:name/diff/nodes',
    operationId: 'getDiffNodes',
    summary: "The nodes of the comparison as a flat array, for example for Grafana's Infinity data source",
    schema: Type.Array(NodeDiff),
    select: ({ nodes }: GraphComparison): unknown => nodes,
  },
  {
    path: '/graphs/:name/diff/edges',
    operationId: 'getDiffEdges',
    summary: 'The edges of the comparison as a flat array',
    schema: Type.Array(EdgeDiff),
    select: ({ edges }: GraphComparison): unknown => edges,
  },
]

/** /graphs/:name/diff: compares two builds of a graph, or two windows. */
export const diffRoutes: FastifyPluginAsyncTypebox<GraphFinderParts> = async (app, parts) => {
  const findGraph = createGraphFinder(parts)
  for (const { path, operationId, summary, schema, select } of comparisonRoutes) {
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
        // The type provider cannot infer one type for the three schemas, so the body is sent as text.
        return reply.send(JSON.stringify(select(comparison)) as never)
      },
    )
  }
}
