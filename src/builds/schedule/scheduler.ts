import { isDeepStrictEqual } from 'node:util'
import type { BaseLogger } from 'pino'
import type { Clock } from '../../base/clock.ts'
import { TtaError } from '../../base/errors.ts'
import type { Schedule } from '../../model/schedule.ts'
import type { Jobs } from '../jobs/jobs.ts'
import { nextAfter, nextRun } from './next-run.ts'

export interface SchedulerOptions {
  /** Schedules by the graph that is built. */
  schedules: Readonly<Record<string, Schedule>>
  jobs: Pick<Jobs, 'submit' | 'get'>
  clock: Clock
  log: Pick<BaseLogger, 'info' | 'warn'>
}

/** How a schedule has been going. */
export interface ScheduledGraph {
  graph: string
  schedule: Schedule
  /** ISO 8601; absent: not started. */
  nextAt?: string
  /** The last build. */
  jobId?: string
  /** Builds begun. */
  started: number
  /** Builds left out: the one before went on, the queue was full, or their time passed unnoticed. */
  skipped: number
}

export interface Scheduler {
  /** Intervals begin with a build. */
  start(): void
  /** A schedule that is as before goes on, one that is new begins, one that has changed waits for its next time. */
  replace(schedules: Readonly<Record<string, Schedule>>): void
  list(): ScheduledGraph[]
  close(): void
}

interface Timetable extends Omit<ScheduledGraph, 'nextAt'> {
  /** When the next build begins, Unix ms. */
  dueMs: number
}

/** Longest wait: the clock may be set, or stand still while the machine sleeps, ms. */
const longestWaitMs = 30_000

/** Has graphs built at their times. A graph whose last build goes on is not built once more beside it. */
export function createScheduler({ schedules, jobs, clock, log }: SchedulerOptions): Scheduler {
  let timetables = Object.entries(schedules).map(([graph, schedule]) => newTimetable(graph, schedule))
  let isStarted = false
  const waits = new Map<Timetable, () => void>()

  function skip(timetable: Timetable, count: number, reason: string): void {
    timetable.skipped += count
    const { graph, skipped } = timetable
    log.warn({ graph, skipped, reason }, 'scheduled build left out')
  }

  function isUnderWay({ jobId }: Timetable): boolean {
    const job = jobId === undefined ? undefined : jobs.get(jobId)
    return job !== undefined && job.finishedAt === undefined
  }

  function build(timetable: Timetable): void {
    if (isUnderWay(timetable)) {
      skip(timetable, 1, 'the last one goes on')
      return
    }
    try {
      timetable.jobId = jobs.submit({ graph: timetable.graph }, 'schedule').id
      timetable.started++
    } catch (error) {
      // Whatever it is, the next time may be better.
      skip(timetable, 1, error instanceof TtaError ? error.message : 'internal error')
      if (!(error instanceof TtaError)) log.warn({ err: error, graph: timetable.graph }, 'schedule failed')
    }
  }

  function wake(timetable: Timetable): void {
    const { schedule, dueMs } = timetable
    const nowMs = clock.now()
    if (nowMs >= dueMs) {
      const { atMs, missed } = nextAfter(schedule, dueMs, nowMs)
      timetable.dueMs = atMs
      if (missed > 0) skip(timetable, missed, 'their time passed unnoticed')
      build(timetable)
    } else {
      // Where the clock was set back, what is due must not wait for the time it had.
      timetable.dueMs = Math.min(dueMs, nextRun(schedule, nowMs))
    }
    wait(timetable)
  }

  function wait(timetable: Timetable): void {
    const restMs = Math.max(0, timetable.dueMs - clock.now())
    waits.set(
      timetable,
      clock.after(Math.min(restMs, longestWaitMs), () => wake(timetable)),
    )
  }

  function begin(timetable: Timetable): void {
    const nowMs = clock.now()
    timetable.dueMs = 'everyMs' in timetable.schedule ? nowMs : nextRun(timetable.schedule, nowMs)
    wait(timetable)
  }

  function change(timetable: Timetable, schedule: Schedule): Timetable {
    if (isDeepStrictEqual(timetable.schedule, schedule)) return timetable
    timetable.schedule = schedule
    waits.get(timetable)?.()
    if (!isStarted) return timetable
    timetable.dueMs = nextRun(schedule, clock.now())
    wait(timetable)
    return timetable
  }

  return {
    start() {
      isStarted = true
      for (const timetable of timetables) begin(timetable)
    },
    replace(next) {
      const before = new Map(timetables.map((timetable) => [timetable.graph, timetable]))
      for (const [graph, timetable] of before) {
        if (Object.hasOwn(next, graph)) continue
        waits.get(timetable)?.()
        waits.delete(timetable)
      }
      timetables = Object.entries(next).map(([graph, schedule]) => {
        const known = before.get(graph)
        if (known) return change(known, schedule)
        const timetable = newTimetable(graph, schedule)
        if (isStarted) begin(timetable)
        return timetable
      })
    },
    list: () =>
      timetables.map(({ dueMs, ...rest }) => ({
        ...rest,
        ...(Number.isFinite(dueMs) ? { nextAt: new Date(dueMs).toISOString() } : {}),
      })),
    close() {
      isStarted = false
      for (const end of waits.values()) end()
      waits.clear()
    },
  }
}

function newTimetable(graph: string, schedule: Schedule): Timetable {
  return { graph, schedule, dueMs: Number.POSITIVE_INFINITY, started: 0, skipped: 0 }
}
