import { setImmediate as nextPass } from 'node:timers/promises'

/** Longest work without a yield, ms: no request waits longer for the event loop. */
const maxWorkMs = 1

let last: Promise<unknown> = Promise.resolve()

/** Waits for a pass of the event loop that no other yielding work uses, so that they do not add up. */
export async function yieldToEventLoop(): Promise<void> {
  last = last.then(() => nextPass())
  await last
}

/**
 * Creates a function that long work calls before it starts and then from time to time. The function yields to the event
 * loop on the first call, and whenever the work has run for `maxWorkMs`.
 *
 * @returns resolves to whether it yielded
 */
export function createYielder(): () => Promise<boolean> {
  let sinceMs = Number.NEGATIVE_INFINITY
  return async () => {
    if (performance.now() - sinceMs < maxWorkMs) return false
    await yieldToEventLoop()
    sinceMs = performance.now()
    return true
  }
}

/** Runs work of small steps, and yields to the event loop between them. */
export async function runYielding<Result>(steps: Generator<void, Result, void>): Promise<Result> {
  const yieldIfDue = createYielder()
  for (;;) {
    await yieldIfDue()
    const step = steps.next()
    if (step.done) return step.value
  }
}
