import { type Static, Type } from 'typebox'
import { type NearMissRule, nearMissRules, type SpanExample } from '../graph/explain/near-misses.ts'
import { SpanKind } from '../graph/spans/span-table.ts'
import { EdgeRow, NodeRow } from './node-graph-rows.ts'
import { GraphName } from './parameters.ts'
import { AggregationSummary } from './summary.ts'

const { window } = AggregationSummary.properties
const { id, title, subTitle, detail__role: role } = NodeRow.properties
const Count = (description: string) => Type.Integer({ minimum: 0, description })
const closed = { additionalProperties: false }

const End = Type.Object({ id, title, subTitle, role }, closed)

const Span = Type.Object(
  {
    traceId: Type.String({ description: 'Trace id, hexadecimal' }),
    spanId: Type.String({ description: 'Span id, hexadecimal' }),
    parentSpanId: Type.Union([Type.String(), Type.Null()], {
      description: 'Id of the parent span; null for a root span',
    }),
    service: Type.String({ description: "service.name; '' if the span has none" }),
    name: Type.String({ description: 'Span name' }),
    kind: Type.Unsafe<SpanExample['kind']>({ type: 'string', enum: Object.keys(SpanKind) }),
    durationMs: Type.Number({ minimum: 0, description: 'Duration, ms' }),
    at: Type.String({ format: 'date-time', description: 'Start of the span' }),
    via: Type.Optional(Type.String({ description: 'The node between the caller and the callee' })),
  },
  closed,
)

const NearMiss = Type.Object(
  {
    rule: Type.Unsafe<NearMissRule | 'not-in-window'>({
      type: 'string',
      enum: [...nearMissRules, 'not-in-window'],
    }),
    count: Count('Number of spans; number of traces for the rules not-in-window and not-together'),
    meaning: Type.String({ description: 'Description of the spans, and the reason why they are not a call' }),
    via: Type.Array(Type.Object({ node: Type.String(), count: Count('Number of spans') }, closed), {
      description: 'The nodes between the caller and the callee, most frequent first',
    }),
    examples: Type.Array(Span, { description: 'Up to 20 of these spans' }),
  },
  closed,
)

/** The reasons why there is or is not an edge between two nodes. */
export const Explanation = Type.Object(
  {
    graph: GraphName,
    source: End,
    target: End,
    edge: Type.Union([EdgeRow, Type.Null()], {
      description: 'The edge in the last build; null if the nodes have no edge',
    }),
    verdict: Type.String({ description: 'Summary of the explanation, in one or two sentences' }),
    calls: Type.Object(
      {
        count: Count('Number of calls found now'),
        examples: Type.Array(Span, { description: 'Up to 20 spans of these calls' }),
      },
      closed,
    ),
    nearMisses: Type.Array(NearMiss, {
      description: 'Groups of spans that are almost a call, most relevant rule first',
    }),
    traces: Type.Object(
      {
        atBuild: Count('Number of traces in the graph of the last build'),
        read: Count('Number of traces read now'),
        withSource: Count('Number of traces with a span of the caller'),
        withTarget: Count('Number of traces with a span of the callee'),
        withBoth: Count('Number of traces with both'),
      },
      closed,
    ),
    window,
    warnings: Type.Array(Type.String()),
  },
  { $id: 'Explanation', ...closed },
)
export type Explanation = Static<typeof Explanation>
