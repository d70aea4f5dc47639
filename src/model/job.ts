import { type Static, Type } from 'typebox'
import { AggregationParameters, GraphName } from './parameters.ts'
import { Problem } from './problem.ts'
import { AggregationSummary } from './summary.ts'

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
