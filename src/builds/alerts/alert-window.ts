import { maxWindowMs } from '../aggregation/search-window.ts'
import type { Alert } from './notification.ts'

/** Time between a window being chosen and being read, ms. */
const slackMs = 60_000

export interface AlertMargins {
  /** Of the window before the alert began, s. */
  beforeSec: number
  /** And after it ended, s. */
  afterSec: number
}

/**
 * The window around an alert: from before it began until after it ended, or until now where it still fires.
 * What is longer than can be built loses its beginning; a beginning that cannot be (year 1, the future) is now.
 *
 * @param nowMs Unix ms
 */
export function alertWindow(
  { startsAt, endsAt, status }: Alert,
  { beforeSec, afterSec }: AlertMargins,
  nowMs: number,
): { from: string; to: string } {
  const startMs = knownMs(startsAt, nowMs) ?? nowMs
  const endMs = status === 'resolved' && endsAt !== undefined ? knownMs(endsAt, nowMs) : undefined
  const toMs = endMs === undefined ? nowMs : Math.min(nowMs, Math.max(endMs, startMs) + afterSec * 1000)
  const earliestMs = toMs - maxWindowMs + slackMs
  const fromMs = Math.max(earliestMs, Math.min(startMs, toMs - 1) - beforeSec * 1000)
  return { from: iso(fromMs), to: toMs === nowMs ? 'now' : iso(toMs) }
}

/** Undefined for what has not come yet, and for years that stand for nothing (Go's zero time is in year 1). */
function knownMs(time: string, nowMs: number): number | undefined {
  const ms = Date.parse(time)
  return ms > 0 && ms <= nowMs ? ms : undefined
}

const iso = (ms: number) => new Date(Math.max(0, ms)).toISOString()
