import { Cron } from 'croner'
import type { Schedule } from '../../model/schedule.ts'

/** More are not counted one by one: after a day of sleep the clock may have passed a hundred thousand. */
const maxCounted = 1000

/** The first time after `afterMs`, Unix ms, at which something is due. */
export function nextRun(schedule: Schedule, afterMs: number): number {
  if ('everyMs' in schedule) return afterMs + schedule.everyMs
  const { cron, timezone } = schedule
  return new Cron(cron, { timezone }).nextRun(new Date(afterMs))?.getTime() ?? Number.POSITIVE_INFINITY
}

/**
 * The first time after now, and how many have been missed since `dueMs`, which has come.
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
