import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { untilTimeout } from '../../base/async.ts'
import { TtaError } from '../../base/errors.ts'
import { type Jobs, jobNotFound } from '../../builds/jobs/jobs.ts'
import { Job, JobState } from '../../model/job.ts'
import { GraphName } from '../../model/parameters.ts'
import { eventStream } from '../reply/event-stream.ts'
import { NoQuery } from '../request/query-parameters.ts'
import { plain, ref } from '../schema/components.ts'
import { answer, problems } from '../schema/responses.ts'

export interface JobRoutesOptions {
  jobs: Jobs
  /** Interval between heartbeats in an event stream, ms. @default 15000 */
  heartbeatMs?: number
}

/** Maximum number of jobs in a list. */
const maxListed = 100
/** Longest wait for the end of a cancelled job, ms. */
const cancelMs = 1000

const JobPath = Type.Object({
  id: Type.String({ pattern: '^[0-9a-f-]{36}$', description: 'Job id from POST /aggregate or GET /jobs' }),
})
const JobQuery = plain(
  Type.Object(
    { graph: Type.Optional(GraphName), state: Type.Optional(JobState) },
    { additionalProperties: false },
  ),
)
const LastEvent = Type.Object({
  'last-event-id': Type.Optional(
    Type.String({ pattern: '^[0-9]{1,9}$', description: 'Id of the last event that the client received' }),
  ),
})

/** /jobs: lists, observes and cancels builds that are queued, running, or have ended within the last hour. */
export const jobRoutes: FastifyPluginAsyncTypebox<JobRoutesOptions> = async (app, options) => {
  const { jobs, heartbeatMs = 15_000 } = options
  const tags = ['jobs']

  const found = (id: string): Job => {
    const job = jobs.get(id)
    if (job === undefined) throw jobNotFound(id)
    return job
  }

  app.addHook('onRequest', async (_request, reply) => void reply.header('cache-control', 'no-store'))

  app.get(
    '/jobs',
    {
      schema: {
        operationId: 'listJobs',
        summary: 'List the builds that are queued, running, or have ended within the last hour',
        tags,
        querystring: JobQuery,
        response: {
          200: answer(`The newest ${maxListed} jobs, newest first`, Type.Object({ jobs: Type.Array(Job) })),
          ...problems(400),
        },
      },
    },
    async ({ query }) => {
      const matching = jobs
        .list()
        .filter(({ graph, state }) => (query.graph ?? graph) === graph && (query.state ?? state) === state)
      return { jobs: matching.slice(0, maxListed) }
    },
  )

  app.get(
    '/jobs/:id',
    {
      schema: {
        operationId: 'getJob',
        summary: 'Return the state of a build, and its result',
        tags,
        params: JobPath,
        querystring: NoQuery,
        response: { 200: answer('The job', ref(Job)), ...problems(400, 404) },
      },
    },
    async ({ params }) => found(params.id),
  )

  app.get(
    '/jobs/:id/events',
    {
      schema: {
        operationId: 'getJobEvents',
        summary: 'Stream the events of a build as server-sent events. The stream ends with the job',
        tags,
        params: JobPath,
        querystring: NoQuery,
        headers: LastEvent,
        response: {
          200: Type.Unsafe<unknown>({
            description: '`event` is state or progress; `data` is the job at that moment',
            // OpenAPI 3.1 cannot describe the content of an event.
            content: { 'text/event-stream': { schema: { description: 'Server-sent events' } } },
          }),
          204: Type.Null({ description: 'The job has ended, and Last-Event-ID is the id of its last event' }),
          ...problems(400, 404),
        },
      },
    },
    async (request, reply) => {
      const { id } = found(request.params.id)
      const after = Number(request.headers['last-event-id'] ?? 0)
      const stream = eventStream(jobs, id, { after, heartbeatMs })
      // A browser reconnects when a stream ends, unless it gets a 204.
      if (stream === undefined) return reply.code(204).send(null)
      stream.once(
        'close',
        request.whenRevoked(() => stream.push(null)),
      )
      return reply.type('text/event-stream').header('x-accel-buffering', 'no').send(stream)
    },
  )

  app.delete(
    '/jobs/:id',
    {
      schema: {
        operationId: 'cancelJob',
        summary: 'Cancel a build. The graph stays unchanged',
        tags,
        params: JobPath,
        querystring: NoQuery,
        response: {
          200: answer('The job has ended. Its state is cancelled, unless the build ended first', ref(Job)),
          202: answer('The job will end soon: a sink is being restored', ref(Job)),
          ...problems(400, 404, 409),
        },
      },
    },
    async ({ params }, reply) => {
      const { id, state, finishedAt } = found(params.id)
      if (finishedAt) throw new TtaError('TTA_JOB_ENDED', `Job ${id} has already ended: ${state}`)
      const job = (await untilTimeout(jobs.cancel(id), cancelMs)) ?? found(id)
      return reply.code(job.finishedAt ? 200 : 202).send(job)
    },
  )
}
