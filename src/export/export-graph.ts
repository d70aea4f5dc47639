/** Fields of nodes and edges alike. */
export interface ExportRow {
  id: string
  /** Calls. */
  count: number
  adjustedCount: number
  adjustedCountLow: number
  adjustedCountHigh: number
  adjustedFailed: number
  adjustedFailedLow: number
  adjustedFailedHigh: number
  failed: number
  slow: number
  meanMs: number
  p50Ms: number
  p95Ms: number
  p99Ms: number
  perSec: number
  criticalPathShare: number
  exemplars: { slowest: string | null; failed: string | null; typical: string | null }
  traceql: string
  traceqlFailed: string
}

export interface ExportNode extends ExportRow {
  title: string
  /** '' if the node has none. */
  subTitle: string
  /** Kind of node: operation, service, database, ... */
  detail__role: string
  /** '' if the node has none; absent in graphs stored before there were groups, as is `identity`. */
  group?: string
  /** The resource attributes that identify the service. */
  identity?: Readonly<Record<string, string>>
  selfCalls: number
}

export interface ExportEdge extends ExportRow {
  /** Id of the calling node. */
  source: string
  /** Id of the called node. */
  target: string
  clientMeanMs: number | null
  serverMeanMs: number | null
  gapMeanMs: number | null
  callsPerParent: number | null
  retries: number
  /** Absent in graphs of earlier versions. */
  messages?: number
}

/** A graph as the export formats read it. Ids are unique, both ends of every edge are nodes, texts are arbitrary. */
export interface ExportGraph {
  name: string
  /** ISO 8601. */
  builtAt: string
  nodes: ExportNode[]
  edges: ExportEdge[]
}
