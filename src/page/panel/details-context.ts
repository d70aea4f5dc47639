import type { Api } from '../session/api.ts'
import type { ShownGraph } from '../session/state.ts'
import type { TraceLinks } from '../session/trace-links.ts'

/** Links to Grafana, and the window of the traces. */
export interface TraceContext {
  links: TraceLinks
  window: { from: string; to: string }
}

/** Data and actions for the details of a node or an edge. */
export interface DetailsContext extends TraceContext {
  api: Api
  shown: ShownGraph
  focus: string | undefined
  onNode: (id: string) => void
  onEdge: (id: string) => void
  onFocus: (id: string | undefined) => void
}
