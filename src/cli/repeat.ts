import { setTimeout as sleep } from 'node:timers/promises'

/**
 * Runs `work` again and again until `signal` aborts, `intervalMs` from start to start. Runs never overlap: where one
 * takes longer, the next begins when it ends.
 *
 * @throws what `work` throws
 */
export async function repeat(
  intervalMs: number,
  signal: AbortSignal,
  work: () => Promise<void>,
): Promise<void> {
  while (!signal.aborted) {
    const startedAt = performance.now()
    await work()
    const restMs = Math.max(0, startedAt + intervalMs - performance.now())
    await sleep(restMs, undefined, { signal }).catch(() => {})
  }
}
