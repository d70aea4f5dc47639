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
  defaults: { summary: 'Parameters of the configuration', value: {} },
  filtered: {
    summary: 'Traces of two services within one hour',
    value: {
      graph: 'shop',
      tag: 'service.name',
      filter: '^(cart|checkout)$',
      from: '2025-06-01T10:00:00Z',
      to: '2025-06-01T11:00:00Z',
    },
  },
  tryOut: {
    summary: 'Failed traces of the last 20 minutes, without storing the graph',
    value: { from: 'now-20m', query: '{ status = error }', dryRun: true },
  },
}

/**
 * POST /aggregate: builds, stores and publishes one graph. The build is a job. A request with the parameters of a job in
 * progress joins that job. The Prefer header limits how long the client waits for the summary.
 */
export const aggregateRoute: FastifyPluginAsyncTypebox<{ jobs: Jobs }> = async (app, { jobs }) => {
  acceptJsonOnly(app)
  app.post(
    '/aggregate',
    {
      schema: {
        operationId: 'aggregate',
        summary: 'Build a graph from the traces of a window, then store and publish it',
        tags: ['aggregation'],
        querystring: NoQuery,
        headers: PreferHeader,
        body: ref(AggregationParameters),
        response: {
          200: answer('The graph was built and published. The summary of the build', ref(AggregationSummary)),
          202: {
            ...answer('The build is still running. Its job', ref(Job)),
            headers: { Location: { type: 'string', description: 'Path of the job' } },
          },
          ...problems(400, 413, 415, 429, 502, 503, 504),
        },
      },
      config: { costsTempo: true, requestBody: { required: false, examples } },
    },
    async (request, reply) => {
      const { waitSec, applied } = readPrefer(request.headers.prefer)
      const disconnected = disconnectSignal(reply)
      const abortSignal = waitSec > 0 ? disconnected : undefined
      const { id } = jobs.submit(request.body, 'request', { abortSignal })
      request.log.info({ job: id }, 'job requested')
      reply.header('vary', 'prefer')
      if (applied) reply.header('preference-applied', applied)
      const summary =
        waitSec > 0 ? await untilTimeout(jobs.result(id, disconnected), waitSec * 1000) : undefined
      if (summary) return summary
      return reply.code(202).header('location', `/jobs/${id}`).send(jobs.keep(id))
    },
  )
}
