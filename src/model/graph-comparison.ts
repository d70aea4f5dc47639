import { type Static, Type } from 'typebox'
import { changes, EdgeDiff, NodeDiff } from './diff-rows.ts'
import { GraphName } from './parameters.ts'
import { ComparedBuild } from './summary.ts'

const counts = Object.fromEntries(changes.map((change) => [change, Type.Integer({ minimum: 0 })]))
const Counts = Type.Unsafe<Record<(typeof changes)[number], number>>(Type.Object(counts))

/** Two builds of a graph and their differences. */
export const GraphComparison = Type.Object(
  {
    name: GraphName,
    base: ComparedBuild,
    current: ComparedBuild,
    summary: Type.Object({ nodes: Counts, edges: Counts }, { description: 'Number of rows for each change' }),
    warnings: Type.Array(
      Type.String({ description: 'A reason other than the traces themselves why the two builds may differ' }),
    ),
    nodes: Type.Array(NodeDiff),
    edges: Type.Array(EdgeDiff),
  },
  { $id: 'GraphComparison', additionalProperties: false },
)
export type GraphComparison = Static<typeof GraphComparison>
