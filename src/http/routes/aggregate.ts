import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import type { Aggregator } from '../../aggregation/aggregator.ts'
import { AggregationParameters } from '../../model/parameters.ts'
import { AggregationSummary } from '../../model/summary.ts'
import { NoQuery } from '../build-query.ts'
import { clientGone } from '../client-gone.ts'
import { ref } from '../components.ts'
import { acceptJsonOnly } from '../json-body.ts'
import { answer, problems } from '../responses.ts'

const examples = {
  defaults: { summary: 'As configured', value: {} },
  filtered: {
    summary: 'Traces of two services in a certain hour',
    value: {
      graph: 'shop',
      tag: 'service.name',
      filter: '^(cart|checkout)$',
      from: '2025-06-01T10:00:00Z',
      to: '2025-06-01T11:00:00Z',
    },
  },
  tryOut: {
    summary: 'Failed traces of the last 20 minutes, stored nowhere',
    value: { from: 'now-20m', query: '{ status = error }', dryRun: true },
  },
}

/** POST /aggregate: builds one graph, stores it, hands it on and tells how that went. */
export const aggregate: FastifyPluginAsyncTypebox<{ aggregator: Aggregator }> = async (
  app,
  { aggregator },
) => {
  acceptJsonOnly(app)
  app.post(
    '/aggregate',
    {
      schema: {
        operationId: 'aggregate',
        summary: 'Build a graph from the traces of a window, store it and hand it on',
        tags: ['aggregation'],
        querystring: NoQuery,
        body: ref(AggregationParameters),
        response: {
          200: answer('What was asked, read, built and handed on', ref(AggregationSummary)),
          ...problems(400, 413, 415, 502, 503, 504),
        },
      },
      config: { costsTempo: true, requestBody: { required: false, examples } },
    },
    async (request, reply) => aggregator.aggregate(request.body, { signal: clientGone(reply) }),
  )
}
