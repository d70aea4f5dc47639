import type { GraphDocument } from '../../model/graph-document.ts'
import type { Job } from '../../model/job.ts'
import { type Api, RequestError } from './api.ts'
import { type Comparison, toDrawnGraph } from './drawn-graph.ts'
import { jobEvents } from './job-events.ts'
import type { GraphEntry, Store } from './state.ts'
import type { TraceLinks } from './trace-links.ts'
import { buildParametersOf, matchesBuild, type View } from './view.ts'

/** Headings for requests that cannot succeed as they are. */
const refusals: Record<number, string> = { 400: 'Invalid request', 404: 'Not found' }

/** The actions of the page: sends requests to tta and stores the answers in the state. */
export class Session {
  private readonly api: Api
  private readonly store: Store
  private current = new AbortController()

  constructor(api: Api, store: Store) {
    this.api = api
    this.store = store
  }

  /** Loads the list of graphs, then the graph of the view. */
  async open(): Promise<void> {
    await this.runAction(
      'Loading graphs',
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
        this.changeView({ graph: name })
        await this.fetchAndShow(name, signal)
      },
    )
  }

  /** Loads the graph of the view and its comparison. */
  async loadGraph(): Promise<void> {
    const { graph } = this.store.state.view
    if (graph === undefined) return this.open()
    await this.runAction(
      `Loading ${graph}`,
      () => this.loadGraph(),
      (signal) => this.fetchAndShow(graph, signal),
    )
  }

  /** Builds and stores the graph of the view, then shows it. */
  async rebuild(): Promise<void> {
    const { view } = this.store.state
    const body = { ...buildParametersOf(view), ...(view.graph === undefined ? {} : { graph: view.graph }) }
    await this.runAction(
      'Building',
      () => this.rebuild(),
      async (signal) => {
        const headers = { prefer: 'respond-async' }
        const response = await this.api.request('/aggregate', { method: 'POST', headers, body, signal })
        const job = await this.followJob((await response.json()) as Job, signal)
        if (job.state === 'cancelled') return
        if (job.problem) throw new RequestError(job.problem.status, job.problem.detail, job.problem)
        const { graphs } = await this.api.get<{ graphs: GraphEntry[] }>('/graphs', signal)
        this.store.change({ graphs })
        this.changeView({ graph: job.graph })
        await this.fetchAndShow(job.graph, signal)
      },
    )
  }

  /** Changes the view. An undefined value removes the key. */
  changeView(changes: { [Key in keyof View]?: View[Key] | undefined }): void {
    const view = Object.fromEntries(
      Object.entries({ ...this.store.state.view, ...changes }).filter(([, value]) => value !== undefined),
    )
    this.store.change({ view: view as unknown as View })
  }

  /** Checks whether a newer build of the graph has been stored by a schedule, an alert or another user. */
  async checkForNewer(): Promise<void> {
    const { shown, activity } = this.store.state
    if (!shown || shown.isPreview || activity || document.hidden) return
    try {
      const { graphs } = await this.api.get<{ graphs: GraphEntry[] }>('/graphs')
      const stored = graphs.find(({ name }) => name === shown.document.name)
      if (this.store.state.shown !== shown) return
      const newerBuiltAt = stored && stored.builtAt > shown.document.builtAt ? stored.builtAt : undefined
      this.store.change({ graphs, newerBuiltAt })
    } catch {
      // The user did not start this check, and the graph on the page stays valid.
    }
  }

  private async fetchAndShow(name: string, signal: AbortSignal): Promise<void> {
    const { view } = this.store.state
    const { document, isPreview } = await this.fetchGraph(name, view, signal)
    let comparison: Comparison | undefined
    if (view.compare !== undefined && !isPreview) {
      const query = new URLSearchParams({ base: view.compare })
      this.announce(`Comparing ${name} with ${view.compare} earlier`)
      comparison = await this.api.get<Comparison>(`/graphs/${name}/diff?${query}`, signal).catch((error) => {
        if (signal.aborted || !(error instanceof RequestError)) throw error
        this.store.change({
          failure: {
            what: `Comparison with ${view.compare} earlier failed`,
            error,
            retry: () => void this.loadGraph(),
          },
        })
        return undefined
      })
    }
    const graph = toDrawnGraph(comparison ?? document)
    this.store.change({ shown: { document, isPreview, comparison, graph }, newerBuiltAt: undefined })
  }

  /** Fetches the stored graph if its build parameters match the view, else builds a preview. */
  private async fetchGraph(name: string, view: View, signal: AbortSignal) {
    const parameters = buildParametersOf(view)
    const hasParameters = Object.keys(parameters).length > 0
    const stored = await this.api.get<GraphDocument>(`/graphs/${name}`, signal).catch((error) => {
      if (hasParameters && error instanceof RequestError && error.status === 404) return undefined
      throw error
    })
    if (stored && matchesBuild(view, stored.summary.parameters)) return { document: stored, isPreview: false }
    this.announce(`Building a preview of ${name}`)
    const query = new URLSearchParams(parameters)
    const document = await this.api.get<GraphDocument>(`/graphs/${name}?${query}`, signal)
    return { document, isPreview: true }
  }

  private async followJob(first: Job, signal: AbortSignal): Promise<Job> {
    let job = first
    const cancel = () => void this.api.request(`/jobs/${first.id}`, { method: 'DELETE' }).catch(() => {})
    const update = () => this.store.change({ activity: { what: `Building ${job.graph}`, cancel, job } })
    update()
    for await (job of jobEvents(this.api, first.id, signal)) update()
    return job
  }

  private announce(what: string): void {
    const controller = this.current
    this.store.change({ activity: { what, cancel: () => controller.abort() } })
  }

  /** Runs one action at a time; aborts the previous one. */
  private async runAction(
    what: string,
    retry: () => Promise<void>,
    act: (signal: AbortSignal) => Promise<void>,
  ) {
    this.current.abort()
    const controller = new AbortController()
    this.current = controller
    this.store.change({ failure: undefined })
    this.announce(what)
    try {
      await act(controller.signal)
    } catch (error) {
      if (controller.signal.aborted) return
      const requestError = error instanceof RequestError ? error : new RequestError(0, String(error))
      const heading = refusals[requestError.status] ?? `${what} failed`
      this.store.change({ failure: { what: heading, error: requestError, retry: () => void retry() } })
    } finally {
      if (this.current === controller) this.store.change({ activity: undefined })
    }
  }
}
