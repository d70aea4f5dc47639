import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { requiredTimeMs } from '../../builds/aggregation/parse-time.ts'
import { BuildEntry } from '../../model/build-history.ts'
import { GraphName, Time } from '../../model/parameters.ts'
import type { GraphStore } from '../../sinks/graph-store.ts'
import { graphNotFound } from '../request/find-graph.ts'
import { NamePath } from '../request/query-parameters.ts'
import { createQueryReader } from '../request/read-query.ts'
import { answer, problems } from '../schema/responses.ts'

export interface HistoryOptions {
  store: Pick<GraphStore, 'get' | 'builds'>
  /** Returns Unix ms. */
  now: () => number
}

const Query = Type.Object(
  {
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 1000, description: 'Maximum number of builds. Default: 50' }),
    ),
    before: Type.Optional({
      ...Time,
      description:
        'Returns only builds before this time. Use `at` of the last build of a page to get the next page',
    }),
  },
  { additionalProperties: false },
)
const History = Type.Object(
  { name: GraphName, builds: Type.Array(BuildEntry) },
  { additionalProperties: false },
)

/** GET /graphs/:name/history: lists the stored builds of a graph. */
export const historyRoute: FastifyPluginAsyncTypebox<HistoryOptions> = async (app, { store, now }) => {
  app.get(
    '/graphs/:name/history',
    {
      preValidation: createQueryReader(Query.properties),
      schema: {
        operationId: 'getHistory',
        summary:
          'List the stored builds of a graph, newest first. Without history.path only the last build is stored',
        tags: ['graphs'],
        params: NamePath,
        querystring: Query,
        response: { 200: answer('A page of builds', History), ...problems(400, 404, 503) },
      },
    },
    async (request, reply) => {
      const { name } = request.params
      const { limit = 50, before } = request.query
      const beforeMs = before === undefined ? undefined : requiredTimeMs('before', before, now())
      const builds = await store.builds(name, { limit, beforeMs })
      if (builds.length === 0 && !store.get(name)) throw graphNotFound(name)
      return reply.header('cache-control', 'no-cache').send({ name, builds })
    },
  )
}
