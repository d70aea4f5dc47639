import type { FastifyInstance } from 'fastify'
import { TtaError } from '../errors.ts'
import { unsupported } from './problem.ts'

/**
 * Bodies are JSON and nothing else: any other content type is 415, and so is a body that is compressed. No body at
 * all counts as `{}`, whatever the content type says, because that is what `curl -X POST` sends.
 */
export function acceptJsonOnly(app: FastifyInstance): void {
  app.addHook('onRequest', async (request, reply) => {
    const coding = request.headers['content-encoding']?.trim().toLowerCase() || 'identity'
    if (coding === 'identity') return
    // RFC 9110, 12.5.3: what a 415 would have taken instead.
    reply.header('accept-encoding', 'identity')
    throw unsupported('content-encoding', request, 'must be identity: a body is taken only as it is')
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (_request, body, done) => {
    try {
      // Schemas are closed, so keys like __proto__ are refused as unknown: plain JSON.parse is safe.
      done(null, body === '' ? undefined : JSON.parse(body as string))
    } catch (error) {
      done(notJson((error as Error).message))
    }
  })
  app.addHook('preValidation', async (request) => {
    if (request.body === undefined) request.body = {}
  })
}

/** @param reason may quote the body, whatever is in it */
function notJson(reason: string): TtaError {
  const shown = withoutControls(reason.slice(0, 200))
  const errors = [{ field: 'body', message: `must be JSON: ${shown}` }]
  return new TtaError('TTA_BAD_REQUEST', `The body is not JSON: ${shown}`, { errors })
}

/** Characters that steer a terminal or have no shape, by their number. */
const withoutControls = (text: string) =>
  text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )
