import { STATUS_CODES } from 'node:http'
import { type Static, Type } from 'typebox'
import type { TtaError } from '../base/errors.ts'

/** What every error is answered with (RFC 9457). Answers to some errors have more members. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Always about:blank: `code` says what it is' }),
    title: Type.String({ description: 'The HTTP status in words' }),
    status: Type.Integer({ minimum: 400, maximum: 599 }),
    detail: Type.String({ description: 'What went wrong, for a person' }),
    code: Type.String({ description: 'What went wrong, for a program; never changes its meaning' }),
    instance: Type.String({ description: 'The request, as the log names it (urn:uuid:...), or the job' }),
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
  { $id: 'Problem', additionalProperties: true },
)
export type Problem = Static<typeof Problem>

/** An error as it is told to programs. @param instance what it happened to */
export function problemOf(error: TtaError, instance: string): Problem {
  const standard = {
    type: 'about:blank',
    title: STATUS_CODES[error.statusCode] ?? 'Client Closed Request',
    status: error.statusCode,
    detail: error.message,
    code: error.code,
    instance,
    ...(error.errors.length === 0 ? {} : { errors: error.errors.map(echoed) }),
  }
  // The second spread keeps details from replacing a standard member; the first keeps those in front.
  return { ...standard, ...error.details, ...standard }
}

/** Longest text that is repeated to the caller, in characters. */
const maxEchoLength = 200

/** Text of a caller, short enough to be repeated to it. */
export function cut(text: string): string {
  return text.length <= maxEchoLength ? text : `${text.slice(0, maxEchoLength)}…`
}

function echoed<T extends { value?: unknown }>(error: T): T {
  if (error.value === undefined) return error
  const text = typeof error.value === 'string' ? error.value : JSON.stringify(error.value)
  return text.length <= maxEchoLength ? error : { ...error, value: cut(text) }
}
