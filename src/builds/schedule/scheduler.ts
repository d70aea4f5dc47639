import { isDeepStrictEqual } from 'node:util'
import type { BaseLogger } from 'pino'
import type { Clock } from '../../base/clock.ts'
import { TtaError } from '../../base/errors.ts'
import type { Schedule } from '../../model/schedule.ts'
import type { Jobs } from '../jobs/jobs.ts'
import { nextAfter, nextRun } from './next-run.ts'

export interface SchedulerOptions {
  /** Schedules by graph. */
  schedules: Readonly<Record<string, Schedule>>
  jobs: Pick<Jobs, 'submit' | 'get'>
  clock: Clock
  log: Pick<BaseLogger, 'info' | 'warn'>
}

/** A schedule and its builds so far. */
interface ScheduledGraph {
  graph: string
  schedule: Schedule
  /** ISO 8601; absent until the scheduler starts. */
  nextAt?: string
  /** The last job. */
  jobId?: string
  /** Builds that were started. */
  started: number
  /** Runs without a build: the previous one was still running, the queue was full, or the host was asleep. */
  skipped: number
}

export interface Scheduler {
  /** Starts the first build of every interval at once. */
  start(): void
  /** Replaces all schedules: an equal one continues, a new one starts, a changed one waits for its next run. */
  replace(schedules: Readonly<Record<string, Schedule>>): void
  list(): ScheduledGraph[]
  close(): void
}

interface Timetable extends Omit<ScheduledGraph, 'nextAt'> {
  /** Start of the next build, Unix ms. */
  dueMs: number
}

/** Longest timer, ms: the clock may be set, and timers stop while the host sleeps. */
const longestWaitMs = 30_000

/** Builds graphs on schedule. A scheduled run is skipped while the previous one is still running. */
export function createScheduler({ schedules, jobs, clock, log }: SchedulerOptions): Scheduler {
  let timetables = Object.entries(schedules).map(([graph, schedule]) => newTimetable(graph, schedule))
  let isStarted = false
  const waits = new Map<Timetable, () => void>()

  function skip(timetable: Timetable, count: number, reason: string): void {
    timetable.skipped += count
    const { graph, skipped } = timetable
    log.warn({ graph, skipped, reason }, 'scheduled run skipped')
  }

  function isRunning({ jobId }: Timetable): boolean {
    const job = jobId === undefined ? undefined : jobs.get(jobId)
    return job !== undefined && job.finishedAt === undefined
  }

  function build(timetable: Timetable): void {
    if (isRunning(timetable)) {
      skip(timetable, 1, 'the previous build is still running')
      return
    }
    try {
      timetable.jobId = jobs.submit({ graph: timetable.graph }, 'schedule').id
      timetable.started++
    } catch (error) {
      // The next run may succeed, whatever the error.
      skip(timetable, 1, error instanceof TtaError ? error.message : 'internal error')
      if (!(error instanceof TtaError))
        log.warn({ err: error, graph: timetable.graph }, 'scheduled build failed to start')
    }
  }

  function wake(timetable: Timetable): void {
    const { schedule, dueMs } = timetable
    const nowMs = clock.now()
    if (nowMs >= dueMs) {
      const { atMs, missed } = nextAfter(schedule, dueMs, nowMs)
      timetable.dueMs = atMs
      if (missed > 0) skip(timetable, missed, 'the host was asleep or its clock was set')
      build(timetable)
    } else {
      // After the clock was set back, the next run must not wait until the old time.
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
