import { randomUUID } from 'node:crypto'
import type { BaseLogger } from 'pino'
import { untilAborted } from '../../base/async.ts'
import { queueFull, TtaError } from '../../base/errors.ts'
import type { Job, JobEvent, JobOrigin } from '../../model/job.ts'
import type { AggregationParameters } from '../../model/parameters.ts'
import type { Aggregator } from '../aggregation/aggregator.ts'
import { parametersKey } from '../aggregation/request.ts'
import { JobRecord } from './job-record.ts'
import type { Jobs, SubmitOptions } from './jobs.ts'
import { logJob } from './log-job.ts'
import { runSec, tooOld } from './retention.ts'

export interface JobsOptions {
  aggregator: Pick<Aggregator, 'complete' | 'aggregate'>
  /** Jobs that wait for their turn; one more is refused. */
  maxQueued: number
  /** Jobs that can be asked for after their end. @default 500 */
  maxEnded?: number
  /** How long they can, s. @default 3600 */
  maxEndedSec?: number
  /** Unix ms. */
  now: () => number
  log: Pick<BaseLogger, 'info' | 'warn' | 'error'>
}

/** The aggregator says whose turn it is; this keeps the account of what was asked for and how it ended. */
export function createJobs(options: JobsOptions): Jobs {
  const { aggregator, maxQueued, maxEnded = 500, maxEndedSec = 3600, now, log } = options
  /** In the order they were asked for. */
  const records = new Map<string, JobRecord>()
  const active = new Set<JobRecord>()
  const listeners = new Set<(event: JobEvent) => void>()
  let closing = false

  const onEvent = (event: JobEvent) => {
    for (const listener of listeners) listener(event)
  }

  const find = (id: string): JobRecord => {
    const record = records.get(id)
    if (record === undefined) throw new TtaError('TTA_NOT_FOUND', `There is no job ${id}, or no longer`)
    return record
  }

  const count = () => {
    const running = [...active].filter(({ job }) => job.state === 'running').length
    return { running, queued: active.size - running }
  }

  const jobs = () => [...records.values()].map(({ job }) => job)

  function forgetOld(): void {
    for (const { id } of tooOld(jobs(), { maxEnded, maxEndedSec, nowMs: now() })) records.delete(id)
  }

  function submit(asked: AggregationParameters, origin: JobOrigin, { abortSignal }: SubmitOptions = {}): Job {
    abortSignal?.throwIfAborted()
    const parameters = aggregator.complete(asked)
    const key = parametersKey(parameters)
    // What is about to be cancelled gives no result to share.
    let record = [...active].find((other) => other.key === key && !other.signal.aborted)
    if (record === undefined) {
      if (closing) throw new TtaError('TTA_CLOSING', 'The service is about to end and takes no more jobs')
      if (count().queued >= maxQueued) throw queueFull('jobs', maxQueued, runSec(jobs()))
      record = new JobRecord({ id: randomUUID(), parameters, origin, key, now, onEvent })
      begin(record, asked)
    }
    record.addCaller(abortSignal)
    return record.job
  }

  function begin(record: JobRecord, asked: AggregationParameters): void {
    // Who asks for a graph wants it read; who keeps one up to date wants it cheap.
    const mayReuse = record.job.origin === 'schedule' || record.job.origin === 'webhook'
    records.set(record.job.id, record)
    active.add(record)
    void record
      .run((buildOptions) => aggregator.aggregate(asked, { ...buildOptions, mayReuse }))
      .then((error) => {
        active.delete(record)
        logJob(log, record.job, error)
        forgetOld()
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
      forgetOld()
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
        record.cancel('The job was cancelled: the service ends', 'TTA_CLOSING')
      for (const record of active) if (record.job.state === 'queued') cancel(record)
      const timer = setTimeout(() => {
        for (const record of active) cancel(record)
      }, deadlineMs)
      await Promise.all([...active].map((record) => record.ended))
      clearTimeout(timer)
    },
  }
}
