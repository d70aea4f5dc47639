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
      nextAt: Type.Optional(Type.String({ format: 'date-time' })),
      jobId: Type.Optional(Type.String({ description: 'The last build, as in /jobs/:id' })),
      started: Type.Integer({ minimum: 0, description: 'Builds begun since the start' }),
      skipped: Type.Integer({
        minimum: 0,
        description: 'Builds left out: the one before went on, the queue was full, or their time had passed',
      }),
    }),
  ),
})

/** GET /schedules: which graphs are built when, and how that has been going. */
export const schedulesRoute: FastifyPluginAsyncTypebox<{ scheduler: Pick<Scheduler, 'list'> }> = async (
  app,
  { scheduler },
) => {
  app.get(
    '/schedules',
    {
      schema: {
        operationId: 'listSchedules',
        summary: 'Which graphs are built when, and how that has been going',
        tags: ['jobs'],
        querystring: NoQuery,
        response: { 200: answer('In the order of the configuration', Schedules), ...problems(400) },
      },
    },
    async (_request, reply) => {
      reply.header('cache-control', 'no-store')
      return { schedules: scheduler.list() }
    },
  )
}
