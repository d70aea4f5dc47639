import { byId, h } from '../elements/element.ts'
import { ago } from '../elements/format.ts'
import type { Session } from '../session/session.ts'
import type { State, Store } from '../session/state.ts'

const refreshMs = 10_000

/** Which graph, how complete it is and how old. */
export function graphChoice(store: Store, session: Session): void {
  const select = byId('graph', HTMLSelectElement)
  const status = byId('status', HTMLElement)
  select.addEventListener('change', () => {
    // Another graph has other parameters, nodes and edges.
    const nothing = { from: undefined, to: undefined, tag: undefined, filter: undefined, level: undefined }
    session.look({ ...nothing, graph: select.value, focus: undefined, node: undefined, edge: undefined })
    void session.show()
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
    tell(state)
  })
  setInterval(() => tell(store.state), refreshMs)

  function tell({ shown, newerBuiltAt }: State): void {
    if (!shown) {
      status.replaceChildren()
      return
    }
    const { summary, builtAt } = shown.document
    const words = shown.isPreview ? 'preview' : summary.status
    const tones = { complete: 'good', partial: 'warn', empty: 'plain' }
    const tone = shown.isPreview ? 'accent' : tones[summary.status]
    const newer =
      newerBuiltAt !== undefined &&
      h('button', { type: 'button', class: 'quiet', onclick: () => void session.show() }, 'Newer build: show')
    const title = `Built ${new Date(builtAt).toLocaleString()}`
    const age = h('span', { class: 'muted age', title }, ago(Date.parse(builtAt), Date.now()))
    const parts = [h('span', { class: `badge ${tone}` }, words), newer || age]
    status.replaceChildren(...parts)
  }
}
