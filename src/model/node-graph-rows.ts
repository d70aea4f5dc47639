import { type Static, Type } from 'typebox'

const share = (description: string) => Type.Number({ minimum: 0, maximum: 1, description })
const figures = {
  count: Type.Integer({
    minimum: 0,
    description: 'Number of calls; 0 for a node that only calls others from outside the window',
  }),
  adjustedCount: Type.Number({
    minimum: 0,
    description:
      'Estimated number of calls before sampling. Equal to count if spans do not carry their sampling rate',
  }),
  adjustedCountLow: Type.Number({
    minimum: 0,
    description: 'Lower end of the 95 % interval of adjustedCount, at least count',
  }),
  adjustedCountHigh: Type.Number({
    minimum: 0,
    description: 'Upper end of the 95 % interval of adjustedCount',
  }),
  failed: Type.Integer({ minimum: 0, description: 'Number of calls with status ERROR' }),
  adjustedFailed: Type.Number({
    minimum: 0,
    description: 'Estimated number of failed calls before sampling. Equal to failed without a sampling rate',
  }),
  adjustedFailedLow: Type.Number({
    minimum: 0,
    description: 'Lower end of the 95 % interval of adjustedFailed, at least failed',
  }),
  adjustedFailedHigh: Type.Number({
    minimum: 0,
    description: 'Upper end of the 95 % interval of adjustedFailed',
  }),
  slow: Type.Integer({ minimum: 0, description: 'Number of calls above traceThresholdMs that did not fail' }),
  meanMs: Type.Number({ minimum: 0, description: 'Mean duration of a call, ms' }),
  p50Ms: Type.Number({
    minimum: 0,
    description: 'Median duration of a call, ms; relative error at most 1 %',
  }),
  p95Ms: Type.Number({
    minimum: 0,
    description: '95th percentile of the duration, ms; relative error at most 1 %',
  }),
  p99Ms: Type.Number({
    minimum: 0,
    description: '99th percentile of the duration, ms; relative error at most 1 %',
  }),
  perSec: Type.Number({ minimum: 0, description: 'Calls per second of the window' }),
  criticalPathShare: share(
    'Share of the end-to-end time of all traces that was spent here on the critical path',
  ),
}

const sideMs = (description: string) =>
  Type.Union([Type.Number({ minimum: 0 }), Type.Null()], {
    description: `${description}; null if unknown`,
  })
const TraceId = (description: string) =>
  Type.Union([Type.String({ pattern: '^[0-9a-f]{32}$' }), Type.Null()], { description })
const exemplars = {
  exemplars: Type.Object(
    {
      slowest: TraceId('Trace of the longest call'),
      failed: TraceId('Trace of a failed call; null if no call failed'),
      typical: TraceId('Trace of a call with about the median duration'),
    },
    { additionalProperties: false, description: 'Ids of example traces' },
  ),
  traceql: Type.String({ description: 'TraceQL query that finds such calls in Tempo' }),
  traceqlFailed: Type.String({
    description: "TraceQL query that finds the failed calls in Tempo; '' if no call failed",
  }),
}
const traceLinks = {
  detail__trace_slowest: Type.String({ description: 'Trace of the longest call' }),
  detail__trace_failed: Type.String({ description: "Trace of a failed call; '' if no call failed" }),
  detail__trace_typical: Type.String({ description: 'Trace of a call with about the median duration' }),
}

/** A row of the nodes frame of Grafana's Node graph panel, with the same figures as plain numbers for programs. */
export const NodeRow = Type.Object(
  {
    id: Type.String({ description: 'Stable id of the node' }),
    title: Type.String({ description: 'Name of the service, value of the tag, or name of a peer' }),
    subTitle: Type.String({
      description:
        'Span name; for a node without one, its kind. Nodes with the same title add what distinguishes them',
    }),
    mainStat: Type.Number({ description: 'Number of calls' }),
    secondaryStat: Type.Number({ description: 'Mean duration, ms' }),
    arc__failed: share('Share of calls that failed'),
    arc__slow: share('Share of calls that were slow'),
    arc__passed: share('Share of the other calls. The three shares add up to 1'),
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
          'Kind of the node. Peers that send no spans are database, messaging or external. ' +
          'The node user calls the services that start a trace without a known caller. ' +
          'The node other contains several nodes, because of build.max_nodes or maxNodes',
      },
    ),
    detail__named_by: Type.String({
      description: "Attribute that named a node without spans; '' for all other nodes",
    }),
    detail__traffic: Type.String({ description: 'Calls and rate, as text' }),
    detail__latency: Type.String({ description: 'Percentiles of the duration, as text' }),
    detail__critical_path: Type.String({
      description: 'Share of the end-to-end time on the critical path, as text',
    }),
    detail__self_calls: Type.String({
      description: 'Number of calls from the node to itself, as text. No edge shows them',
    }),
    ...traceLinks,
    ...figures,
    selfCalls: Type.Integer({ minimum: 0, description: 'Number of calls from the node to itself' }),
    group: Type.String({
      description: "Group of the node: the most frequent value of groupBy among its spans; '' without one",
    }),
    operation: Type.String({ description: "Span name of an operation; '' for all other nodes" }),
    identity: Type.Unsafe<Record<string, string>>({
      type: 'object',
      additionalProperties: { type: 'string' },
      description:
        'The resource attributes that identify the service, with their values. Of a peer: system, caller (if it runs on the host of its caller), namespace and port, if known',
    }),
    ...exemplars,
  },
  { $id: 'NodeRow', additionalProperties: false },
)
export type NodeRow = Static<typeof NodeRow>

/** A row of the edges frame: the calls from `source` to `target`. */
export const EdgeRow = Type.Object(
  {
    id: Type.String({ description: 'Stable id of the edge' }),
    source: Type.String({ description: 'Id of the caller' }),
    target: Type.String({ description: 'Id of the callee' }),
    mainStat: Type.Number({ description: 'Number of calls' }),
    secondaryStat: Type.Number({ description: 'Mean duration of the callee, ms' }),
    detail__traffic: Type.String({ description: 'Calls and rate, as text' }),
    detail__latency: Type.String({ description: 'Percentiles of the duration, as text' }),
    detail__critical_path: Type.String({
      description: 'Share of the end-to-end time on the critical path, as text',
    }),
    detail__sides: Type.String({
      description:
        "Mean durations at the caller and at the callee and the gap between them, as text; '' if unknown",
    }),
    detail__via: Type.String({
      description:
        "Transparent services that calls passed on their way, separated by commas; '' if there are none",
    }),
    detail__pattern: Type.String({
      description:
        "Unusual call patterns as text: many calls per parent (N+1), retries; '' if there are no such calls",
    }),
    ...traceLinks,
    ...figures,
    clientMeanMs: sideMs("Mean duration of the caller's client or producer spans, ms"),
    serverMeanMs: sideMs("Mean duration of the callee's server or consumer spans, ms"),
    gapMeanMs: sideMs(
      'Mean client duration minus server duration, or mean time between producer end and consumer start, ms',
    ),
    callsPerParent: Type.Union([Type.Number({ minimum: 1 }), Type.Null()], {
      description:
        'Mean number of calls for each parent that makes at least one. A parent is a span, or a request at level service',
    }),
    retries: Type.Integer({
      minimum: 0,
      description: 'Number of calls that started after a call of the same parent had failed',
    }),
    messages: Type.Number({
      minimum: 0,
      description:
        'Number of messages that the calls moved, 0 for calls without messages. A batch that says its size counts with it',
    }),
    ...exemplars,
  },
  { $id: 'EdgeRow', additionalProperties: false },
)
export type EdgeRow = Static<typeof EdgeRow>

/** The rows of a graph. Both ends of every edge are nodes, ids are unique, and rows have a fixed order. */
export interface NodeGraph {
  nodes: NodeRow[]
  edges: EdgeRow[]
}
