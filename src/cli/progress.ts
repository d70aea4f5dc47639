import type { ReadProgress } from '../sources/trace-source.ts'
import type { Terminal } from './terminal.ts'

export interface ProgressTimes {
  /** Time before the first line, ms. */
  afterMs: number
  /** Time between two lines, ms. */
  everyMs: number
}

const terminalTimes: ProgressTimes = { afterMs: 1000, everyMs: 200 }
const pipeTimes: ProgressTimes = { afterMs: 1000, everyMs: 5000 }

/**
 * Shows the progress of `work` on stderr. A terminal gets one line that is rewritten and finally erased; a pipe gets a
 * new line at intervals.
 */
export async function withProgress<T>(
  { stderr, env }: Pick<Terminal, 'stderr' | 'env'>,
  work: (onProgress: (progress: ReadProgress) => void) => Promise<T>,
  times?: ProgressTimes,
): Promise<T> {
  const rewrites = stderr.isTTY === true && env.TERM !== 'dumb'
  const { afterMs, everyMs } = times ?? (rewrites ? terminalTimes : pipeTimes)
  const startedAt = performance.now()
  let latest: ReadProgress | undefined
  let shown = false
  let timer = setTimeout(show, afterMs)
  function show() {
    const line = progressLine(latest, performance.now() - startedAt)
    stderr.write(rewrites ? `\r\x1b[K${line}` : `${line}\n`)
    shown = true
    timer = setTimeout(show, everyMs)
  }
  try {
    return await work((progress) => {
      latest = progress
    })
  } finally {
    clearTimeout(timer)
    if (shown && rewrites) stderr.write('\r\x1b[K')
  }
}

/** Returns the progress of a read as text. undefined means that none has been reported yet. */
export function progressLine(progress: ReadProgress | undefined, elapsedMs: number): string {
  const seconds = `${Math.round(elapsedMs / 1000)} s`
  if (progress === undefined) return `reading, ${seconds}`
  const share = Math.floor(Math.min(1, Math.max(0, progress.fraction)) * 100)
  const counts = [progress.traces, progress.spans].map((count) => count.toLocaleString('en-US'))
  return `reading ${share} %: ${counts[0]} traces, ${counts[1]} spans, ${seconds}`
}
