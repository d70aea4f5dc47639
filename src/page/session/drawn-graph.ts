import type { Change, EdgeDiff, NodeDiff } from '../../model/diff-rows.ts'
import type { GraphComparison } from '../../model/graph-comparison.ts'
import type { EdgeRow, NodeRow } from '../../model/node-graph-rows.ts'

/** Numbers that nodes and edges are drawn, filtered and sorted by. Vanished ones keep their earlier numbers. */
interface CallStatistics {
  count: number
  failed: number
  slow: number
  p95Ms: number
  /** Only in a comparison. */
  change?: Change
}

export interface DrawnNode extends CallStatistics {
  id: string
  title: string
  subTitle: string
  role: NodeRow['detail__role']
  row: NodeRow | NodeDiff
}

export interface DrawnEdge extends CallStatistics {
  id: string
  source: string
  target: string
  row: EdgeRow | EdgeDiff
}

/** A graph, or a comparison of two graphs, as the page draws it. */
export interface DrawnGraph {
  nodes: DrawnNode[]
  edges: DrawnEdge[]
  nodeById: Map<string, DrawnNode>
  edgeById: Map<string, DrawnEdge>
}

/** Answer of GET /graphs/:name/diff. */
export type Comparison = Omit<GraphComparison, 'nodes' | 'edges'> & { nodes: NodeDiff[]; edges: EdgeDiff[] }

interface Rows {
  nodes: (NodeRow | NodeDiff)[]
  edges: (EdgeRow | EdgeDiff)[]
}

export function toDrawnGraph({ nodes, edges }: Rows): DrawnGraph {
  const drawnNodes = nodes.map((row): DrawnNode => {
    const { id, title, subTitle, detail__role: role } = row
    return { id, title, subTitle, role, row, ...statisticsOf(row) }
  })
  const drawnEdges = edges.map((row): DrawnEdge => {
    const { id, source, target } = row
    return { id, source, target, row, ...statisticsOf(row) }
  })
  return {
    nodes: drawnNodes,
    edges: drawnEdges,
    nodeById: new Map(drawnNodes.map((node) => [node.id, node])),
    edgeById: new Map(drawnEdges.map((edge) => [edge.id, edge])),
  }
}

function statisticsOf(row: NodeRow | EdgeRow | NodeDiff | EdgeDiff): CallStatistics {
  const { count, failed, slow, p95Ms } = row
  if (!('change' in row)) return { count, failed, slow, p95Ms }
  const { change, baseCount, baseFailed, baseSlow, baseP95Ms } = row
  if (change !== 'gone') return { count, failed, slow, p95Ms, change }
  const was = { count: baseCount ?? 0, failed: baseFailed ?? 0, slow: baseSlow ?? 0, p95Ms: baseP95Ms ?? 0 }
  return { ...was, change }
}

/** Returns the name of a node for a line of text. */
export function nameOf({ title, subTitle, role }: Pick<DrawnNode, 'title' | 'subTitle' | 'role'>): string {
  return role === 'operation' ? `${title} · ${subTitle}` : title
}
