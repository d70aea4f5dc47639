/**
 * What became of one request as it went out: `retried` failed and was sent again, `cancelled` is nobody's fault.
 */
export type TempoOutcome = 'ok' | 'retried' | 'failed' | 'cancelled'

/** Who wants to know of every request to Tempo. */
export interface TempoObserver {
  /**
   * @param endpoint its path, with `{id}` for a trace id
   * @param durationMs of a `retried` one with the pause before it was sent again
   * @param bytes of the answer, after decompression
   */
  requestEnded(request: { endpoint: string; outcome: TempoOutcome; durationMs: number; bytes: number }): void
}

/** Paths differ by trace; what is asked does not. */
export function endpointOf(path: string): string {
  return path.replace(/\/traces\/[^/]+$/, '/traces/{id}')
}
