import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { untilTimeout } from '../../base/async.ts'
import type { Jobs } from '../../builds/jobs/jobs.ts'
import { Job } from '../../model/job.ts'
import { AggregationParameters } from '../../model/parameters.ts'
import { AggregationSummary } from '../../model/summary.ts'
import { disconnectSignal, PreferHeader, readPrefer } from '../request/client-wait.ts'
import { acceptJsonOnly } from '../request/json-body.ts'
import { NoQuery } from '../request/query-parameters.ts'
import { ref } from '../schema/components.ts'
import { answer, problems } from '../schema/responses.ts'

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

/**
 * POST /aggregate: builds one graph, stores it, hands it on and tells how that went. It is a job: who asks for what is
 * under way already joins in, and who does not want to wait for its end gets the job.
 */
export const aggregateRoute: FastifyPluginAsyncTypebox<{ jobs: Jobs }> = async (app, { jobs }) => {
  acceptJsonOnly(app)
  app.post(
    '/aggregate',
    {
      schema: {
        operationId: 'aggregate',
        summary: 'Build a graph from the traces of a window, store it and hand it on',
        tags: ['aggregation'],
        querystring: NoQuery,
        headers: PreferHeader,
        body: ref(AggregationParameters),
        response: {
          200: answer('What was asked, read, built and handed on', ref(AggregationSummary)),
          202: {
            ...answer('It goes on: the job', ref(Job)),
            headers: { Location: { type: 'string', description: 'Where to ask for the job' } },
          },
          ...problems(400, 413, 415, 429, 502, 503, 504),
        },
      },
      config: { costsTempo: true, requestBody: { required: false, examples } },
    },
    async (request, reply) => {
      const { waitSec, applied } = readPrefer(request.headers.prefer)
      const gone = disconnectSignal(reply)
      const abortSignal = waitSec > 0 ? gone : undefined
      const { id } = jobs.submit(request.body, 'request', { abortSignal })
      request.log.info({ job: id }, 'job asked for')
      reply.header('vary', 'prefer')
      if (applied) reply.header('preference-applied', applied)
      const summary = waitSec > 0 ? await untilTimeout(jobs.result(id, gone), waitSec * 1000) : undefined
      if (summary) return summary
      return reply.code(202).header('location', `/jobs/${id}`).send(jobs.keep(id))
    },
  )
}
