/** The time, and timers. */
export interface Clock {
  /** Unix ms; may go back. */
  now(): number
  /** Calls `wake` after `delayMs`. @returns cancels the timer */
  after(delayMs: number, wake: () => void): () => void
}

/** The clock of the system; its timers do not keep the process alive. */
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
