/** All error codes and their HTTP statuses. Codes are part of the API: they never change. */
export const errorStatus = {
  TTA_BAD_REQUEST: 400,
  TTA_QUERY_REFUSED: 400,
  TTA_UNAUTHORIZED: 401,
  TTA_FORBIDDEN: 403,
  TTA_NOT_FOUND: 404,
  TTA_METHOD_NOT_ALLOWED: 405,
  TTA_NOT_ACCEPTABLE: 406,
  TTA_REQUEST_TIMEOUT: 408,
  TTA_JOB_ENDED: 409,
  TTA_TOO_LARGE: 413,
  TTA_UNSUPPORTED_MEDIA_TYPE: 415,
  TTA_CONFIG_INVALID: 422,
  TTA_QUEUE_FULL: 429,
  TTA_RATE_LIMITED: 429,
  TTA_HEADERS_TOO_LARGE: 431,
  TTA_CANCELLED: 499,
  TTA_INTERNAL: 500,
  TTA_TEMPO_UNAVAILABLE: 502,
  TTA_TEMPO_REFUSED: 502,
  TTA_TEMPO_UNAUTHORIZED: 502,
  TTA_TEMPO_BAD_ANSWER: 502,
  TTA_SINK_FAILED: 503,
  TTA_HISTORY_UNAVAILABLE: 503,
  TTA_CLOSING: 503,
  TTA_DEADLINE: 504,
} as const

export type ErrorCode = keyof typeof errorStatus

/** An invalid field of a request or of the configuration. */
export interface FieldError {
  /** Path of the field: `filter`, `tempo.url`, `nodes[3].id`. */
  field: string
  /** The invalid value; absent if it could be a secret. */
  value?: unknown
  /** The rule that the value breaks, such as `must be at least 1`. */
  message: string
}

export interface TtaErrorOptions {
  cause?: unknown
  /** The invalid fields, for TTA_BAD_REQUEST and similar codes. */
  errors?: FieldError[]
  /** Additional members of the problem document, such as the summary so far or the status of an upstream. */
  details?: Record<string, unknown>
}

/**
 * An error with a message for the client. The message contains no secrets: no headers, no credentials of a URL.
 * `cause` appears only in the log.
 */
export class TtaError extends Error {
  override name = 'TtaError'
  readonly code: ErrorCode
  readonly errors: FieldError[]
  readonly details: Record<string, unknown>

  constructor(code: ErrorCode, message: string, options: TtaErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause })
    this.code = code
    this.errors = options.errors ?? []
    this.details = options.details ?? {}
  }

  get statusCode(): number {
    return errorStatus[this.code]
  }
}

/** Returns a 400 for invalid fields. @param more number of further invalid fields that `errors` does not contain */
export function badRequest(errors: FieldError[], more = 0): TtaError {
  const sentences = errors.map((error) => `${error.field} ${error.message}`)
  if (more > 0) sentences.push(`and ${more} more`)
  return new TtaError('TTA_BAD_REQUEST', sentences.join('; '), { errors })
}

/** Returns a 429 for a full queue, with the time to wait. @param what the queued items, in the plural */
export function queueFull(what: string, most: number, retryAfterSec: number): TtaError {
  const message = `${most} ${what} wait already (build.max_queued): try again in ${retryAfterSec} s`
  return new TtaError('TTA_QUEUE_FULL', message, { details: { retryAfterSec } })
}
