/** Every error code an answer may carry, with the HTTP status it means. Codes are API: they never change. */
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

/** One thing that is wrong with what a caller or an operator wrote. */
export interface FieldError {
  /** Where: `filter`, `tempo.url`, `$.nodes[3]`. */
  field: string
  /** What stood there; left out where it may be a secret. */
  value?: unknown
  /** What is allowed instead. */
  message: string
}

export interface TtaErrorOptions {
  cause?: unknown
  /** For bad input: each field that is wrong. */
  errors?: FieldError[]
  /** More that a program may want to know: the summary so far, the status an upstream gave. */
  details?: Record<string, unknown>
}

/**
 * An error whose message is meant for the caller. It never holds a secret: no header, no credentials of a URL.
 * `cause` is for the log only.
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

/** A 400 that names the fields, in words as well. @param more how many are wrong besides */
export function badRequest(errors: FieldError[], more = 0): TtaError {
  const words = errors.map((error) => `${error.field} ${error.message}`)
  if (more > 0) words.push(`and ${more} more`)
  return new TtaError('TTA_BAD_REQUEST', words.join('; '), { errors })
}

/** A 429 that says when to come again. @param what waits, in the plural */
export function queueFull(what: string, most: number, retryAfterSec: number): TtaError {
  const message = `${most} ${what} wait already (build.max_queued): try again in ${retryAfterSec} s`
  return new TtaError('TTA_QUEUE_FULL', message, { details: { retryAfterSec } })
}
