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
  { description: 'succeeded, failed and cancelled are final' },
)
export type JobState = Static<typeof JobState>

/** The origin of a job. A job that further requests join keeps its first origin. */
export const JobOrigin = Type.Union(
  [Type.Literal('request'), Type.Literal('schedule'), Type.Literal('webhook'), Type.Literal('command')],
  {
    description:
      'request: POST /aggregate; schedule: a schedule of the configuration; webhook: an alert; command: the command line',
  },
)
export type JobOrigin = Static<typeof JobOrigin>

export const JobProgress = Type.Object(
  {
    fraction: Type.Number({
      minimum: 0,
      maximum: 1,
      description: 'Share of the window read so far, from 0 to 1',
    }),
    slices: Type.Integer({ minimum: 0, description: 'Number of time slices read' }),
    traces: Type.Integer({ minimum: 0, description: 'Number of traces read' }),
    spans: Type.Integer({ minimum: 0, description: 'Number of spans read' }),
    requests: Type.Integer({ minimum: 0, description: 'Number of requests to the trace source' }),
  },
  closed,
)
export type JobProgress = Static<typeof JobProgress>

/** The state of one build at one moment. The object never changes: a new state is a new object. */
export const Job = Type.Object(
  {
    id: Type.String({ format: 'uuid' }),
    graph: GraphName,
    origin: JobOrigin,
    state: JobState,
    parameters: AggregationParameters,
    createdAt: Time('Time of the request'),
    startedAt: Type.Optional(Time('Start of the build; absent while the job is queued')),
    finishedAt: Type.Optional(Time('End of the build; absent until the job is final')),
    progress: Type.Optional(JobProgress),
    summary: Type.Optional(AggregationSummary),
    problem: Type.Optional(Problem),
  },
  { $id: 'Job', ...closed },
)
export type Job = Static<typeof Job>

/** A change of a job. */
export interface JobEvent {
  /** Number of the event within its job, from 1. */
  sequence: number
  /** `state`: a new job or a changed state. */
  type: 'state' | 'progress'
  /** The job after the change. */
  job: Job
}
