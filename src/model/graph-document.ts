import { type Static, Type } from 'typebox'
import type { TraceFault } from '../graph/trace/span-counts.ts'
import type { ClockOffset } from './clock-offset.ts'
import { EdgeRow, NodeRow } from './node-graph-rows.ts'
import { GraphName } from './parameters.ts'
import { AggregationSummary } from './summary.ts'

const Shown = Type.Object(
  {
    nodesInGraph: Type.Integer({ minimum: 0, description: 'Number of nodes in the whole graph' }),
    edgesInGraph: Type.Integer({ minimum: 0, description: 'Number of edges in the whole graph' }),
    focus: Type.Array(Type.String(), {
      description: 'Ids of the nodes that match `focus`; [] without a focus',
    }),
    outsideFocus: Type.Integer({
      minimum: 0,
      description: 'Number of nodes left out because they are too far from the focus',
    }),
    folded: Type.Integer({ minimum: 0, description: 'Number of nodes that were folded' }),
    into: Type.Integer({ minimum: 0, description: 'Number of nodes that the folded nodes were merged into' }),
  },
  {
    additionalProperties: false,
    description: 'The shown part of the graph, if focus or maxNodes limited the response',
  },
)

/** A graph with the summary of its build, as sent to clients. */
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
 * A graph as it is stored. It never changes. Trace examples and clock offsets are stored with the graph, but only the
 * report sends them.
 */
export type GraphDocument = Static<typeof GraphDocument> & {
  traceExamples?: Partial<Record<TraceFault | 'incomplete' | 'beganEarlier' | 'untimedTraces', string[]>>
  clockOffsets?: ClockOffset[]
}
