import { type Static, Type } from 'typebox'
import { AggregationParameters, GraphName } from '../model/parameters.ts'
import { Problem } from '../model/problem.ts'
import { AggregationSummary } from '../model/summary.ts'

const closed = { additionalProperties: false }
const Time = (description: string) => Type.String({ format: 'date-time', description })

export const JobState = Type.Union(
  [
    Type.Literal('queued'),
    Type.Literal('running'),
    Type.Literal('succeeded'),
    Type.Literal('failed'),
    Type.Literal('cancelled'),
  ],
  { description: 'The last three are final' },
)
export type JobState = Static<typeof JobState>

/** Who had it begun. A job that others join keeps the origin of the first. */
export const JobOrigin = Type.Union([
  Type.Literal('request'),
  Type.Literal('schedule'),
  Type.Literal('webhook'),
  Type.Literal('command'),
])
export type JobOrigin = Static<typeof JobOrigin>

export const JobProgress = Type.Object(
  {
    fraction: Type.Number({ minimum: 0, maximum: 1, description: 'Share of the window that has been read' }),
    slices: Type.Integer({ minimum: 0, description: 'Time slices read' }),
    traces: Type.Integer({ minimum: 0 }),
    spans: Type.Integer({ minimum: 0 }),
    requests: Type.Integer({ minimum: 0, description: 'Requests to the source' }),
  },
  closed,
)
export type JobProgress = Static<typeof JobProgress>

/** One build, from being asked for to its end. A value that never changes: what comes next is another one. */
export const Job = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    graph: GraphName,
    origin: JobOrigin,
    state: JobState,
    parameters: AggregationParameters,
    createdAt: Time('When it was asked for'),
    startedAt: Type.Optional(Time('When its turn came')),
    finishedAt: Type.Optional(Time('When it ended, however it did')),
    progress: Type.Optional(JobProgress),
    summary: Type.Optional(AggregationSummary),
    problem: Type.Optional(Problem),
  },
  { $id: 'Job', ...closed },
)
export type Job = Static<typeof Job>

/** Something that happened to a job. */
export interface JobEvent {
  /** 1, 2, ... within the job. */
  sequence: number
  /** `state`: the state changed, or the job is new. */
  type: 'state' | 'progress'
  /** As it was then. */
  job: Job
}

export interface SubmitOptions {
  /**
   * Aborts when who submits no longer wants it. The job is cancelled when all who submitted it have gone; without
   * this nobody's leaving ends it.
   */
  wantedUntil?: AbortSignal | undefined
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
