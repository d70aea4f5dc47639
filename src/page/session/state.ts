import type { GraphDocument } from '../../model/graph-document.ts'
import type { Job } from '../../model/job.ts'
import type { RequestError } from './api.ts'
import type { Comparison, DrawnGraph } from './drawn-graph.ts'
import type { TraceLinks } from './trace-links.ts'
import type { View } from './view.ts'

/** An entry of the list of graphs. */
export type GraphEntry = Pick<GraphDocument, 'name' | 'builtAt' | 'summary'>

/** The graph on the canvas. */
export interface ShownGraph {
  document: GraphDocument
  /** Whether it was built only for this page, not stored. */
  isPreview: boolean
  comparison: Comparison | undefined
  graph: DrawnGraph
}

/** An action in progress. */
export interface Activity {
  what: string
  cancel: () => void
  /** Present while a graph is built and stored. */
  job?: Job
}

/** A failed action, shown to the user. */
interface Failure {
  what: string
  error: RequestError
  retry: (() => void) | undefined
}

/** The state of the page. Immutable: a change creates a new state. */
export interface State {
  view: View
  /** undefined until they are loaded. */
  graphs: GraphEntry[] | undefined
  shown: ShownGraph | undefined
  activity: Activity | undefined
  failure: Failure | undefined
  /** Build time of the stored graph, if it is newer than the shown graph. */
  newerBuiltAt: string | undefined
  links: TraceLinks
}

export type Listener = (state: State, before: State) => void

/** Holds the state and notifies listeners of changes. */
export class Store {
  private current: State
  private readonly listeners: Listener[] = []

  constructor(first: State) {
    this.current = first
  }

  get state(): State {
    return this.current
  }

  change(changes: Partial<State>): void {
    const before = this.current
    this.current = { ...before, ...changes }
    for (const listener of this.listeners) listener(this.current, before)
  }

  listen(listener: Listener): void {
    this.listeners.push(listener)
    listener(this.current, this.current)
  }
}
