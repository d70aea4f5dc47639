import type { Api } from '../session/api.ts'
import type { Shown } from '../session/state.ts'
import type { TraceContext } from './traces.ts'

/** What details are shown with, and what can be done from there. */
export interface DetailsContext extends TraceContext {
  api: Api
  shown: Shown
  focus: string | undefined
  onNode: (id: string) => void
  onEdge: (id: string) => void
  onFocus: (id: string | undefined) => void
}
