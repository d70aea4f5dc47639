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
  /** Jobs of the same key do the same. */
  key: string
  /** Unix ms. */
  now: () => number
  onEvent: (event: JobEvent) => void
}

/** From one report of progress to the next, ms: a read may tell of every trace. */
const progressEveryMs = 100

/** One job and what becomes of it: queued, running, and one end. */
export class JobRecord {
  readonly key: string
  /** Aborts when the job is to end early. */
  readonly signal: AbortSignal
  /** Resolves when the job has ended, however it did. */
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

  /** @param until aborts when the caller has gone; absent: the job is kept whoever goes */
  addCaller(until: AbortSignal | undefined): void {
    if (until === undefined) this.kept = true
    else if (!this.callers.has(until)) {
      const gone = () => {
        this.callers.delete(until)
        if (this.callers.size === 0 && !this.kept) this.cancel('The job was cancelled: nobody waits for it')
      }
      this.callers.set(until, gone)
      until.addEventListener('abort', gone, { once: true })
      // It may have gone while its job began.
      if (until.aborted) gone()
    }
  }

  /** @param code why: TTA_CLOSING says to the callers that they may ask again */
  cancel(reason: string, code: 'TTA_CANCELLED' | 'TTA_CLOSING' = 'TTA_CANCELLED'): void {
    this.controller.abort(new TtaError(code, reason))
  }

  /**
   * Does the work of the job, from the queue to its end.
   *
   * @param build is told how to say that its turn has come, and how far it is
   * @returns what it failed with, cause included
   */
  async run(build: (options: BuildOptions) => Promise<AggregationSummary>): Promise<TtaError | undefined> {
    const { signal } = this
    const onStart = () => this.change({ state: 'running', startedAt: this.time() })
    this.tell('state')
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

  /** What the job gives. @throws {TtaError} what it failed with; once it has ended, without its cause */
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
    this.tell('progress')
  }

  /** What happened after event `after`: every change of state, and of the progress the last. */
  events(after: number): JobEvent[] {
    const known = this.lastProgress ? [...this.states, this.lastProgress] : this.states
    return known
      .filter(({ sequence }) => sequence > after)
      .sort((first, second) => first.sequence - second.sequence)
  }

  private fail(error: TtaError): void {
    const { code, message, errors, details } = error
    // Causes may hold whole requests and answers: too much to keep.
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
    this.tell('state')
  }

  private tell(type: JobEvent['type']): void {
    const event: JobEvent = { sequence: ++this.sequence, type, job: this.current }
    if (type === 'state') this.states.push(event)
    else this.lastProgress = event
    this.onEvent(event)
  }

  private time(): string {
    return new Date(this.now()).toISOString()
  }
}
