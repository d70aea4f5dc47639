/** What forms show of nodes and edges alike. */
export interface ExportFigures {
  id: string
  /** Calls. */
  count: number
  adjustedCount: number
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
}

export interface ExportNode extends ExportFigures {
  title: string
  /** '' where there is none. */
  subTitle: string
  /** What it is: operation, service, database, ... */
  detail__role: string
  selfCalls: number
}

export interface ExportEdge extends ExportFigures {
  /** Ids of nodes. */
  source: string
  target: string
  clientMeanMs: number | null
  serverMeanMs: number | null
  gapMeanMs: number | null
  callsPerParent: number | null
  retries: number
}

/** A graph as forms take it: ids are unique, every edge's ends are nodes. Texts may hold anything. */
export interface ExportGraph {
  name: string
  /** ISO 8601. */
  builtAt: string
  nodes: ExportNode[]
  edges: ExportEdge[]
}
