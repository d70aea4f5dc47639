import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { badRequest, TtaError } from '../../base/errors.ts'
import { fieldErrors } from '../../base/schema-errors.ts'
import { cut, problemOf } from '../../model/problem.ts'

/** Maximum number of invalid fields in a response. Otherwise a response could be many times larger than its request. */
const maxErrors = 100

/** Converts any error to a TtaError. An unexpected error becomes TTA_INTERNAL, which reveals no internal details. */
export function toTtaError(error: unknown, request: FastifyRequest): TtaError {
  if (error instanceof TtaError) return error
  const { code, message, statusCode = 500, validation, validationContext } = error as FastifyError
  if (validation) {
    const reported = fieldErrors(validation.slice(0, maxErrors), ...checked(request, validationContext))
    return badRequest(reported, Math.max(0, validation.length - maxErrors))
  }
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    const limit = request.routeOptions.bodyLimit
    return new TtaError('TTA_TOO_LARGE', `The request body is larger than ${limit} bytes`)
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return unsupported('content-type', request, 'must be application/json')
  }
  if (statusCode >= 400 && statusCode < 500)
    return new TtaError('TTA_BAD_REQUEST', cut(message), { cause: error })
  return new TtaError('TTA_INTERNAL', 'Internal error', { cause: error })
}

/** Returns a 415 with the header and its value. @param message the allowed values */
export function unsupported(
  field: 'content-type' | 'content-encoding',
  request: FastifyRequest,
  message: string,
): TtaError {
  const value = request.headers[field]
  const detail = `${field} ${message}, but is ${value === undefined ? 'missing' : cut(value)}`
  return new TtaError('TTA_UNSUPPORTED_MEDIA_TYPE', detail, { errors: [{ field, value, message }] })
}

/** Sends an error as a problem document (RFC 9457). @param members additional members of the document */
export function sendProblem(reply: FastifyReply, error: TtaError, members: Record<string, unknown> = {}) {
  const problem = problemOf(error, `urn:uuid:${reply.request.id}`)
  const { retryAfterSec } = error.details
  if (typeof retryAfterSec === 'number') reply.header('retry-after', String(retryAfterSec))
  reply.problemCode = error.code
  const body = JSON.stringify({ ...problem, ...members, ...problem })
  return reply
    .code(error.statusCode)
    .headers({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' })
    .send(body)
}

/** Logs an error with its cause: at level error for a fault of tta, at level warn for a fault of another system. */
export function logProblem(error: TtaError, request: FastifyRequest): void {
  if (error.code === 'TTA_INTERNAL') request.log.error({ err: error }, 'request failed')
  else if (error.statusCode >= 500) request.log.warn({ err: error }, 'request failed')
}

/** The error handler of all routes without their own. */
export function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const known = toTtaError(error, request)
  logProblem(known, request)
  return sendProblem(reply, known)
}

function checked(request: FastifyRequest, part: string | undefined): [rootName: string, data: unknown] {
  if (part === 'params') return ['path', request.params]
  if (part === 'headers') return ['headers', request.headers]
  if (part === 'querystring') return ['query', request.query]
  return ['body', request.body]
}
