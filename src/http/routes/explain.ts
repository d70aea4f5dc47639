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
    source: End('The calling node: its id, its title, or title/subTitle'),
    target: End('The called node, likewise'),
  },
  { additionalProperties: false },
)

/** GET /graphs/:name/explain: why there is an edge between two nodes, or none. */
export const explainRoute: FastifyPluginAsyncTypebox<ExplainRouteOptions> = async (
  app,
  { explain, store },
) => {
  const closing = new AbortController()
  // It may read for minutes, and nothing is lost when it ends.
  app.addHook('preClose', async () => {
    closing.abort(new TtaError('TTA_CLOSING', 'The service is about to end and explains no more'))
  })

  app.get(
    '/graphs/:name/explain',
    {
      config: { costsTempo: true },
      schema: {
        operationId: 'explain',
        summary:
          'Why there is an edge between two nodes, or none: reads the window of the last build once more',
        tags: ['graphs'],
        params: NamePath,
        querystring: NodeQuery,
        response: {
          200: answer('Calls, and the spans that nearly made one', ref(Explanation)),
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
