import { type Static, Type } from 'typebox'
import { GraphName } from './parameters.ts'
import { AggregationSummary } from './summary.ts'

const { status, builtAt, window, source, traceql, warnings } = AggregationSummary.properties
const closed = { additionalProperties: false }

const Finding = Type.Object(
  {
    kind: Type.String({ description: 'What was found; never changes its meaning' }),
    count: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
      description: 'How many; null: some, and nobody knows how many',
    }),
    unit: Type.Union([Type.Literal('traces'), Type.Literal('spans'), Type.Literal('messages')]),
    severity: Type.Union([Type.Literal('info'), Type.Literal('warning')], {
      description: 'warning: it was found, and the graph shows less for it',
    }),
    meaning: Type.String({ description: 'What such a trace, span or message is' }),
    effect: Type.String({ description: 'What it does to the graph' }),
    examples: Type.Array(Type.String(), { description: 'Ids of up to 20 traces in which it was found' }),
  },
  closed,
)
export type Finding = Static<typeof Finding>

/** What the last build found, and what is missing in its graph. */
export const GraphReport = Type.Object(
  {
    graph: GraphName,
    builtAt,
    status,
    window,
    source,
    traceql,
    verdict: Type.String({ description: 'All of it in a sentence' }),
    unavailable: AggregationSummary.properties.read.properties.unavailable,
    findings: Type.Array(Finding, { description: 'Every kind there is, in a fixed order' }),
    warnings,
  },
  { $id: 'GraphReport', ...closed },
)
export type GraphReport = Static<typeof GraphReport>
