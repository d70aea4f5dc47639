import { byId, h } from '../elements/element.ts'
import type { Api } from '../session/api.ts'
import type { Session } from '../session/session.ts'
import type { State, Store } from '../session/state.ts'
import { changesTab } from './changes-tab.ts'
import type { DetailsContext } from './details-context.ts'
import { edgeDetails } from './edge-details.ts'
import { nodeDetails } from './node-details.ts'
import { overviewTab } from './overview-tab.ts'
import { showReport } from './report-tab.ts'

const tabs = { overview: 'Overview', changes: 'Changes', report: 'Report' } as const
type Tab = keyof typeof tabs

/** Sets up the side panel: details of the selection, else the selected tab. */
export function setUpPanel(api: Api, store: Store, session: Session): void {
  const content = byId('panel', HTMLElement)
  store.listen((state, before) => {
    const { view, shown, links } = state
    const unchanged =
      shown === before.shown &&
      links === before.links &&
      (['node', 'edge', 'focus', 'tab'] as const).every((key) => view[key] === before.view[key])
    if (unchanged && content.childElementCount > 0) return
    content.replaceChildren(...parts(state))
    if (view.node !== before.view.node || view.edge !== before.view.edge) content.scrollTop = 0
  })

  function parts(state: State): HTMLElement[] {
    const { shown, view, links } = state
    if (!shown)
      return [
        h(
          'p',
          { class: 'muted hint' },
          'This panel shows a summary of the graph and the details of the node or edge you select.',
        ),
      ]
    const context: DetailsContext = {
      api,
      shown,
      links,
      window: shown.document.summary.window,
      focus: view.focus,
      onNode: (node) => session.changeView({ node, edge: undefined }),
      onEdge: (edge) => session.changeView({ edge, node: undefined }),
      onFocus: (focus) => session.changeView({ focus }),
    }
    const node = view.node === undefined ? undefined : shown.graph.nodeById.get(view.node)
    if (node) return [back(), nodeDetails(node, context)]
    const edge = view.edge === undefined ? undefined : shown.graph.edgeById.get(view.edge)
    if (edge) return [back(), edgeDetails(edge, context)]
    return [tabList(view.tab), tabPanel(view.tab, context, state)]
  }

  function back(): HTMLElement {
    const close = () => session.changeView({ node: undefined, edge: undefined })
    return h('button', { type: 'button', class: 'quiet back', onclick: close }, '← Overview')
  }

  function tabList(current: Tab): HTMLElement {
    const names = Object.keys(tabs) as Tab[]
    const select = (tab: Tab) => {
      session.changeView({ tab })
      document.getElementById(`tab-${tab}`)?.focus()
    }
    const move = (event: KeyboardEvent) => {
      const step = event.key === 'ArrowRight' ? 1 : event.key === 'ArrowLeft' ? -1 : 0
      if (step === 0) return
      event.preventDefault()
      select(names[(names.indexOf(current) + step + names.length) % names.length] ?? current)
    }
    const list = names.map((tab) =>
      h(
        'button',
        {
          type: 'button',
          role: 'tab',
          id: `tab-${tab}`,
          'aria-selected': String(tab === current),
          'aria-controls': 'tab-panel',
          tabindex: tab === current ? 0 : -1,
          onclick: () => select(tab),
        },
        tabs[tab],
      ),
    )
    return h(
      'div',
      { role: 'tablist', class: 'tabs', 'aria-label': 'Graph information', onkeydown: move },
      ...list,
    )
  }

  function tabPanel(tab: Tab, context: DetailsContext, { view }: State): HTMLElement {
    const body = h('div', { role: 'tabpanel', id: 'tab-panel', 'aria-labelledby': `tab-${tab}` })
    if (tab === 'overview') body.append(overviewTab(context))
    else if (tab === 'changes') body.append(changesTab(context))
    else void showReport(body, api, context.shown, view, context)
    return body
  }
}
