import { TtaError } from '../../../base/errors.ts'
import { ProtobufError } from '../../protobuf/protobuf-reader.ts'

/** Tempo answered with an error status. Its error bodies are plain text. */
export class TempoStatusError extends Error {
  override name = 'TempoStatusError'
  readonly status: number
  /** The text of the answer, at most 500 characters. */
  readonly text: string

  constructor(path: string, status: number, text: string) {
    const brief = text.trim().slice(0, 500)
    super(`Tempo answered ${path} with ${status}${brief && `: ${brief}`}`)
    this.status = status
    this.text = brief
  }
}

/** Tempo did not answer, or its answer broke off. */
export class TempoConnectionError extends Error {
  override name = 'TempoConnectionError'
  /** Whether it took too long or broke off, so that a smaller request may succeed. */
  readonly maybeTooSlow: boolean

  constructor(message: string, maybeTooSlow: boolean, cause: unknown) {
    super(message, { cause })
    this.maybeTooSlow = maybeTooSlow
  }
}

/** Tempo answered 200 with a body of another kind than expected. */
export class TempoAnswerError extends Error {
  override name = 'TempoAnswerError'
}

/** The answer exceeds a limit of Tempo or of this client. A smaller request may succeed. */
export class TempoTooLargeError extends Error {
  override name = 'TempoTooLargeError'
}

/** Whether the answer was too large. The same request must not be sent again unchanged. */
export function isTooLarge(error: unknown): boolean {
  if (error instanceof TempoTooLargeError) return true
  return error instanceof TempoStatusError && /larger than (the )?max/i.test(error.text)
}

/** Whether Tempo ran out of time, so that a smaller request may succeed. */
export function isTooSlow(error: unknown): boolean {
  if (error instanceof TempoConnectionError) return error.maybeTooSlow
  if (!(error instanceof TempoStatusError)) return false
  return error.status === 504 || /deadline exceeded|configured timeout|context canceled/i.test(error.text)
}

/** Whether Tempo or its answer caused the error, as opposed to the caller's signal or a bug. */
export function isUpstream(error: unknown): boolean {
  return toTtaError(error) !== error
}

/** Converts errors of this folder to a `TtaError` for the caller. Returns any other error unchanged. */
export function toTtaError(error: unknown): unknown {
  if (error instanceof TempoStatusError) {
    const details = { upstreamStatus: error.status }
    if (error.status === 401 || error.status === 403) {
      const hint = 'check tempo.headers, tempo.basic_auth, tempo.bearer_token and the tenant'
      return new TtaError('TTA_TEMPO_UNAUTHORIZED', `${error.message} (${hint})`, { cause: error, details })
    }
    const code = error.status < 500 && error.status !== 429 ? 'TTA_TEMPO_REFUSED' : 'TTA_TEMPO_UNAVAILABLE'
    const hint = error.status === 404 ? ' (is tempo.url right?)' : ''
    return new TtaError(code, error.message + hint, { cause: error, details })
  }
  if (error instanceof TempoConnectionError) {
    return new TtaError('TTA_TEMPO_UNAVAILABLE', error.message, { cause: error })
  }
  if (error instanceof TempoAnswerError || error instanceof TempoTooLargeError) {
    return new TtaError('TTA_TEMPO_BAD_ANSWER', error.message, { cause: error })
  }
  if (error instanceof ProtobufError) {
    return new TtaError('TTA_TEMPO_BAD_ANSWER', `Tempo's answer is damaged: ${error.message}`, {
      cause: error,
    })
  }
  return error
}
