import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { TtaError } from '../../base/errors.ts'
import type { Explain } from '../../builds/explain/explain.ts'
import { Explanation } from '../../model/explanation.ts'
import type { GraphStore } from '../../sinks/graph-store.ts'
import { disconnectSignal } from '../request/client-wait.ts'
import { graphNotFound } from '../request/find-graph.ts'
import { NamePath } from '../request/query-parameters.ts'
import { ref } from '../schema/components.ts'
import { answer, problems } from '../schema/responses.ts'

export interface ExplainRouteOptions {
  explain: Explain
  store: Pick<GraphStore, 'get'>
}

const End = (description: string) => Type.String({ minLength: 1, maxLength: 1024, description })

const NodeQuery = Type.Object(
  {
    source: End('The caller: node id, title or title/subTitle'),
    target: End('The callee: node id, title or title/subTitle'),
  },
  { additionalProperties: false },
)

/** GET /graphs/:name/explain: explains why there is or is not an edge between two nodes. */
export const explainRoute: FastifyPluginAsyncTypebox<ExplainRouteOptions> = async (
  app,
  { explain, store },
) => {
  const closing = new AbortController()
  // An explanation can read for minutes. It stores nothing, so it can be aborted at any time.
  app.addHook('preClose', async () => {
    closing.abort(new TtaError('TTA_CLOSING', 'The service is shutting down'))
  })

  app.get(
    '/graphs/:name/explain',
    {
      config: { costsTempo: true },
      schema: {
        operationId: 'explain',
        summary:
          'Explain why there is or is not an edge between two nodes. Reads the window of the last build again',
        tags: ['graphs'],
        params: NamePath,
        querystring: NodeQuery,
        response: {
          200: answer('The calls between the nodes, and the spans that are almost a call', ref(Explanation)),
          ...problems(400, 404, 429, 502, 503, 504),
        },
      },
    },
    async (request, reply) => {
      const document = store.get(request.params.name)
      if (!document) throw graphNotFound(request.params.name)
      return explain(document, request.query, AbortSignal.any([disconnectSignal(reply), closing.signal]))
    },
  )
}
