import pMap from 'p-map'
import { TtaError } from './errors.ts'

/**
 * Runs `work` with a signal that aborts with `signal`, and also after the deadline.
 *
 * @throws {TtaError} TTA_DEADLINE, or the error of the work
 */
export async function withDeadline<T>(
  deadlineSec: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController()
  const expire = () => {
    const message = `The build took longer than build.deadline_sec (${deadlineSec} s): request a smaller window`
    deadline.abort(new TtaError('TTA_DEADLINE', message))
  }
  const timer = setTimeout(expire, deadlineSec * 1000)
  try {
    return await work(AbortSignal.any([signal, deadline.signal]))
  } finally {
    clearTimeout(timer)
  }
}

/**
 * Waits for `promise` until `signal` aborts. The work behind the promise continues.
 *
 * @throws the error of the promise, or the signal's reason
 */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  let onAbort = () => {}
  const aborted = new Promise<never>((_resolve, reject) => {
    onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
    else signal.addEventListener('abort', onAbort, { once: true })
  })
  return Promise.race([promise, aborted]).finally(() => signal.removeEventListener('abort', onAbort))
}

/**
 * Waits for `promise` for at most `timeoutMs`. The work behind the promise continues.
 *
 * @returns undefined after that time
 * @throws the error of the promise, within that time
 */
export async function untilTimeout<T>(promise: Promise<T>, timeoutMs: number): Promise<T | undefined> {
  let timer: NodeJS.Timeout | undefined
  const timeout = new Promise<undefined>((resolve) => {
    timer = setTimeout(resolve, timeoutMs, undefined)
  })
  return Promise.race([promise, timeout]).finally(() => clearTimeout(timer))
}

/**
 * Runs `work` on every item, at most `concurrency` at a time. After an error no further item is started.
 *
 * @throws the first error, after all started work has ended
 */
export async function forEachLimited<T>(
  items: readonly T[],
  concurrency: number,
  work: (item: T) => Promise<void>,
): Promise<void> {
  const errors: unknown[] = []
  // An error that p-map sees ends its wait for the work that is under way.
  const collectError = (item: T) =>
    errors.length > 0 ? undefined : work(item).catch((error) => void errors.push(error))
  await pMap(items, collectError, { concurrency })
  if (errors.length > 0) throw errors[0]
}
