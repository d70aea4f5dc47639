import { type Static, Type } from 'typebox'
import { AggregationParameters, GraphName } from './parameters.ts'

const Count = (description: string) => Type.Integer({ minimum: 0, description })
const closed = { additionalProperties: false }

const Built = Type.Object({ nodes: Count('Number of nodes'), edges: Count('Number of edges') }, closed)

const SinkReports = Type.Array(
  Type.Object(
    {
      sink: Type.String({ description: 'Name of the sink' }),
      state: Type.Union(
        [
          Type.Literal('stored'),
          Type.Literal('cleared'),
          Type.Literal('restored'),
          Type.Literal('failed'),
          Type.Literal('skipped'),
        ],
        {
          description:
            'stored or cleared: the sink has the new graph, which is empty if cleared. ' +
            'After a failed write, restored means that the sink has the previous graph again. ' +
            'After failed, the content of the sink is unknown. Nothing was written if skipped',
        },
      ),
      verified: Type.Boolean({ description: 'The graph was read back from the sink and compared' }),
      attempts: Count('Number of complete writes, including retries'),
      isolatedNodes: Count('Number of nodes without edges, which the sink cannot return'),
      warnings: Type.Array(Type.String()),
      reason: Type.Optional(Type.String({ description: 'Reason for the state restored or failed' })),
    },
    closed,
  ),
)

const Status = Type.Union([Type.Literal('complete'), Type.Literal('partial'), Type.Literal('empty')], {
  description:
    'Status complete: every trace of the window was read. Status partial: some data could not be read, or the graph has none of the ' +
    'existing traces. Status empty: no trace was found',
})

const Window = Type.Object(
  {
    from: Type.String({ format: 'date-time', description: 'Start, inclusive' }),
    to: Type.String({ format: 'date-time', description: 'End, exclusive' }),
    seconds: Type.Number({ exclusiveMinimum: 0, description: 'Length of the window, s' }),
  },
  { ...closed, description: 'The window that was searched, after searchMode was applied' },
)

/** One of the two builds in a comparison. */
export const ComparedBuild = Type.Object(
  {
    builtAt: Type.String({ format: 'date-time' }),
    status: Status,
    window: Window,
    from: Type.Union([Type.Literal('history'), Type.Literal('source')], {
      description: 'history: a stored build; source: read from the trace source for this comparison',
    }),
  },
  closed,
)
export type ComparedBuild = Static<typeof ComparedBuild>

const Changes = Type.Unsafe<Record<string, number>>({
  type: 'object',
  additionalProperties: { type: 'integer', minimum: 0 },
  description: 'Number of rows for each change: new, gone, failing more, slower, and so on',
})

/** The account of one build: its parameters, the data read, the graph built, the result of every sink. */
export const AggregationSummary = Type.Object(
  {
    graph: GraphName,
    status: Status,
    builtAt: Type.String({ format: 'date-time' }),
    parameters: AggregationParameters,
    window: Window,
    source: Type.Union([Type.Literal('tempo'), Type.Literal('embedded')]),
    traceql: Type.Union([Type.String(), Type.Null()], {
      description: 'TraceQL query sent to Tempo; null with the embedded source',
    }),
    read: Type.Object(
      {
        traces: Count('Number of traces in the graph'),
        spans: Count('Number of spans received for these traces'),
        reusedTraces: Type.Optional(
          Count('Number of these traces that an earlier build had read. Only incremental reads have it'),
        ),
        slices: Count('Number of time slices in which the window was read'),
        requests: Count('Number of requests to the trace source, without retries'),
        retries: Count('Number of retries'),
        bytes: Count('Bytes received, after decompression'),
        outsideWindow: Count('Number of traces left out because their first span starts outside the window'),
        beganEarlier: Type.Optional(
          Count('Number of these traces that began before the window and have spans that start in it'),
        ),
        spansLeftOut: Type.Optional(
          Count(
            'Number of spans that start in the window and are not counted, because their trace began earlier',
          ),
        ),
        untimedTraces: Type.Optional(
          Count(
            'Number of traces left out because no span of them has a possible start: they are in no window',
          ),
        ),
        suspects: Count('Number of traces that seemed incomplete and were read again'),
        repaired: Count('Number of suspects that gained spans in the second read'),
        incomplete: Count('Number of traces with missing spans that could not be read'),
        unavailable: Type.Array(Type.String(), {
          description:
            'Span data that the trace source does not provide, as sentences; [] if it provides everything',
        }),
        truncated: Type.Boolean({
          description:
            'Some traces of the window were not read, because of limit or because the source cut off a result',
        }),
      },
      closed,
    ),
    spans: Type.Object(
      {
        counted: Count('Number of spans counted on a node'),
        duplicates: Count('Number of repeated spans, which are skipped'),
        withoutService: Count(
          'Number of spans without service.name, which are skipped. Their children are attached to the nearest ancestor with a service',
        ),
        outsideWindow: Type.Optional(
          Count('With countBy span: number of spans that start outside the window and only say who called'),
        ),
        excluded: Type.Optional(
          Count('Number of spans left out by exclude: spans that match it, and all spans below them'),
        ),
        transparent: Type.Optional(
          Count(
            'Number of spans of transparent services. Their children are attached to the nearest ancestor that is not transparent',
          ),
        ),
        roots: Count('Number of counted spans without a parent'),
        orphans: Count('Number of counted spans whose parent was not received'),
        cycles: Count('Number of counted spans that are their own ancestor'),
        selfCalls: Count('Number of counted spans called from their own node'),
        edgeCalls: Count('Number of counted spans called from another node'),
        skewed: Count('Number of counted spans that end before they start. Their duration counts as 0'),
        untimed: Type.Optional(
          Count(
            'Number of counted spans with an impossible start: 0, before 1971 or after 2099. They take the start of the span above',
          ),
        ),
        unresolvedLinks: Type.Optional(
          Count('At level service: number of messages whose linked producer was not read'),
        ),
        badWeights: Count(
          'Number of counted spans with an invalid sampling rate or pruned-span count, which counts as 1',
        ),
        doubled: Count(
          'At level service: number of counted server spans for a request that another server span recorded as well',
        ),
        unnamedPeers: Count(
          'At level service: number of counted client spans that name no peer and that no span answered',
        ),
      },
      { ...closed, description: 'counted = edgeCalls + selfCalls + roots + orphans + cycles' },
    ),
    built: Built,
    sinks: SinkReports,
    services: Type.Optional(
      Type.Object(
        { graph: GraphName, built: Built, sinks: SinkReports },
        { ...closed, description: 'At level both: the service graph. It also has its own summary' },
      ),
    ),
    comparison: Type.Optional(
      Type.Object(
        {
          base: ComparedBuild,
          nodes: Changes,
          edges: Changes,
          warnings: Type.Array(Type.String(), {
            description: 'Reasons other than the traces themselves why the two builds may differ',
          }),
        },
        {
          ...closed,
          description:
            'Present if compare was set: the number of changes. GET /graphs/:name/diff returns the rows',
        },
      ),
    ),
    phasesMs: Type.Object(
      { read: Type.Number(), build: Type.Number(), publish: Type.Number(), total: Type.Number() },
      { ...closed, description: 'Wall time of each phase, ms. read includes decoding and aggregation' },
    ),
    warnings: Type.Array(Type.String(), { description: 'Warnings for a person, as sentences' }),
  },
  { $id: 'AggregationSummary', additionalProperties: false },
)
export type AggregationSummary = Static<typeof AggregationSummary>
