import { StringTable } from '../../../src/graph/columns/string-table.ts'
import type { Graph, GraphNode } from '../../../src/graph/graph.ts'
import { GraphBuilder, type GraphBuilderOptions } from '../../../src/graph/graph-builder.ts'
import { type Exemplars, noExemplars } from '../../../src/graph/totals/exemplars.ts'
import { spanTable, type TestSpan } from './test-spans.ts'

/**
 * A builder that has been given these traces; slow is what takes over 40 ms.
 *
 * @param ids trace ids; 1, 2, 3, ... if left out
 */
export function builderOf(
  traces: TestSpan[][],
  options: Partial<GraphBuilderOptions> = {},
  ids = traces.map((_, index) => index + 1),
): GraphBuilder {
  const builder = new GraphBuilder({ strings: new StringTable(), slowThresholdMs: 40, ...options })
  for (const [index, trace] of traces.entries())
    builder.add(spanTable(builder.strings, ids[index] ?? 0, trace))
  return builder
}

export const graphOf = (...traces: TestSpan[][]): Graph => builderOf(traces).finish()

/** The same graph without the traces that exemplify it. */
export const withoutExemplars = (graph: Graph): Graph => ({
  ...graph,
  nodes: graph.nodes.map((node) => ({ ...node, exemplars: noExemplars })),
  edges: graph.edges.map(({ clockOffset, ...edge }) => ({
    ...edge,
    exemplars: noExemplars,
    ...(clockOffset ? { clockOffset: { ...clockOffset, traceId: null } } : {}),
  })),
})

/** Ids of all traces that a graph names. */
export const exemplarIds = ({ nodes, edges }: Graph): Set<string> =>
  new Set(
    [...nodes, ...edges]
      .flatMap(({ exemplars }) => Object.values(exemplars) as Exemplars[keyof Exemplars][])
      .filter((id) => id !== null),
  )

/** The id of a trace of `builderOf`. */
export const hexTraceId = (traceId: number) => traceId.toString(16).padStart(32, '0')

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
