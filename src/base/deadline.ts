import { TtaError } from './errors.ts'

/**
 * Runs `work` with a signal that also aborts after the deadline.
 *
 * @throws {TtaError} TTA_DEADLINE, or what the work throws
 */
export async function withDeadline<T>(
  deadlineSec: number,
  signal: AbortSignal,
  work: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const deadline = new AbortController()
  const expire = () => {
    const message = `The build took longer than build.deadline_sec (${deadlineSec} s): ask for a smaller window`
    deadline.abort(new TtaError('TTA_DEADLINE', message))
  }
  const timer = setTimeout(expire, deadlineSec * 1000)
  try {
    return await work(AbortSignal.any([signal, deadline.signal]))
  } finally {
    clearTimeout(timer)
  }
}
