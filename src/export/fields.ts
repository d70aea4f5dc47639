import type { ExportEdge, ExportGraph, ExportNode, ExportRow } from './export-graph.ts'

/** One field of every row of a table, for CSV and GraphML. */
export interface ExportField<Row> {
  name: string
  type: 'string' | 'integer' | 'number'
  /** Reads the field of a row; null means unknown. */
  value: (row: Row) => string | number | null
}

const number = <Key extends string>(name: Key, type: 'integer' | 'number' = 'number') => {
  return { name, type, value: (row: { [K in Key]: number | null }) => row[name] }
}
const text = <Key extends string>(name: Key) => {
  return { name, type: 'string' as const, value: (row: { [K in Key]: string }) => row[name] }
}
const trace = (name: string, key: keyof ExportRow['exemplars']) => {
  return { name, type: 'string' as const, value: ({ exemplars }: ExportRow) => exemplars[key] }
}

const numbers: ExportField<ExportRow>[] = [
  number('count', 'integer'),
  number('adjustedCount'),
  number('adjustedCountLow'),
  number('adjustedCountHigh'),
  number('failed', 'integer'),
  number('adjustedFailed'),
  number('adjustedFailedLow'),
  number('adjustedFailedHigh'),
  number('slow', 'integer'),
  number('meanMs'),
  number('p50Ms'),
  number('p95Ms'),
  number('p99Ms'),
  number('perSec'),
  number('criticalPathShare'),
]
const traces: ExportField<ExportRow>[] = [
  trace('slowestTrace', 'slowest'),
  trace('failedTrace', 'failed'),
  trace('typicalTrace', 'typical'),
  text('traceql'),
  text('traceqlFailed'),
]

/** All fields of a node except those that only Grafana reads. */
export const nodeFields: ExportField<ExportNode>[] = [
  text('id'),
  text('title'),
  text('subTitle'),
  { name: 'role', type: 'string', value: ({ detail__role }) => detail__role },
  { name: 'group', type: 'string', value: ({ group = '' }) => group },
  { name: 'identity', type: 'string', value: ({ identity = {} }) => identityText(identity) },
  ...numbers,
  number('selfCalls', 'integer'),
  ...traces,
]

/** Returns an identity as text: `service.namespace=shop, service.name=cart`. */
const identityText = (identity: Readonly<Record<string, string>>) =>
  Object.entries(identity)
    .map(([attribute, value]) => `${attribute}=${value}`)
    .join(', ')

/** All fields of an edge except its ends and those that only Grafana reads. */
export const edgeFields: ExportField<ExportEdge>[] = [
  text('id'),
  ...numbers,
  number('clientMeanMs'),
  number('serverMeanMs'),
  number('gapMeanMs'),
  number('callsPerParent'),
  number('retries', 'integer'),
  { name: 'messages', type: 'number', value: ({ messages = 0 }) => messages },
  ...traces,
]

/** Returns the fields for the ends of an edge: id, title and subtitle of each. */
export function edgeEndFields({ nodes }: ExportGraph): ExportField<ExportEdge>[] {
  const byId = new Map(nodes.map((node) => [node.id, node]))
  return (['source', 'target'] as const).flatMap((end): ExportField<ExportEdge>[] => [
    text(end),
    { name: `${end}Title`, type: 'string', value: (edge) => byId.get(edge[end])?.title ?? '' },
    { name: `${end}SubTitle`, type: 'string', value: (edge) => byId.get(edge[end])?.subTitle ?? '' },
  ])
}
