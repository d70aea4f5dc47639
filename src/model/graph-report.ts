import { type Static, Type } from 'typebox'
import { ClockOffset } from './clock-offset.ts'
import { GraphName } from './parameters.ts'
import { AggregationSummary } from './summary.ts'

const { status, builtAt, window, source, traceql, warnings } = AggregationSummary.properties
const closed = { additionalProperties: false }

const Finding = Type.Object(
  {
    kind: Type.String({ description: 'Stable identifier of the finding' }),
    count: Type.Union([Type.Integer({ minimum: 0 }), Type.Null()], {
      description: 'Number of traces, spans, calls or messages; null if the number is unknown',
    }),
    unit: Type.Union([
      Type.Literal('traces'),
      Type.Literal('spans'),
      Type.Literal('calls'),
      Type.Literal('messages'),
    ]),
    severity: Type.Union([Type.Literal('info'), Type.Literal('warning')], {
      description: 'warning: it was found, and the graph shows less because of it',
    }),
    meaning: Type.String({ description: 'Definition of such a trace, span or message' }),
    effect: Type.String({ description: 'Effect on the graph' }),
    examples: Type.Array(Type.String(), { description: 'Ids of up to 20 traces with this finding' }),
    offsets: Type.Optional(
      Type.Array(ClockOffset, {
        description: 'Of clockOffsets: the pairs of services, at most 20, with the most early calls first',
      }),
    ),
  },
  closed,
)
export type Finding = Static<typeof Finding>

/** The findings of a build: incomplete, missing or unusual data, and its effect on the graph. */
export const GraphReport = Type.Object(
  {
    graph: GraphName,
    builtAt,
    status,
    window,
    source,
    traceql,
    verdict: Type.String({ description: 'Summary of the report, in one sentence' }),
    unavailable: AggregationSummary.properties.read.properties.unavailable,
    findings: Type.Array(Finding, { description: 'One finding of every kind, in a fixed order' }),
    warnings,
  },
  { $id: 'GraphReport', ...closed },
)
export type GraphReport = Static<typeof GraphReport>
