import { STATUS_CODES } from 'node:http'
import { type Static, Type } from 'typebox'
import type { TtaError } from '../base/errors.ts'

/** The body of every error response (RFC 9457). Some errors have additional members. */
export const Problem = Type.Object(
  {
    type: Type.String({ description: 'Always about:blank. `code` identifies the problem' }),
    title: Type.String({ description: 'Reason phrase of the HTTP status' }),
    status: Type.Integer({ minimum: 400, maximum: 599, description: 'HTTP status' }),
    detail: Type.String({ description: 'Description of the problem, for a person' }),
    code: Type.String({ description: 'Stable identifier of the problem, for a program' }),
    instance: Type.String({
      description: 'The request, by its id in the log (urn:uuid:...), or the path of the job',
    }),
    errors: Type.Optional(
      Type.Array(
        Type.Object({
          field: Type.String({ description: 'Path of the field: filter, tempo.url, alerts[3].status' }),
          value: Type.Optional(
            Type.Unknown({ description: 'The invalid value, shortened to 200 characters' }),
          ),
          message: Type.String({ description: 'Description of the allowed values' }),
        }),
        { description: 'The invalid fields, if the request or the configuration is invalid' },
      ),
    ),
  },
  { $id: 'Problem', additionalProperties: true },
)
export type Problem = Static<typeof Problem>

/** Converts an error to a problem document. @param instance URI of the failed request or job */
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
  // The second spread keeps details from replacing a standard member. The first one keeps the standard members first.
  return { ...standard, ...error.details, ...standard }
}

/** Longest text of a request that a problem repeats, in characters. */
const maxEchoLength = 200

/** Shortens a text of a request for a problem. */
export function cut(text: string): string {
  return text.length <= maxEchoLength ? text : `${text.slice(0, maxEchoLength)}…`
}

function echoed<T extends { value?: unknown }>(error: T): T {
  if (error.value === undefined) return error
  const text = typeof error.value === 'string' ? error.value : JSON.stringify(error.value)
  return text.length <= maxEchoLength ? error : { ...error, value: cut(text) }
}
