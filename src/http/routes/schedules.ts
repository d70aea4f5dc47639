import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { Scheduler } from '../../builds/schedule/scheduler.ts'
import { GraphName } from '../../model/parameters.ts'
import { Schedule } from '../../model/schedule.ts'
import { NoQuery } from '../request/query-parameters.ts'
import { answer, problems } from '../schema/responses.ts'

const Schedules = Type.Object({
  schedules: Type.Array(
    Type.Object({
      graph: GraphName,
      schedule: Schedule,
      nextAt: Type.Optional(Type.String({ format: 'date-time', description: 'Time of the next build' })),
      jobId: Type.Optional(Type.String({ description: 'Job id of the last build' })),
      started: Type.Integer({
        minimum: 0,
        description: 'Number of builds started since the start of the service',
      }),
      skipped: Type.Integer({
        minimum: 0,
        description:
          'Number of builds skipped: the previous build was still running, the queue was full, or the time was missed',
      }),
    }),
  ),
})

/** GET /schedules: lists the scheduled builds. */
export const schedulesRoute: FastifyPluginAsyncTypebox<{ scheduler: Pick<Scheduler, 'list'> }> = async (
  app,
  { scheduler },
) => {
  app.get(
    '/schedules',
    {
      schema: {
        operationId: 'listSchedules',
        summary: 'List the scheduled builds, with their next time and their counts',
        tags: ['jobs'],
        querystring: NoQuery,
        response: {
          200: answer('The schedules, in the order of the configuration', Schedules),
          ...problems(400),
        },
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store')
      return { schedules: scheduler.list() }
    },
  )
}
