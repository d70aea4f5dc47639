import { STATUS_CODES } from 'node:http'
import type { FastifyError, FastifyReply, FastifyRequest } from 'fastify'
import { Type } from 'typebox'
import { badRequest, type FieldError, TtaError } from '../errors.ts'
import { fieldErrors } from '../schema-errors.ts'

/** What every error is answered with (RFC 9457). Answers to some errors have more members. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Always about:blank: `code` says what it is' }),
    title: Type.String({ description: 'The HTTP status in words' }),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String({ description: 'What went wrong, for a person' }),
    code: Type.String({ description: 'What went wrong, for a program; never changes its meaning' }),
    instance: Type.String({ description: 'The request, as the log names it: urn:uuid:...' }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          field: Type.String({ description: 'Which parameter' }),
          value: Type.Optional(Type.Unknown({ description: 'What stood there, cut when long' })),
          message: Type.String({ description: 'What is allowed' }),
        }),
        { description: 'Bad input: each field that is wrong' },
      ),
    ),
  },
  { $id: 'Problem' },
)

/** Longest text that is repeated to the caller, in characters. */
const maxEchoLength = 200

/** What is wrong, in our words. Anything unforeseen is TTA_INTERNAL and says nothing of our insides. */
export function toTtaError(error: unknown, request: FastifyRequest): TtaError {
  if (error instanceof TtaError) return error
  const { code, message, statusCode = 500, validation, validationContext } = error as FastifyError
  if (validation) return badRequest(fieldErrors(validation, ...checked(request, validationContext)))
  if (code === 'FST_ERR_CTP_BODY_TOO_LARGE') {
    const limit = request.routeOptions.bodyLimit
    return new TtaError('TTA_TOO_LARGE', `The body is larger than the ${limit} bytes allowed here`)
  }
  if (code === 'FST_ERR_CTP_INVALID_MEDIA_TYPE') {
    return unsupported('content-type', request, 'must be application/json')
  }
  if (statusCode >= 400 && statusCode < 500)
    return new TtaError('TTA_BAD_REQUEST', cut(message), { cause: error })
  return new TtaError('TTA_INTERNAL', 'Internal error', { cause: error })
}

/** A 415 that names the header and what stood there. @param message what is allowed */
export function unsupported(
  field: 'content-type' | 'content-encoding',
  request: FastifyRequest,
  message: string,
): TtaError {
  const value = request.headers[field]
  const detail = `${field} ${message}, and is ${value === undefined ? 'missing' : cut(value)}`
  return new TtaError('TTA_UNSUPPORTED_MEDIA_TYPE', detail, { errors: [{ field, value, message }] })
}

/** Answers `error` as problem+json. `members` are further ones, for callers with a taste of their own. */
export function sendProblem(reply: FastifyReply, error: TtaError, members: Record<string, unknown> = {}) {
  const standard = {
    type: 'about:blank',
    title: STATUS_CODES[error.statusCode] ?? 'Client Closed Request',
    status: error.statusCode,
    detail: error.message,
    code: error.code,
    instance: `urn:uuid:${reply.request.id}`,
    ...(error.errors.length === 0 ? {} : { errors: error.errors.map(echoed) }),
  }
  // The second spread keeps details from replacing a standard member; the first keeps those in front.
  const body = JSON.stringify({ ...standard, ...error.details, ...members, ...standard })
  return reply
    .code(error.statusCode)
    .headers({ 'content-type': 'application/problem+json', 'cache-control': 'no-store' })
    .send(body)
}

/** The log gets the cause: at error level when a person must look at tta, at warn when at something upstream. */
export function logProblem(error: TtaError, request: FastifyRequest): void {
  if (error.code === 'TTA_INTERNAL') request.log.error({ err: error }, 'request failed')
  else if (error.statusCode >= 500) request.log.warn({ err: error }, 'request failed')
}

export function handleError(error: unknown, request: FastifyRequest, reply: FastifyReply) {
  const known = toTtaError(error, request)
  logProblem(known, request)
  return sendProblem(reply, known)
}

function checked(request: FastifyRequest, part: string | undefined): [rootName: string, data: unknown] {
  if (part === 'params') return ['path', request.params]
  if (part === 'querystring') return ['query', request.query]
  return ['body', request.body]
}

function echoed(error: FieldError): FieldError {
  if (error.value === undefined) return error
  const text = typeof error.value === 'string' ? error.value : JSON.stringify(error.value)
  return text.length <= maxEchoLength ? error : { ...error, value: cut(text) }
}

function cut(text: string): string {
  return text.length <= maxEchoLength ? text : `${text.slice(0, maxEchoLength)}…`
}
