/** Time, and being woken at one. */
export interface Clock {
  /** Unix ms; may be set back. */
  now(): number
  /** @returns ends the wait */
  after(delayMs: number, wake: () => void): () => void
}

/** A wait does not keep the process alive. */
export function systemClock(now: () => number): Clock {
  return {
    now,
    after: (delayMs, wake) => {
      const timer = setTimeout(wake, delayMs)
      timer.unref()
      return () => clearTimeout(timer)
    },
  }
}
