import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { TtaError } from '../../base/errors.ts'
import { unsupported } from '../problem/problem.ts'
import { refuseDeepJson } from './refuse-deep-json.ts'

/** Looks at a body as it was received, before what is in it. @throws {TtaError} the request is refused */
export type RawBodyCheck = (request: FastifyRequest, reply: FastifyReply, body: Buffer) => void

/**
 * Bodies are JSON and nothing else: any other content type is 415, and so is a body that is compressed. No body at
 * all counts as `{}`, whatever the content type says, because that is what `curl -X POST` sends.
 */
export function acceptJsonOnly(app: FastifyInstance, check?: RawBodyCheck): void {
  app.addHook('onRequest', async (request, reply) => {
    const coding = request.headers['content-encoding']?.trim().toLowerCase() || 'identity'
    if (coding === 'identity') return
    // RFC 9110, 12.5.3: what a 415 would have taken instead.
    reply.header('accept-encoding', 'identity')
    throw unsupported('content-encoding', request, 'must be identity: a body is taken only as it is')
  })
  app.removeAllContentTypeParsers()
  app.addContentTypeParser('application/json', { parseAs: 'buffer' }, (_request, body, done) =>
    done(null, body),
  )
  app.addHook('preValidation', async (request, reply) => {
    const body = request.body instanceof Buffer ? request.body : Buffer.alloc(0)
    check?.(request, reply, body)
    request.body = body.length === 0 ? {} : parse(body)
  })
}

/** Schemas refuse keys like __proto__ as unknown, or leave them alone: plain JSON.parse is safe. */
function parse(body: Buffer): unknown {
  try {
    refuseDeepJson(body)
    return JSON.parse(body.toString())
  } catch (error) {
    throw notJson((error as Error).message)
  }
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
