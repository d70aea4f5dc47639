import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import { untilTimeout } from '../../base/async.ts'
import { TtaError } from '../../base/errors.ts'
import type { Jobs } from '../../builds/jobs/jobs.ts'
import { Job, JobState } from '../../model/job.ts'
import { GraphName } from '../../model/parameters.ts'
import { eventStream } from '../reply/event-stream.ts'
import { NoQuery } from '../request/query-parameters.ts'
import { plain, ref } from '../schema/components.ts'
import { answer, problems } from '../schema/responses.ts'

export interface JobRoutesOptions {
  jobs: Jobs
  /** From one sign of life in a stream of events to the next, ms. @default 15000 */
  heartbeatMs?: number
}

/** Longest list. */
const maxListed = 100
/** How long a cancelled job may take to end before it is answered as it is, ms. */
const cancelMs = 1000

const JobPath = Type.Object({
  id: Type.String({ pattern: '^[0-9a-f-]{36}$', description: 'as POST /aggregate and GET /jobs tell it' }),
})
const JobQuery = plain(
  Type.Object(
    { graph: Type.Optional(GraphName), state: Type.Optional(JobState) },
    { additionalProperties: false },
  ),
)
const LastEvent = Type.Object({
  'last-event-id': Type.Optional(
    Type.String({ pattern: '^[0-9]{1,9}$', description: 'the id of the last event that arrived' }),
  ),
})

/** /jobs: the builds that are queued, under way, or have ended not long ago. */
export const jobRoutes: FastifyPluginAsyncTypebox<JobRoutesOptions> = async (app, options) => {
  const { jobs, heartbeatMs = 15_000 } = options
  const tags = ['jobs']

  const found = (id: string): Job => {
    const job = jobs.get(id)
    if (job === undefined) throw new TtaError('TTA_NOT_FOUND', `There is no job ${id}, or no longer`)
    return job
  }

  app.addHook('onRequest', async (_request, reply) => void reply.header('cache-control', 'no-store'))

  app.get(
    '/jobs',
    {
      schema: {
        operationId: 'listJobs',
        summary: 'Builds that are queued, under way, or have ended in the last hour',
        tags,
        querystring: JobQuery,
        response: {
          200: answer(`Newest first, at most ${maxListed}`, Type.Object({ jobs: Type.Array(Job) })),
          ...problems(400),
        },
      },
    },
    async ({ query }) => {
      const wanted = jobs
        .list()
        .filter(({ graph, state }) => (query.graph ?? graph) === graph && (query.state ?? state) === state)
      return { jobs: wanted.slice(0, maxListed) }
    },
  )

  app.get(
    '/jobs/:id',
    {
      schema: {
        operationId: 'getJob',
        summary: 'How a build is doing, and what came of it',
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
        summary: 'What happens to a build, as server-sent events; the stream ends with the job',
        tags,
        params: JobPath,
        querystring: NoQuery,
        headers: LastEvent,
        response: {
          200: Type.Unsafe<unknown>({
            description: '`event`: state or progress; `data`: the job as it was then',
            // OpenAPI 3.1 has no word for what an event is made of.
            content: { 'text/event-stream': { schema: { description: 'Server-sent events' } } },
          }),
          204: Type.Null({ description: 'The job has ended, and Last-Event-ID names its last event' }),
          ...problems(400, 404),
        },
      },
    },
    async ({ params, headers }, reply) => {
      const { id } = found(params.id)
      const after = Number(headers['last-event-id'] ?? 0)
      const stream = eventStream(jobs, id, { after, heartbeatMs })
      // Browsers come again when a stream ends, unless they are told that there is nothing more.
      if (stream === undefined) return reply.code(204).send(null)
      return reply.type('text/event-stream').header('x-accel-buffering', 'no').send(stream)
    },
  )

  app.delete(
    '/jobs/:id',
    {
      schema: {
        operationId: 'cancelJob',
        summary: 'End a build: the graph stays as it was',
        tags,
        params: JobPath,
        querystring: NoQuery,
        response: {
          200: answer('It has ended; its state says whether its end came first', ref(Job)),
          202: answer('It is about to end: a sink is being put back in order', ref(Job)),
          ...problems(400, 404, 409),
        },
      },
    },
    async ({ params }, reply) => {
      const { id, state, finishedAt } = found(params.id)
      if (finishedAt) throw new TtaError('TTA_JOB_ENDED', `Job ${id} has ended already: ${state}`)
      const job = (await untilTimeout(jobs.cancel(id), cancelMs)) ?? found(id)
      return reply.code(job.finishedAt ? 200 : 202).send(job)
    },
  )
}
