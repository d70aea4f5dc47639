import { type Static, Type } from 'typebox'
import type { TraceFault } from '../graph/trace/span-counts.ts'
import { EdgeRow, NodeRow } from './node-graph-rows.ts'
import { GraphName } from './parameters.ts'
import { AggregationSummary } from './summary.ts'

const Shown = Type.Object(
  {
    nodesInGraph: Type.Integer({ minimum: 0 }),
    edgesInGraph: Type.Integer({ minimum: 0 }),
    focus: Type.Array(Type.String(), { description: 'Ids of the nodes in focus; [] without one' }),
    outsideFocus: Type.Integer({ minimum: 0, description: 'Nodes farther off, left out' }),
    folded: Type.Integer({ minimum: 0, description: 'Nodes of which only sums are left' }),
    into: Type.Integer({ minimum: 0, description: 'Nodes that hold these sums' }),
  },
  {
    additionalProperties: false,
    description: 'Where a part or a smaller graph was asked for: what of the graph is in the answer',
  },
)

/** A built graph with the account of how it was built, as it is sent. */
export const GraphDocument = Type.Object(
  {
    name: GraphName,
    builtAt: Type.String({ format: 'date-time' }),
    summary: AggregationSummary,
    nodes: Type.Array(NodeRow),
    edges: Type.Array(EdgeRow),
    shown: Type.Optional(Shown),
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
