import { randomUUID } from 'node:crypto'
import type { BaseLogger } from 'pino'
import { untilAborted } from '../../base/async.ts'
import { queueFull, TtaError } from '../../base/errors.ts'
import type { Job, JobEvent, JobOrigin } from '../../model/job.ts'
import type { AggregationParameters } from '../../model/parameters.ts'
import type { AggregationSummary } from '../../model/summary.ts'
import type { Aggregator } from '../aggregation/aggregator.ts'
import { parametersKey } from '../aggregation/request.ts'
import { JobRecord, logEnd } from './job-record.ts'

interface SubmitOptions {
  /**
   * Aborts when the submitter has gone. The job is cancelled when all its submitters have gone; one without a signal
   * never goes.
   */
  abortSignal?: AbortSignal | undefined
}

/**
 * Runs builds: a limited number at once, one at a time for each graph, in the order of submission. Equal jobs that
 * have not ended are one job.
 */
export interface Jobs {
  /**
   * @param parameters completed from the configuration
   * @returns the new job, or the equal one that is queued or running
   * @throws {TtaError} TTA_BAD_REQUEST the parameters; TTA_QUEUE_FULL, with `details.retryAfterSec`
   */
  submit(parameters: AggregationParameters, origin: JobOrigin, options?: SubmitOptions): Job
  /** Keeps the job running when all its submitters have gone. @throws {TtaError} TTA_NOT_FOUND */
  keep(id: string): Job
  /** Returns a job; one that has ended for an hour. */
  get(id: string): Job | undefined
  /** Returns all known jobs, newest first. */
  list(): Job[]
  /** Cancels a job and waits for its end. @returns the job: cancelled, or how it ended before */
  cancel(id: string): Promise<Job | undefined>
  /** Waits for the end of a job. @throws {TtaError} TTA_NOT_FOUND; or the reason of the signal, which ends only the wait */
  ended(id: string, signal: AbortSignal): Promise<Job>
  /** Waits as `ended`. @throws {TtaError} as `ended`; the failure of the job, with its cause */
  result(id: string, signal: AbortSignal): Promise<AggregationSummary>
  /** Returns the events after event `after`: every change of state, and the last change of progress. */
  events(id: string, after?: number): JobEvent[]
  /** @param listener called in the order of events; must not throw @returns ends the subscription */
  subscribe(listener: (event: JobEvent) => void): () => void
  count(): { queued: number; running: number }
  /** Refuses new jobs, cancels queued ones, and cancels the running ones that do not end within the deadline. */
  close(deadlineMs: number): Promise<void>
}

export interface JobsOptions {
  aggregator: Pick<Aggregator, 'complete' | 'aggregate'>
  /** Jobs that may wait; further ones are refused. */
  maxQueued: number
  /** Ended jobs that are kept. @default 500 */
  maxEnded?: number
  /** How long ended jobs are kept, s. @default 3600 */
  maxEndedSec?: number
  /** Unix ms. */
  now: () => number
  log: Pick<BaseLogger, 'info' | 'warn' | 'error'>
}

/** Keeps the account of builds. The aggregator decides when each of them runs. */
export function createJobs(options: JobsOptions): Jobs {
  const { aggregator, maxQueued, maxEnded = 500, maxEndedSec = 3600, now, log } = options
  /** In the order of submission. */
  const records = new Map<string, JobRecord>()
  const active = new Set<JobRecord>()
  const listeners = new Set<(event: JobEvent) => void>()
  let closing = false

  const onEvent = (event: JobEvent) => {
    for (const listener of listeners) listener(event)
  }

  const find = (id: string): JobRecord => {
    const record = records.get(id)
    if (record === undefined) throw jobNotFound(id)
    return record
  }

  const count = () => {
    const running = [...active].filter(({ job }) => job.state === 'running').length
    return { running, queued: active.size - running }
  }

  const jobs = () => [...records.values()].map(({ job }) => job)

  function forgetExpired(): void {
    for (const { id } of expired(jobs(), { maxEnded, maxEndedSec, nowMs: now() })) records.delete(id)
  }

  function submit(
    requested: AggregationParameters,
    origin: JobOrigin,
    { abortSignal }: SubmitOptions = {},
  ): Job {
    abortSignal?.throwIfAborted()
    const parameters = aggregator.complete(requested)
    const key = parametersKey(parameters)
    // A job that is being cancelled gives no result to share.
    let record = [...active].find((other) => other.key === key && !other.signal.aborted)
    if (record === undefined) {
      if (closing) throw new TtaError('TTA_CLOSING', 'The service is shutting down and accepts no more jobs')
      if (count().queued >= maxQueued) throw queueFull('jobs', maxQueued, expectedRunSec(jobs()))
      record = new JobRecord({ id: randomUUID(), parameters, origin, key, now, onEvent })
      begin(record, requested)
    }
    record.addCaller(abortSignal)
    return record.job
  }

  function begin(record: JobRecord, requested: AggregationParameters): void {
    // A request expects a full read. A build that keeps a graph up to date should be cheap.
    const mayReuse = record.job.origin === 'schedule' || record.job.origin === 'webhook'
    records.set(record.job.id, record)
    active.add(record)
    void record
      .run((buildOptions) => aggregator.aggregate(requested, { ...buildOptions, mayReuse }))
      .then((error) => {
        active.delete(record)
        logEnd(log, record.job, error)
        forgetExpired()
      })
  }

  async function ended(id: string, signal: AbortSignal): Promise<Job> {
    const record = find(id)
    await untilAborted(record.ended, signal)
    return record.job
  }

  return {
    submit,
    keep: (id) => {
      const record = find(id)
      record.addCaller(undefined)
      return record.job
    },
    get: (id) => records.get(id)?.job,
    list: () => {
      forgetExpired()
      return jobs().reverse()
    },
    cancel: async (id) => {
      const record = records.get(id)
      record?.cancel('The job was cancelled')
      await record?.ended
      return record?.job
    },
    ended,
    result: async (id, signal) => untilAborted(find(id).result(), signal),
    events: (id, after = 0) => find(id).events(after),
    subscribe: (listener) => {
      listeners.add(listener)
      return () => void listeners.delete(listener)
    },
    count,
    close: async (deadlineMs) => {
      closing = true
      const cancel = (record: JobRecord) =>
        record.cancel('The job was cancelled: the service is shutting down', 'TTA_CLOSING')
      for (const record of active) if (record.job.state === 'queued') cancel(record)
      const timer = setTimeout(() => {
        for (const record of active) cancel(record)
      }, deadlineMs)
      await Promise.all([...active].map((record) => record.ended))
      clearTimeout(timer)
    },
  }
}

/** The error for a job that never existed, or that ended long ago. */
export const jobNotFound = (id: string) =>
  new TtaError('TTA_NOT_FOUND', `Job ${id} not found (jobs are kept for one hour)`)

/** A job whose submitter does not wait for its result. */
export interface TrackedJob {
  id: string
  /** False: an equal job was queued or running. */
  isNew: boolean
  /** Resolves to whether the job succeeded; never rejects. */
  succeeded: Promise<boolean>
}

/** Submits a job, and reports whether it is new and whether it succeeds. @throws {TtaError} as `Jobs.submit` */
export function submitTracked(jobs: Jobs, parameters: AggregationParameters, origin: JobOrigin): TrackedJob {
  let isNew = false
  const unsubscribe = jobs.subscribe(({ sequence }) => {
    isNew ||= sequence === 1
  })
  try {
    const { id } = jobs.submit(parameters, origin)
    const ended = jobs.ended(id, new AbortController().signal)
    return { id, isNew, succeeded: ended.then(({ state }) => state === 'succeeded') }
  } finally {
    unsubscribe()
  }
}

interface Retention {
  maxEnded: number
  maxEndedSec: number
  /** Unix ms. */
  nowMs: number
}

/** Returns the ended jobs that are too old or too many. @param jobs in the order of submission */
function expired(jobs: readonly Job[], { maxEnded, maxEndedSec, nowMs }: Retention): Job[] {
  const ended = jobs.filter(({ finishedAt }) => finishedAt !== undefined)
  const surplus = ended.length - maxEnded
  return ended.filter(({ finishedAt = '' }, index) => {
    return index < surplus || nowMs - Date.parse(finishedAt) > maxEndedSec * 1000
  })
}

/** Returns the mean duration of the known jobs, between 1 and 60 s. */
function expectedRunSec(jobs: readonly Job[]): number {
  const known = jobs.flatMap(({ startedAt, finishedAt }) =>
    startedAt && finishedAt ? [Date.parse(finishedAt) - Date.parse(startedAt)] : [],
  )
  const totalMs = known.reduce((total, ms) => total + ms, 0)
  return Math.min(60, Math.max(1, Math.ceil(totalMs / Math.max(1, known.length) / 1000)))
}
