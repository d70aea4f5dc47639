import { type Static, Type } from 'typebox'
import { EdgeRow, NodeRow } from '../grafana/rows.ts'
import { GraphName } from './parameters.ts'
import { AggregationSummary } from './summary.ts'

/** A built graph with the account of how it was built. Never changed once made. */
export const GraphDocument = Type.Object(
  {
    name: GraphName,
    builtAt: Type.String({ format: 'date-time' }),
    summary: AggregationSummary,
    nodes: Type.Array(NodeRow),
    edges: Type.Array(EdgeRow),
  },
  { $id: 'GraphDocument', additionalProperties: false },
)
export type GraphDocument = Static<typeof GraphDocument>
