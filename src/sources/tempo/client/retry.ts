import { HTTPError, type RetryObject, TimeoutError } from 'got'
import { isTooLarge, isTooSlow, TempoStatusError } from './tempo-errors.ts'

/** Statuses that may pass after a retry (grafana/tempo: 429 is a full job queue, 500 a failed querier). */
export const retriedStatuses = [429, 500, 502, 503, 504]
/** Longest delay that Tempo may ask for, ms. */
export const maxRetryAfterMs = 30_000
export const maxRetries = 4
const maxRetriesOf500 = 2

/**
 * Decides whether a request to Tempo is retried, and when: after the server's Retry-After, otherwise with
 * exponential backoff and jitter.
 *
 * @param firstDelayMs delay before the first retry; it doubles each time
 * @param errorText text of an answer with an error status
 * @returns delay in ms; 0: no retry, since it cannot help
 */
export function retryDelayMs(
  { attemptCount, retryOptions, error, retryAfter, computedValue }: RetryObject,
  firstDelayMs: number,
  errorText: (response: HTTPError['response']) => string,
): number {
  if (attemptCount > (retryOptions.limit ?? 0) || computedValue === 0) return 0
  if (error instanceof TimeoutError && error.event !== 'connect') return 0
  if (error instanceof HTTPError) {
    const { statusCode } = error.response
    const answered = new TempoStatusError('', statusCode, errorText(error.response))
    if (isTooLarge(answered) || (statusCode !== 504 && isTooSlow(answered))) return 0
    if (statusCode === 500 && attemptCount > maxRetriesOf500) return 0
  }
  return retryAfter ?? firstDelayMs * 2 ** (attemptCount - 1) * (0.5 + Math.random())
}
