import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { TtaError } from '../../base/errors.ts'
import { unsupported } from '../problem/error-response.ts'

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

/** Deeper than any body tta takes; the messages of OTLP may be nested 100 deep, each with an array around it. */
const maxDepth = 256

const [quote, backslash, openBracket, closeBracket, openBrace, closeBrace] = [...Buffer.from('"\\[]{}')]

/**
 * JSON.parse takes seconds for megabytes of brackets, in which nothing else is done, and what walks over its result
 * runs out of stack.
 *
 * @param body JSON in UTF-8; what else is wrong with it is for JSON.parse to say
 * @throws {SyntaxError} it is nested deeper than 256 levels
 */
export function refuseDeepJson(body: Uint8Array): void {
  let depth = 0
  let isInText = false
  for (let at = 0; at < body.length; at++) {
    const byte = body[at]
    if (byte === quote) isInText = !isInText
    else if (isInText) at += byte === backslash ? 1 : 0
    else if (byte === closeBracket || byte === closeBrace) depth--
    else if ((byte === openBracket || byte === openBrace) && ++depth > maxDepth)
      throw new SyntaxError(`nested deeper than ${maxDepth} levels`)
  }
}
