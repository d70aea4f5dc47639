import { type Static, Type } from 'typebox'
import { AggregationParameters, GraphName } from './parameters.ts'

const Count = (description: string) => Type.Integer({ minimum: 0, description })
const closed = { additionalProperties: false }

const Built = Type.Object({ nodes: Count('Nodes'), edges: Count('Edges') }, closed)

const SinkReports = Type.Array(
  Type.Object(
    {
      sink: Type.String(),
      state: Type.Union([
        Type.Literal('stored'),
        Type.Literal('cleared'),
        Type.Literal('restored'),
        Type.Literal('failed'),
        Type.Literal('skipped'),
      ]),
      verified: Type.Boolean(),
      attempts: Count('Whole writes that were tried'),
      isolatedNodes: Count('Nodes the sink cannot give back because no edge touches them'),
      warnings: Type.Array(Type.String()),
      reason: Type.Optional(Type.String()),
    },
    closed,
  ),
)

const Status = Type.Union([Type.Literal('complete'), Type.Literal('partial'), Type.Literal('empty')], {
  description: 'partial: something that exists could not be read; empty: the search found nothing',
})

const Window = Type.Object(
  {
    from: Type.String({ format: 'date-time' }),
    to: Type.String({ format: 'date-time', description: 'Exclusive' }),
    seconds: Type.Number({ exclusiveMinimum: 0 }),
  },
  { ...closed, description: 'The window that was really searched' },
)

/** A build that another is compared with. */
export const ComparedBuild = Type.Object(
  {
    builtAt: Type.String({ format: 'date-time' }),
    status: Status,
    window: Window,
    from: Type.Union([Type.Literal('history'), Type.Literal('source')], {
      description: 'history: a build that was kept; source: read for this comparison',
    }),
  },
  closed,
)
export type ComparedBuild = Static<typeof ComparedBuild>

const Changes = Type.Unsafe<Record<string, number>>({
  type: 'object',
  additionalProperties: { type: 'integer', minimum: 0 },
  description: 'How many of each change: new, gone, slower, failing more, ...',
})

/** What one build did: asked, read, built, handed on. */
export const AggregationSummary = Type.Object(
  {
    graph: GraphName,
    status: Status,
    builtAt: Type.String({ format: 'date-time' }),
    parameters: AggregationParameters,
    window: Window,
    source: Type.Union([Type.Literal('tempo'), Type.Literal('embedded')]),
    traceql: Type.Union([Type.String(), Type.Null()], { description: 'What was sent to Tempo' }),
    read: Type.Object(
      {
        traces: Count('Traces in the graph'),
        spans: Count('Spans of these traces as received'),
        reusedTraces: Type.Optional(
          Count('In a refresh: of these, traces that an earlier build had read, too old to change'),
        ),
        slices: Count('Time slices the window was read in'),
        requests: Count('Requests to the source, retries not included'),
        retries: Count('Requests that were repeated'),
        bytes: Count('Bytes received, after decompression'),
        outsideWindow: Count('Traces left out: their earliest span starts outside the window'),
        suspects: Count('Traces that looked incomplete and were looked up again'),
        repaired: Count('Suspects of which more spans were found'),
        incomplete: Count('Traces known to lack spans that could not be had'),
        unavailable: Type.Array(Type.String(), {
          description: 'What the source cannot tell of spans, in plain words; [] where it tells all',
        }),
        truncated: Type.Boolean({
          description: 'Traces exist that were not read: limit reached, or cut off',
        }),
      },
      closed,
    ),
    spans: Type.Object(
      {
        counted: Count('On a node'),
        duplicates: Count('Repetitions, skipped'),
        withoutService: Count(
          'Without service.name, skipped: their children hang on the nearest named ancestor',
        ),
        roots: Count('Counted spans without a parent'),
        orphans: Count('Counted spans whose parent never arrived'),
        cycles: Count('Counted spans that are their own ancestor'),
        selfCalls: Count('Counted spans called from their own node'),
        edgeCalls: Count('Counted spans called from another node'),
        skewed: Count('Counted spans that end before they start: duration taken as 0'),
        unresolvedLinks: Type.Optional(
          Count('At level service: messages linked to a producer that was not read'),
        ),
        badWeights: Count('Counted spans whose sampling or pruning is no possible number: taken as 1'),
      },
      { ...closed, description: 'counted = edgeCalls + selfCalls + roots + orphans + cycles' },
    ),
    built: Built,
    sinks: SinkReports,
    services: Type.Optional(
      Type.Object(
        { graph: GraphName, built: Built, sinks: SinkReports },
        { ...closed, description: 'At level both: the service graph, which has a summary of its own' },
      ),
    ),
    comparison: Type.Optional(
      Type.Object(
        {
          base: ComparedBuild,
          nodes: Changes,
          edges: Changes,
          warnings: Type.Array(Type.String(), { description: 'Why the two may differ besides' }),
        },
        {
          ...closed,
          description: 'Where one was asked for: what differs; GET /graphs/:name/diff has the rows',
        },
      ),
    ),
    phasesMs: Type.Object(
      { read: Type.Number(), build: Type.Number(), publish: Type.Number(), total: Type.Number() },
      { ...closed, description: 'Wall time; decoding and adding up are part of read' },
    ),
    warnings: Type.Array(Type.String(), { description: 'What a person should know, in plain words' }),
  },
  { $id: 'AggregationSummary', additionalProperties: false },
)
export type AggregationSummary = Static<typeof AggregationSummary>
