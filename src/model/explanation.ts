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
    traceId: Type.String(),
    spanId: Type.String(),
    parentSpanId: Type.Union([Type.String(), Type.Null()], { description: 'Null: it names none' }),
    service: Type.String({ description: "'' where the span has no service.name" }),
    name: Type.String(),
    kind: Type.Unsafe<SpanExample['kind']>({ type: 'string', enum: Object.keys(SpanKind) }),
    durationMs: Type.Number({ minimum: 0 }),
    at: Type.String({ format: 'date-time', description: 'Start' }),
    via: Type.Optional(Type.String({ description: 'The node that stands between' })),
  },
  closed,
)

const NearMiss = Type.Object(
  {
    rule: Type.Unsafe<NearMissRule | 'not-in-window'>({
      type: 'string',
      enum: [...nearMissRules, 'not-in-window'],
    }),
    count: Count('Spans; traces where the rule is not-in-window or not-together'),
    meaning: Type.String({ description: 'What was found, and why it makes no call' }),
    via: Type.Array(Type.Object({ node: Type.String(), count: Count('Spans') }, closed), {
      description: 'The nodes that stand between, the most frequent first',
    }),
    examples: Type.Array(Span, { description: 'Up to 20 of these spans' }),
  },
  closed,
)

/** Why there is an edge from one node to another, or none. */
export const Explanation = Type.Object(
  {
    graph: GraphName,
    source: End,
    target: End,
    edge: Type.Union([EdgeRow, Type.Null()], { description: 'The row of the last build' }),
    verdict: Type.String({ description: 'All of it in a sentence or two' }),
    calls: Type.Object(
      {
        count: Count('Calls found now'),
        examples: Type.Array(Span, { description: 'Up to 20 spans that tell of such a call' }),
      },
      closed,
    ),
    nearMisses: Type.Array(NearMiss, {
      description: 'Spans that nearly made a call, the most telling rule first',
    }),
    traces: Type.Object(
      {
        atBuild: Count('Traces in the graph'),
        read: Count('Traces read now'),
        withSource: Count('Traces with a span of the source'),
        withTarget: Count('Traces with a span of the target'),
        withBoth: Count('Traces with both'),
      },
      closed,
    ),
    window,
    warnings: Type.Array(Type.String()),
  },
  { $id: 'Explanation', ...closed },
)
export type Explanation = Static<typeof Explanation>
