import type { FastifyInstance } from 'fastify'
import { TtaError } from '../errors.ts'

/**
 * Bodies are JSON and nothing else: any other content type is 415. No body at all counts as `{}`, whatever the
 * content type says, because that is what `curl -X POST` sends.
 */
export function acceptJsonOnly(app: FastifyInstance): void {
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      // Schemas are closed, so keys like __proto__ are refused as unknown: plain JSON.parse is safe.
      done(null, body === '' ? undefined : JSON.parse(body as string))
    } catch (error) {
      done(new TtaError('TTA_BAD_REQUEST', `The body is not JSON: ${(error as Error).message.slice(0, 200)}`))
    }
  })
  app.addHook('preValidation', async (request) => {
    if (request.body === undefined) request.body = {}
  })
}
