import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { ReloadReport } from '../../config/reload.ts'
import { NoQuery } from '../request/query-parameters.ts'
import { answer, problems } from '../schema/responses.ts'

const Report = Type.Object(
  {
    applied: Type.Array(Type.String(), { description: 'Changed, and in force from now on' }),
    needsRestart: Type.Array(Type.String(), { description: 'Changed, and in force only after a restart' }),
  },
  { additionalProperties: false },
)

/** POST /-/reload: reads the configuration anew, as SIGHUP does. */
export const reloadRoute: FastifyPluginAsyncTypebox<{ reload: () => ReloadReport }> = async (
  app,
  { reload },
) => {
  app.post(
    '/-/reload',
    {
      schema: {
        operationId: 'reload',
        summary: 'Read the configuration anew; one that is wrong changes nothing',
        tags: ['operations'],
        querystring: NoQuery,
        response: { 200: answer('Keys that have changed', Report), ...problems(400, 422) },
      },
    },
    async (request) => {
      const report = reload()
      request.log.info(report, 'configuration reloaded')
      return report
    },
  )
}
