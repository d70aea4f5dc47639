import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { TtaError } from '../../base/errors.ts'
import { unsupported } from '../problem/error-response.ts'

/** Checks a body before it is parsed. @throws {TtaError} if the request is refused */
export type RawBodyCheck = (request: FastifyRequest, reply: FastifyReply, body: Buffer) => void

/**
 * Accepts only JSON bodies. Any other content type and any compression is 415. A missing body counts as `{}`, with any
 * content type, because `curl -X POST` sends none.
 */
export function acceptJsonOnly(app: FastifyInstance, check?: RawBodyCheck): void {
  app.addHook('onRequest', async (request, reply) => {
    const coding = request.headers['content-encoding']?.trim().toLowerCase() || 'identity'
    if (coding === 'identity') return
    // A 415 states the accepted coding (RFC 9110, 12.5.3).
    reply.header('accept-encoding', 'identity')
    throw unsupported('content-encoding', request, 'must be identity: compressed bodies are not accepted')
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

/** Parses a body. JSON.parse is safe, because schemas refuse or ignore keys like `__proto__`. */
function parse(body: Buffer): unknown {
  try {
    refuseDeepJson(body)
    return JSON.parse(body.toString())
  } catch (error) {
    throw notJson((error as Error).message)
  }
}

/** @param reason the message of the parser, which can quote any part of the body */
function notJson(reason: string): TtaError {
  const shown = withoutControls(reason.slice(0, 200))
  const errors = [{ field: 'body', message: `must be valid JSON: ${shown}` }]
  return new TtaError('TTA_BAD_REQUEST', `The request body is not valid JSON: ${shown}`, { errors })
}

/** Replaces control characters and invisible characters by their code points. */
const withoutControls = (text: string) =>
  text.replace(
    /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu,
    (character) => `\\u{${character.codePointAt(0)?.toString(16)}}`,
  )

/** Deeper than any valid body. OTLP messages can be nested 100 deep, each inside an array. */
const maxDepth = 256

const [quote, backslash, openBracket, closeBracket, openBrace, closeBrace] = [...Buffer.from('"\\[]{}')]

/**
 * Refuses deeply nested JSON. JSON.parse blocks the process for seconds on megabytes of brackets, and a recursive walk
 * over its result exhausts the stack.
 *
 * @param body UTF-8. JSON.parse reports all other errors
 * @param maxObjects most objects and arrays
 * @throws {SyntaxError} if the body is nested deeper than 256 levels
 * @throws {TtaError} TTA_TOO_LARGE if it has more objects and arrays
 */
export function refuseDeepJson(body: Uint8Array, maxObjects = Number.POSITIVE_INFINITY): void {
  let depth = 0
  let objects = 0
  let isInText = false
  for (let at = 0; at < body.length; at++) {
    const byte = body[at]
    if (byte === quote) isInText = !isInText
    else if (isInText) at += byte === backslash ? 1 : 0
    else if (byte === closeBracket || byte === closeBrace) depth--
    else if (byte === openBracket || byte === openBrace) {
      if (++depth > maxDepth) throw new SyntaxError(`nested deeper than ${maxDepth} levels`)
      if (++objects > maxObjects)
        throw new TtaError('TTA_TOO_LARGE', `The request body has more than ${maxObjects} objects and arrays`)
    }
  }
}
