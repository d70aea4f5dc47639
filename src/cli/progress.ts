import type { ReadProgress } from '../sources/trace-source.ts'
import type { Terminal } from './terminal.ts'

export interface ProgressTimes {
  /** Work that takes no longer shows none, ms. */
  afterMs: number
  /** From one line to the next, ms. */
  everyMs: number
}

const onTerminal: ProgressTimes = { afterMs: 1000, everyMs: 200 }
const elsewhere: ProgressTimes = { afterMs: 1000, everyMs: 5000 }

/**
 * Shows on stderr how far `work` has come: on a terminal one line that is rewritten and at last wiped out, elsewhere
 * a line every now and then.
 */
export async function withProgress<T>(
  { stderr, env }: Pick<Terminal, 'stderr' | 'env'>,
  work: (onProgress: (progress: ReadProgress) => void) => Promise<T>,
  times?: ProgressTimes,
): Promise<T> {
  const rewrites = stderr.isTTY === true && env.TERM !== 'dumb'
  const { afterMs, everyMs } = times ?? (rewrites ? onTerminal : elsewhere)
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

/** How far a read has come, in words; undefined: nothing is known yet. */
export function progressLine(progress: ReadProgress | undefined, elapsedMs: number): string {
  const seconds = `${Math.round(elapsedMs / 1000)} s`
  if (progress === undefined) return `reading, ${seconds}`
  const share = Math.floor(Math.min(1, Math.max(0, progress.fraction)) * 100)
  const counts = [progress.traces, progress.spans].map((count) => count.toLocaleString('en-US'))
  return `reading ${share} %: ${counts[0]} traces, ${counts[1]} spans, ${seconds}`
}
