import { type Static, Type } from 'typebox'

const share = (description: string) => Type.Number({ minimum: 0, maximum: 1, description })
const figures = {
  count: Type.Integer({ minimum: 1, description: 'Calls' }),
  adjustedCount: Type.Number({
    minimum: 1,
    description: 'Calls before sampling, as far as spans tell how they were sampled; else as count',
  }),
  failed: Type.Integer({ minimum: 0, description: 'Calls with status ERROR' }),
  slow: Type.Integer({ minimum: 0, description: 'Calls over the threshold that did not fail' }),
  meanMs: Type.Number({ minimum: 0, description: 'Mean duration of a call, ms' }),
  p50Ms: Type.Number({ minimum: 0, description: 'Median duration of a call, ms; within 1 %' }),
  p95Ms: Type.Number({
    minimum: 0,
    description: 'Duration that 95 % of the calls do not exceed, ms; within 1 %',
  }),
  p99Ms: Type.Number({
    minimum: 0,
    description: 'Duration that 99 % of the calls do not exceed, ms; within 1 %',
  }),
  perSec: Type.Number({ minimum: 0, description: 'Calls per second of the window' }),
  criticalPathShare: share('Share of end-to-end time spent here while the whole trace waited for it'),
}

const sideMs = (description: string) =>
  Type.Union([Type.Number({ minimum: 0 }), Type.Null()], {
    description: `${description}; null where no span tells`,
  })
const TraceId = (description: string) =>
  Type.Union([Type.String({ pattern: '^[0-9a-f]{32}$' }), Type.Null()], { description })
const exemplars = {
  exemplars: Type.Object(
    {
      slowest: TraceId('Trace of the longest call'),
      failed: TraceId('Trace of a call that failed; null: none did'),
      typical: TraceId('Trace of a call about as long as the median one'),
    },
    { additionalProperties: false, description: 'Traces in which such a call can be seen' },
  ),
  traceql: Type.String({ description: 'TraceQL that finds more such calls in Tempo' }),
}
const traceLinks = {
  detail__trace_slowest: Type.String({ description: 'Trace of the longest call' }),
  detail__trace_failed: Type.String({ description: "Trace of a call that failed, else ''" }),
  detail__trace_typical: Type.String({ description: 'Trace of a call about as long as the median one' }),
}

/** A row of the nodes frame of Grafana's Node graph panel, and the same figures for programs. */
export const NodeRow = Type.Object(
  {
    id: Type.String(),
    title: Type.String({ description: 'service.name, the value of the tag, or the name of a peer' }),
    subTitle: Type.String({ description: 'Span name; of a node that has none, what it is' }),
    mainStat: Type.Number({ description: 'Calls' }),
    secondaryStat: Type.Number({ description: 'Mean duration, ms' }),
    arc__failed: share('Share of calls that failed'),
    arc__slow: share('Share of calls that were slow'),
    arc__passed: share('The rest; the three add up to 1'),
    detail__role: Type.Union(
      [
        Type.Literal('operation'),
        Type.Literal('tag'),
        Type.Literal('service'),
        Type.Literal('database'),
        Type.Literal('messaging'),
        Type.Literal('external'),
        Type.Literal('user'),
        Type.Literal('other'),
      ],
      {
        description:
          'database, messaging, external and user send no spans: those at the other end name them, all but the user. ' +
          'other: nodes that are drawn as one, because there are more than build.max_nodes',
      },
    ),
    detail__source: Type.String({
      description: "The attribute that named a node which sends no spans, else ''",
    }),
    detail__traffic: Type.String({ description: 'Calls and rate, in words' }),
    detail__latency: Type.String({ description: 'Percentiles of the duration, in words' }),
    detail__critical_path: Type.String({ description: 'Share of end-to-end time, in words' }),
    detail__self_calls: Type.String({ description: 'Calls from the node to itself; no edge shows them' }),
    ...traceLinks,
    ...figures,
    selfCalls: Type.Integer({ minimum: 0 }),
    ...exemplars,
  },
  { $id: 'NodeRow', additionalProperties: false },
)
export type NodeRow = Static<typeof NodeRow>

/** A row of the edges frame: calls from `source` to `target`. */
export const EdgeRow = Type.Object(
  {
    id: Type.String(),
    source: Type.String({ description: 'id of the caller' }),
    target: Type.String({ description: 'id of the callee' }),
    mainStat: Type.Number({ description: 'Calls' }),
    secondaryStat: Type.Number({ description: 'Mean duration of the callee, ms' }),
    detail__traffic: Type.String({ description: 'Calls and rate, in words' }),
    detail__latency: Type.String({ description: 'Percentiles of the duration, in words' }),
    detail__critical_path: Type.String({ description: 'Share of end-to-end time, in words' }),
    detail__sides: Type.String({
      description: "Mean durations on both sides of a call and the gap between, in words; '' where unknown",
    }),
    detail__pattern: Type.String({
      description: "Many calls per parent (N+1) or retries, in words; '' where there is nothing unusual",
    }),
    ...traceLinks,
    ...figures,
    clientMeanMs: sideMs("Mean duration of the caller's client or producer spans, ms"),
    serverMeanMs: sideMs("Mean duration of the callee's own spans, ms"),
    gapMeanMs: sideMs(
      'Mean time between the two, ms: client less server duration, or from producer end to consumer start',
    ),
    callsPerParent: Type.Union([Type.Number({ minimum: 1 }), Type.Null()], {
      description: 'Mean number of calls of a span, or at level service of a request, that makes any',
    }),
    retries: Type.Integer({
      minimum: 0,
      description: 'Calls that began after one of the same parent had failed',
    }),
    ...exemplars,
  },
  { $id: 'EdgeRow', additionalProperties: false },
)
export type EdgeRow = Static<typeof EdgeRow>

/** What Grafana draws: every edge's ends are nodes, ids are unique, rows are in a fixed order. */
export interface NodeGraph {
  nodes: NodeRow[]
  edges: EdgeRow[]
}
