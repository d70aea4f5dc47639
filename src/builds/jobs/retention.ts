import type { Job } from '../../model/job.ts'

interface Limits {
  /** Jobs that have ended. */
  maxEnded: number
  maxEndedSec: number
  /** Unix ms. */
  nowMs: number
}

/** @param jobs in the order they were asked for @returns those that ended too long ago, or are too many */
export function tooOld(jobs: readonly Job[], { maxEnded, maxEndedSec, nowMs }: Limits): Job[] {
  const ended = jobs.filter(({ finishedAt }) => finishedAt !== undefined)
  const surplus = ended.length - maxEnded
  return ended.filter(({ finishedAt = '' }, index) => {
    return index < surplus || nowMs - Date.parse(finishedAt) > maxEndedSec * 1000
  })
}

/** How long a job runs, going by those known: from 1 to 60 s. */
export function runSec(jobs: readonly Job[]): number {
  const known = jobs.flatMap(({ startedAt, finishedAt }) =>
    startedAt && finishedAt ? [Date.parse(finishedAt) - Date.parse(startedAt)] : [],
  )
  const totalMs = known.reduce((total, ms) => total + ms, 0)
  return Math.min(60, Math.max(1, Math.ceil(totalMs / Math.max(1, known.length) / 1000)))
}
