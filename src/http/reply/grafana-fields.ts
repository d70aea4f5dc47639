import { Type } from 'typebox'
import { EdgeRow, NodeRow } from '../../model/node-graph-rows.ts'

const Field = Type.Object(
  {
    field_name: Type.String(),
    type: Type.Union([Type.Literal('number'), Type.Literal('string')]),
    color: Type.Optional(Type.String()),
    displayName: Type.Optional(Type.String()),
  },
  { additionalProperties: false },
)

/** What the Node Graph API plugin must know of the rows before it reads them. */
export const GrafanaFields = Type.Object(
  { nodes_fields: Type.Array(Field), edges_fields: Type.Array(Field) },
  { additionalProperties: false },
)

const colors: Record<string, string> = {
  arc__failed: 'red',
  arc__slow: '#EAB839',
  arc__passed: 'green',
}

const displayNames: Record<string, string> = {
  mainStat: 'Calls',
  secondaryStat: 'Mean duration, ms',
  arc__failed: 'Failed',
  arc__slow: 'Slow',
  arc__passed: 'Passed',
  detail__role: 'Role',
  detail__source: 'Named by',
  detail__traffic: 'Traffic',
  detail__latency: 'Latency',
  detail__critical_path: 'Critical path',
  detail__sides: 'Both sides',
  detail__pattern: 'Pattern',
  detail__self_calls: 'Calls to itself',
  detail__trace_slowest: 'Slowest trace',
  detail__trace_failed: 'Failed trace',
  detail__trace_typical: 'Typical trace',
  traceql: 'TraceQL',
}

/**
 * Names the panel gives a meaning to, and the query that a data link leads to; rows also carry figures for programs,
 * which the plugin drops.
 */
const panelField = /^(id|title|subTitle|source|target|mainStat|secondaryStat|arc__.+|detail__.+|traceql)$/

/** The same for every graph and every moment: the plugin asks for fields and rows in two calls. */
export const grafanaFields = {
  nodes_fields: fieldsOf(NodeRow.properties),
  edges_fields: fieldsOf(EdgeRow.properties),
}

function fieldsOf(properties: Record<string, unknown>) {
  return Object.entries(properties)
    .filter(([name]) => panelField.test(name))
    .map(([name, schema]) => ({
      field_name: name,
      type: (schema as { type?: unknown }).type === 'number' ? ('number' as const) : ('string' as const),
      ...(colors[name] === undefined ? {} : { color: colors[name] }),
      ...(displayNames[name] === undefined ? {} : { displayName: displayNames[name] }),
    }))
}
