import type { BaseLogger } from 'pino'
import { TtaError } from '../../base/errors.ts'
import type { Job, JobEvent, JobOrigin, JobProgress } from '../../model/job.ts'
import type { ParameterDefaults } from '../../model/parameters.ts'
import { problemOf } from '../../model/problem.ts'
import type { AggregationSummary } from '../../model/summary.ts'
import type { BuildOptions } from '../aggregation/aggregator.ts'

export interface NewJob {
  id: string
  parameters: ParameterDefaults
  origin: JobOrigin
  /** Equal for jobs with equal parameters. */
  key: string
  /** Unix ms. */
  now: () => number
  onEvent: (event: JobEvent) => void
}

/** Shortest time between two progress events, ms: a read may report every trace. */
const progressEveryMs = 100

/** One job: queued, running, and then ended in one way. */
export class JobRecord {
  readonly key: string
  /** Aborts when the job is cancelled. */
  readonly signal: AbortSignal
  /** Resolves when the job has succeeded, failed or been cancelled. */
  readonly ended: Promise<void>
  private markEnded = () => {}
  private work: Promise<AggregationSummary> | undefined
  private failure: TtaError | undefined
  private readonly controller = new AbortController()
  private readonly now: () => number
  private readonly onEvent: (event: JobEvent) => void
  private readonly callers = new Map<AbortSignal, () => void>()
  private kept = false
  private current: Job
  private states: JobEvent[] = []
  private lastProgress: JobEvent | undefined
  private sequence = 0
  private progressAtMs = Number.NEGATIVE_INFINITY

  constructor({ id, parameters, origin, key, now, onEvent }: NewJob) {
    this.key = key
    this.now = now
    this.onEvent = onEvent
    this.signal = this.controller.signal
    const { graph } = parameters
    this.current = { id, graph, origin, state: 'queued', parameters, createdAt: this.time() }
    this.ended = new Promise((resolve) => {
      this.markEnded = resolve
    })
  }

  get job(): Job {
    return this.current
  }

  /** @param until aborts when the caller has gone; undefined: the job is never cancelled for lack of callers */
  addCaller(until: AbortSignal | undefined): void {
    if (until === undefined) this.kept = true
    else if (!this.callers.has(until)) {
      const gone = () => {
        this.callers.delete(until)
        if (this.callers.size === 0 && !this.kept)
          this.cancel('The job was cancelled: no client waits for it')
      }
      this.callers.set(until, gone)
      until.addEventListener('abort', gone, { once: true })
      // The caller may have gone while the job started.
      if (until.aborted) gone()
    }
  }

  /** @param code TTA_CLOSING: callers may try again */
  cancel(reason: string, code: 'TTA_CANCELLED' | 'TTA_CLOSING' = 'TTA_CANCELLED'): void {
    this.controller.abort(new TtaError(code, reason))
  }

  /**
   * Runs the job to its end.
   *
   * @param build receives the callbacks that report its start and its progress
   * @returns the failure, with its cause; undefined if the job succeeded
   */
  async run(build: (options: BuildOptions) => Promise<AggregationSummary>): Promise<TtaError | undefined> {
    const { signal } = this
    const onStart = () => this.change({ state: 'running', startedAt: this.time() })
    this.emit('state')
    try {
      this.work = build({ signal, onStart, onProgress: (progress) => this.report(progress) })
      const summary = await this.work
      this.end({ state: 'succeeded', summary })
      return undefined
    } catch (reason) {
      const internal = () => new TtaError('TTA_INTERNAL', 'Internal error', { cause: reason })
      const error = reason instanceof TtaError ? reason : internal()
      this.fail(error)
      return error
    }
  }

  /** Waits for the summary. @throws {TtaError} the failure of the job; after its end without the cause */
  async result(): Promise<AggregationSummary> {
    if (this.failure) throw this.failure
    return this.current.summary ?? (this.work as Promise<AggregationSummary>)
  }

  private report(progress: JobProgress): void {
    if (this.current.finishedAt !== undefined) return
    this.current = { ...this.current, progress }
    const nowMs = performance.now()
    if (nowMs - this.progressAtMs < progressEveryMs) return
    this.progressAtMs = nowMs
    this.emit('progress')
  }

  /** Returns the events after event `after`: every change of state, and the last change of progress. */
  events(after: number): JobEvent[] {
    const known = this.lastProgress ? [...this.states, this.lastProgress] : this.states
    return known
      .filter(({ sequence }) => sequence > after)
      .sort((first, second) => first.sequence - second.sequence)
  }

  private fail(error: TtaError): void {
    const { code, message, errors, details } = error
    // Causes may hold whole requests and answers, which would take too much memory.
    this.failure = new TtaError(code, message, { errors, details })
    const state = code === 'TTA_CANCELLED' || code === 'TTA_CLOSING' ? 'cancelled' : 'failed'
    this.end({ state, problem: problemOf(error, `/jobs/${this.current.id}`) })
  }

  private end(changes: Partial<Job>): void {
    this.work = undefined
    for (const [until, gone] of this.callers) until.removeEventListener('abort', gone)
    this.callers.clear()
    this.change({ ...changes, finishedAt: this.time() })
    this.markEnded()
  }

  private change(changes: Partial<Job>): void {
    this.current = { ...this.current, ...changes }
    this.emit('state')
  }

  private emit(type: JobEvent['type']): void {
    const event: JobEvent = { sequence: ++this.sequence, type, job: this.current }
    if (type === 'state') this.states.push(event)
    else this.lastProgress = event
    this.onEvent(event)
  }

  private time(): string {
    return new Date(this.now()).toISOString()
  }
}

/** Logs the end of a job in one line. @param error the failure, with its cause */
export function logEnd(
  log: Pick<BaseLogger, 'info' | 'warn' | 'error'>,
  { id, graph, origin, state, summary }: Job,
  error: TtaError | undefined,
): void {
  const line = { job: id, graph, origin, state }
  if (summary) {
    const { status, read, built, phasesMs } = summary
    log.info({ ...line, status, traces: read.traces, spans: read.spans, ...built, phasesMs }, 'job ended')
  } else if (error?.code === 'TTA_INTERNAL') log.error({ ...line, err: error }, 'job ended')
  else if (state === 'failed') log.warn({ ...line, err: error }, 'job ended')
  else log.info({ ...line, reason: error?.message }, 'job ended')
}
