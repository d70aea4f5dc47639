import type { GraphDocument } from '../../model/graph-document.ts'
import type { Job } from '../../model/job.ts'
import type { RequestError } from './api.ts'
import type { Comparison, DrawnGraph } from './drawn-graph.ts'
import type { TraceLinks } from './trace-links.ts'
import type { View } from './view.ts'

/** A graph of the list. */
export type GraphEntry = Pick<GraphDocument, 'name' | 'builtAt' | 'summary'>

/** What is on the canvas. */
export interface Shown {
  document: GraphDocument
  /** Built for this page only; the stored graph is another. */
  isPreview: boolean
  comparison: Comparison | undefined
  graph: DrawnGraph
}

/** Something that takes its time. */
export interface Waiting {
  what: string
  cancel: () => void
  /** Where it is a build that is stored. */
  job?: Job
}

/** What went wrong, and what a person can do. */
export interface Failure {
  what: string
  error: RequestError
  retry: (() => void) | undefined
}

/** Everything the page knows. A value: changes make another one. */
export interface State {
  view: View
  /** Undefined: not known yet. */
  graphs: GraphEntry[] | undefined
  shown: Shown | undefined
  waiting: Waiting | undefined
  failure: Failure | undefined
  /** When the stored graph was built, if that is after the one shown. */
  newerBuiltAt: string | undefined
  links: TraceLinks
}

export type Listener = (state: State, before: State) => void

/** Holds the state and tells when it has changed. */
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
