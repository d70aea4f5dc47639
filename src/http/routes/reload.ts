import type { FastifyPluginAsyncTypebox } from '@fastify/type-provider-typebox'
import { Type } from 'typebox'
import type { ReloadReport } from '../../config/reload.ts'
import { NoQuery } from '../request/query-parameters.ts'
import { answer, problems } from '../schema/responses.ts'

const Report = Type.Object(
  {
    applied: Type.Array(Type.String(), { description: 'Changed keys that are now in effect' }),
    needsRestart: Type.Array(Type.String(), { description: 'Changed keys that take effect after a restart' }),
  },
  { additionalProperties: false },
)

/** POST /-/reload: reloads the configuration, like SIGHUP. */
export const reloadRoute: FastifyPluginAsyncTypebox<{ reload: () => ReloadReport }> = async (
  app,
  { reload },
) => {
  app.post(
    '/-/reload',
    {
      schema: {
        operationId: 'reload',
        summary: 'Reload the configuration. An invalid configuration changes nothing',
        tags: ['operations'],
        querystring: NoQuery,
        response: { 200: answer('The changed keys', Report), ...problems(400, 422) },
      },
    },
    async (request) => {
      const report = reload()
      request.log.info(report, 'configuration reloaded')
      return report
    },
  )
}
