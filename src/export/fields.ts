import type { ExportEdge, ExportFigures, ExportGraph, ExportNode } from './export-graph.ts'

/** One figure or text of every row. */
export interface ExportField<Row> {
  name: string
  type: 'string' | 'integer' | 'number'
  /** null: nobody knows. */
  value: (row: Row) => string | number | null
}

const number = <Key extends string>(name: Key, type: 'integer' | 'number' = 'number') => {
  return { name, type, value: (row: { [K in Key]: number | null }) => row[name] }
}
const text = <Key extends string>(name: Key) => {
  return { name, type: 'string' as const, value: (row: { [K in Key]: string }) => row[name] }
}
const trace = (name: string, key: keyof ExportFigures['exemplars']) => {
  return { name, type: 'string' as const, value: ({ exemplars }: ExportFigures) => exemplars[key] }
}

const figures: ExportField<ExportFigures>[] = [
  number('count', 'integer'),
  number('adjustedCount'),
  number('failed', 'integer'),
  number('slow', 'integer'),
  number('meanMs'),
  number('p50Ms'),
  number('p95Ms'),
  number('p99Ms'),
  number('perSec'),
  number('criticalPathShare'),
]
const traces: ExportField<ExportFigures>[] = [
  trace('slowestTrace', 'slowest'),
  trace('failedTrace', 'failed'),
  trace('typicalTrace', 'typical'),
  text('traceql'),
]

/** Everything that is known of a node, without what is only there for Grafana. */
export const nodeColumns: ExportField<ExportNode>[] = [
  text('id'),
  text('title'),
  text('subTitle'),
  { name: 'role', type: 'string', value: ({ detail__role }) => detail__role },
  ...figures,
  number('selfCalls', 'integer'),
  ...traces,
]

/** The same of an edge, without its ends. */
export const edgeColumns: ExportField<ExportEdge>[] = [
  text('id'),
  ...figures,
  number('clientMeanMs'),
  number('serverMeanMs'),
  number('gapMeanMs'),
  number('callsPerParent'),
  number('retries', 'integer'),
  ...traces,
]

/** The ends of an edge, by id and as a person calls them. */
export function endColumns({ nodes }: ExportGraph): ExportField<ExportEdge>[] {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  return (['source', 'target'] as const).flatMap((end): ExportField<ExportEdge>[] => [
    text(end),
    { name: `${end}Title`, type: 'string', value: (edge) => byId.get(edge[end])?.title ?? '' },
    { name: `${end}SubTitle`, type: 'string', value: (edge) => byId.get(edge[end])?.subTitle ?? '' },
  ])
}
