import type { FastifyPluginAsync } from 'fastify'
import { TtaError } from '../../base/errors.ts'

/** 404 at the path of OTLP where spans are read from elsewhere: says why, and where they go instead. */
export const noOtlpTracesRoute: FastifyPluginAsync = async (app) => {
  app.all('/v1/traces', {
    schema: { hide: true },
    // Before the body is looked at, whose content type no parser here knows.
    onRequest: async () => {
      throw new TtaError(
        'TTA_NOT_FOUND',
        'Spans are taken here only where no tempo.url is configured: this tta reads them from Tempo, so send them there',
      )
    },
    handler: () => undefined,
  })
}
