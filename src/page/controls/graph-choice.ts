import { byId, h } from '../elements/element.ts'
import { ago } from '../elements/format.ts'
import type { Session } from '../session/session.ts'
import type { State, Store } from '../session/state.ts'

const ageUpdateMs = 10_000

/** Sets up the choice of the graph, with its status and age. */
export function setUpGraphChoice(store: Store, session: Session): void {
  const select = byId('graph', HTMLSelectElement)
  const status = byId('status', HTMLElement)
  select.addEventListener('change', () => {
    // Build parameters, nodes and edges belong to one graph.
    const noParameters = {
      from: undefined,
      to: undefined,
      tag: undefined,
      filter: undefined,
      level: undefined,
    }
    session.changeView({
      ...noParameters,
      graph: select.value,
      focus: undefined,
      node: undefined,
      edge: undefined,
    })
    void session.loadGraph()
  })
  store.listen((state, before) => {
    if (
      state.graphs !== before.graphs ||
      state.view.graph !== before.view.graph ||
      select.options.length === 0
    ) {
      const names = new Set((state.graphs ?? []).map(({ name }) => name))
      if (state.view.graph) names.add(state.view.graph)
      select.replaceChildren(...[...names].sort().map((name) => h('option', { value: name }, name)))
      select.value = state.view.graph ?? ''
      select.disabled = names.size === 0
    }
    showStatus(state)
  })
  setInterval(() => showStatus(store.state), ageUpdateMs)

  function showStatus({ shown, newerBuiltAt }: State): void {
    if (!shown) {
      status.replaceChildren()
      return
    }
    const { summary, builtAt } = shown.document
    const text = shown.isPreview ? 'preview' : summary.status
    const tones = { complete: 'good', partial: 'warn', empty: 'plain' }
    const tone = shown.isPreview ? 'accent' : tones[summary.status]
    const newer =
      newerBuiltAt !== undefined &&
      h(
        'button',
        { type: 'button', class: 'quiet', onclick: () => void session.loadGraph() },
        'Show newer build',
      )
    const title = `Built ${new Date(builtAt).toLocaleString()}`
    const age = h('span', { class: 'muted age', title }, ago(Date.parse(builtAt), Date.now()))
    const parts = [h('span', { class: `badge ${tone}` }, text), newer || age]
    status.replaceChildren(...parts)
  }
}
