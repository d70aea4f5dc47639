import type { Graph, GraphNode } from '../../src/graph/graph.ts'
import { GraphBuilder, type GraphBuilderOptions } from '../../src/graph/graph-builder.ts'
import { StringTable } from '../../src/graph/string-table.ts'
import { spanTable, type TestSpan } from './traces.ts'

/** A builder that has been given these traces; slow is what takes over 40 ms. */
export function builderOf(traces: TestSpan[][], options: Partial<GraphBuilderOptions> = {}): GraphBuilder {
  const builder = new GraphBuilder({ strings: new StringTable(), slowThresholdMs: 40, ...options })
  for (const [index, trace] of traces.entries()) builder.add(spanTable(builder.strings, index + 1, trace))
  return builder
}

export const graphOf = (...traces: TestSpan[][]): Graph => builderOf(traces).finish()

/** `service.operation`, short for the operation `op` and for a tag: the title alone. */
const shortName = (node: GraphNode | undefined) =>
  node && node.operation !== 'op' && node.role !== 'tag' ? `${node.title}.${node.operation}` : node?.title

/** Each node as `name count`. */
export const nodesOf = ({ nodes }: Graph) => nodes.map((node) => `${shortName(node)} ${node.count}`)

/** Each edge as `caller > callee count`. */
export const edgesOf = ({ nodes, edges }: Graph) =>
  edges.map(
    ({ source, target, count }) => `${shortName(nodes[source])} > ${shortName(nodes[target])} ${count}`,
  )
