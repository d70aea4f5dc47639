import type { GraphDocument } from '../../model/graph-document.ts'
import type { Job } from '../../model/job.ts'
import { type Api, RequestError } from './api.ts'
import { type Comparison, drawnGraph } from './drawn-graph.ts'
import { jobEvents } from './job-events.ts'
import type { GraphEntry, Store } from './state.ts'
import type { TraceLinks } from './trace-links.ts'
import { buildParametersOf, isWhatIsAsked, type View } from './view.ts'

/** What is said of answers that are no failure of tta. */
const refusals: Record<number, string> = { 400: 'Not possible', 404: 'Not found' }

/** What a person can have done: asks tta and keeps what it answers. */
export class Session {
  private readonly api: Api
  private readonly store: Store
  private current = new AbortController()

  constructor(api: Api, store: Store) {
    this.api = api
    this.store = store
  }

  /** Loads what the view asks for, from the list of graphs on. */
  async open(): Promise<void> {
    await this.attempt(
      'Loading the graphs',
      () => this.open(),
      async (signal) => {
        const [links, { graphs }] = await Promise.all([
          this.api.get<TraceLinks>('/page/settings', signal),
          this.api.get<{ graphs: GraphEntry[] }>('/graphs', signal),
        ])
        this.store.change({ links, graphs })
        const view = this.store.state.view
        const name = view.graph ?? graphs[0]?.name
        if (name === undefined) return this.store.change({ shown: undefined })
        this.look({ graph: name })
        await this.load(name, signal)
      },
    )
  }

  /** Loads the graph of the view, and what it is compared with. */
  async show(): Promise<void> {
    const { graph } = this.store.state.view
    if (graph === undefined) return this.open()
    await this.attempt(
      `Loading ${graph}`,
      () => this.show(),
      (signal) => this.load(graph, signal),
    )
  }

  /** Builds the graph of the view anew, stores it, and shows it. */
  async rebuild(): Promise<void> {
    const { view } = this.store.state
    const body = { ...buildParametersOf(view), ...(view.graph === undefined ? {} : { graph: view.graph }) }
    await this.attempt(
      'Building',
      () => this.rebuild(),
      async (signal) => {
        const headers = { prefer: 'respond-async' }
        const response = await this.api.request('/aggregate', { method: 'POST', headers, body, signal })
        const job = await this.follow((await response.json()) as Job, signal)
        if (job.state === 'cancelled') return
        if (job.problem) throw new RequestError(job.problem.status, job.problem.detail, job.problem)
        const { graphs } = await this.api.get<{ graphs: GraphEntry[] }>('/graphs', signal)
        this.store.change({ graphs })
        this.look({ graph: job.graph })
        await this.load(job.graph, signal)
      },
    )
  }

  look(changes: { [Key in keyof View]?: View[Key] | undefined }): void {
    const view = Object.fromEntries(
      Object.entries({ ...this.store.state.view, ...changes }).filter(([, value]) => value !== undefined),
    )
    this.store.change({ view: view as unknown as View })
  }

  /** Notices when a schedule, an alert or somebody else has built the graph anew. */
  async checkForNewer(): Promise<void> {
    const { shown, waiting } = this.store.state
    if (!shown || shown.isPreview || waiting || document.hidden) return
    try {
      const { graphs } = await this.api.get<{ graphs: GraphEntry[] }>('/graphs')
      const stored = graphs.find(({ name }) => name === shown.document.name)
      if (this.store.state.shown !== shown) return
      const newerBuiltAt = stored && stored.builtAt > shown.document.builtAt ? stored.builtAt : undefined
      this.store.change({ graphs, newerBuiltAt })
    } catch {
      // Nothing that a person has asked for: what is shown stays true.
    }
  }

  private async load(name: string, signal: AbortSignal): Promise<void> {
    const { view } = this.store.state
    const { document, isPreview } = await this.graph(name, view, signal)
    let comparison: Comparison | undefined
    if (view.compare !== undefined && !isPreview) {
      const query = new URLSearchParams({ base: view.compare })
      this.wait(`Comparing ${name} with ${view.compare} earlier`)
      comparison = await this.api.get<Comparison>(`/graphs/${name}/diff?${query}`, signal).catch((error) => {
        if (signal.aborted || !(error instanceof RequestError)) throw error
        this.store.change({
          failure: { what: `Not compared with ${view.compare}`, error, retry: () => void this.show() },
        })
        return undefined
      })
    }
    const graph = drawnGraph(comparison ?? document)
    this.store.change({ shown: { document, isPreview, comparison, graph }, newerBuiltAt: undefined })
  }

  /** The stored graph if it was built as the view asks; else one that is built for this page. */
  private async graph(name: string, view: View, signal: AbortSignal) {
    const parameters = buildParametersOf(view)
    const wanted = Object.keys(parameters).length > 0
    const stored = await this.api.get<GraphDocument>(`/graphs/${name}`, signal).catch((error) => {
      if (wanted && error instanceof RequestError && error.status === 404) return undefined
      throw error
    })
    if (stored && isWhatIsAsked(view, stored.summary.parameters))
      return { document: stored, isPreview: false }
    this.wait(`Building a preview of ${name}`)
    const query = new URLSearchParams(parameters)
    const document = await this.api.get<GraphDocument>(`/graphs/${name}?${query}`, signal)
    return { document, isPreview: true }
  }

  private async follow(first: Job, signal: AbortSignal): Promise<Job> {
    let job = first
    const cancel = () => void this.api.request(`/jobs/${first.id}`, { method: 'DELETE' }).catch(() => {})
    const tell = () => this.store.change({ waiting: { what: `Building ${job.graph}`, cancel, job } })
    tell()
    for await (job of jobEvents(this.api, first.id, signal)) tell()
    return job
  }

  private wait(what: string): void {
    const controller = this.current
    this.store.change({ waiting: { what, cancel: () => controller.abort() } })
  }

  /** Does one thing at a time: what went on before is given up. */
  private async attempt(
    what: string,
    retry: () => Promise<void>,
    act: (signal: AbortSignal) => Promise<void>,
  ) {
    this.current.abort()
    const controller = new AbortController()
    this.current = controller
    this.store.change({ failure: undefined })
    this.wait(what)
    try {
      await act(controller.signal)
    } catch (error) {
      if (controller.signal.aborted) return
      const known = error instanceof RequestError ? error : new RequestError(0, String(error))
      const words = refusals[known.status] ?? `${what} failed`
      this.store.change({ failure: { what: words, error: known, retry: () => void retry() } })
    } finally {
      if (this.current === controller) this.store.change({ waiting: undefined })
    }
  }
}
