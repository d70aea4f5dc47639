import type { Job, JobEvent, JobOrigin } from '../../model/job.ts'
import type { AggregationParameters } from '../../model/parameters.ts'
import type { AggregationSummary } from '../../model/summary.ts'

export interface SubmitOptions {
  /**
   * Aborts when who submits no longer wants it. The job is cancelled when all who submitted it have gone; without
   * this nobody's leaving ends it.
   */
  abortSignal?: AbortSignal | undefined
}

/**
 * Runs builds: so many at once, one at a time per graph, first come first served. Equal jobs that have not ended
 * are one job.
 */
export interface Jobs {
  /**
   * @param parameters what is left out comes from the configuration
   * @returns the new job, or the equal one that is queued or running
   * @throws {TtaError} TTA_BAD_REQUEST the parameters; TTA_QUEUE_FULL, with `details.retryAfterSec`
   */
  submit(parameters: AggregationParameters, origin: JobOrigin, options?: SubmitOptions): Job
  /** From now on nobody's leaving ends it. @throws {TtaError} TTA_NOT_FOUND */
  keep(id: string): Job
  /** Also one that has ended, for a while. */
  get(id: string): Job | undefined
  /** Newest first. */
  list(): Job[]
  /** Ends it, and resolves when it has ended: as cancelled, unless its end came first. */
  cancel(id: string): Promise<Job | undefined>
  /** @throws {TtaError} TTA_NOT_FOUND; or the signal's reason: the job goes on */
  ended(id: string, signal: AbortSignal): Promise<Job>
  /** As `ended`. @throws {TtaError} what the job failed with, its cause included */
  result(id: string, signal: AbortSignal): Promise<AggregationSummary>
  /** What happened to it after event `after`: every change of state, and of its progress the last. */
  events(id: string, after?: number): JobEvent[]
  /** @param listener called in the order of events; must not throw */
  subscribe(listener: (event: JobEvent) => void): () => void
  /** How many there are. */
  count(): { queued: number; running: number }
  /** Takes no more, lets those that run end within the deadline, and cancels the others. */
  close(deadlineMs: number): Promise<void>
}
