import { Cron } from 'croner'
import type { Schedule } from '../../model/schedule.ts'

/** Most missed runs that are counted: during a day of sleep a hundred thousand may be missed. */
const maxCounted = 1000

/** Returns the first run after `afterMs`, both Unix ms. */
export function nextRun(schedule: Schedule, afterMs: number): number {
  if ('everyMs' in schedule) return afterMs + schedule.everyMs
  const { cron, timezone } = schedule
  return new Cron(cron, { timezone }).nextRun(new Date(afterMs))?.getTime() ?? Number.POSITIVE_INFINITY
}

/**
 * Returns the first run after now, and the number of runs missed since `dueMs`, which is over.
 *
 * @param dueMs Unix ms, as `nowMs`
 */
export function nextAfter(
  schedule: Schedule,
  dueMs: number,
  nowMs: number,
): { atMs: number; missed: number } {
  let atMs = nextRun(schedule, dueMs)
  let missed = 0
  while (atMs <= nowMs && missed < maxCounted) {
    atMs = nextRun(schedule, atMs)
    missed++
  }
  return { atMs: atMs <= nowMs ? nextRun(schedule, nowMs) : atMs, missed }
}
