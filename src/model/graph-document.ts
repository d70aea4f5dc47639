import { type Static, Type } from 'typebox'
import { EdgeRow, NodeRow } from '../grafana/rows.ts'
import type { TraceFault } from '../graph/trace-examples.ts'
import { GraphName } from './parameters.ts'
import { AggregationSummary } from './summary.ts'

/** A built graph with the account of how it was built, as it is sent. */
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

/**
 * A built graph as it is kept; never changed once made. The ids of examples stay with the graph they are about, also
 * in a store, but are sent with its report only: who draws the graph has no use for them.
 */
export type GraphDocument = Static<typeof GraphDocument> & {
  traceExamples?: Partial<Record<TraceFault | 'incomplete', string[]>>
}
