import { setImmediate as nextPass } from 'node:timers/promises'

/** The event loop gets its turn after so much work, ms: an answer that waits meanwhile is late by no more. */
const turnMs = 1

let last: Promise<unknown> = Promise.resolve()

/** Waits for a pass of the event loop that no other work in turns has: together they do not hold it longer than one. */
export async function yieldToEventLoop(): Promise<void> {
  last = last.then(() => nextPass())
  await last
}

/**
 * Long work asks before it begins, where it then waits, and from time to time whether it has had its turn, and if so
 * waits for the next one.
 *
 * @returns resolves to whether it has waited
 */
export function createYielder(): () => Promise<boolean> {
  let sinceMs = Number.NEGATIVE_INFINITY
  return async () => {
    if (performance.now() - sinceMs < turnMs) return false
    await yieldToEventLoop()
    sinceMs = performance.now()
    return true
  }
}

/** Has work done whose pieces are small, as many of them in a turn as it has time for. */
export async function runYielding<Result>(steps: Generator<void, Result, void>): Promise<Result> {
  const hadTurn = createYielder()
  for (;;) {
    await hadTurn()
    const step = steps.next()
    if (step.done) return step.value
  }
}
