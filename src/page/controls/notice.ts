import { byId, h } from '../elements/element.ts'
import { filterGraph } from '../session/filter-graph.ts'
import type { Session } from '../session/session.ts'
import type { State, Store } from '../session/state.ts'

/** Sets up the notice in place of a graph and the banner for failures above a graph. */
export function setUpNotices(store: Store, session: Session, changeToken: () => void): void {
  const element = byId('notice', HTMLElement)
  const banner = byId('banner', HTMLElement)
  store.listen((state, before) => {
    if (state === before || !isUnchanged(state, before)) {
      const content = state.shown ? emptyNotice(state) : startNotice(state)
      element.hidden = content === undefined
      element.replaceChildren(...(content ? [content] : []))
      banner.hidden = state.failure === undefined || state.shown === undefined
      banner.replaceChildren(...(banner.hidden ? [] : [failureNotice(state)]))
    }
  })

  function startNotice(state: State): HTMLElement | undefined {
    if (state.failure) return failureNotice(state)
    // The progress bar describes the activity.
    if (state.activity) return undefined
    return h(
      'div',
      { class: 'card' },
      h('h2', {}, 'No graph yet'),
      h('p', {}, 'Rebuild reads all traces of the window above and draws the calls between services.'),
      h(
        'button',
        { type: 'button', class: 'primary', onclick: () => void session.rebuild() },
        'Build the first graph',
      ),
      h(
        'p',
        { class: 'muted' },
        'No traces yet? Run ',
        h('code', {}, 'npm run demo'),
        ' for a demo shop that sends traces, or point an OpenTelemetry SDK at ',
        h('code', {}, `${location.origin}/v1/traces`),
        '.',
      ),
    )
  }

  function emptyNotice({ shown, view }: State): HTMLElement | undefined {
    if (!shown) return undefined
    if (shown.graph.nodes.length === 0) {
      return h(
        'div',
        { class: 'card' },
        h('h2', {}, 'No traces in this window'),
        h(
          'p',
          {},
          'The complete window was searched and contains no matching traces. Choose a longer window, or another tag or filter.',
        ),
        h('p', { class: 'muted' }, 'To see a sample graph, run ', h('code', {}, 'npm run demo'), '.'),
      )
    }
    const { nodes } = filterGraph(shown.graph, view)
    if (nodes.length > 0) return undefined
    const showAll = () => session.changeView({ min: 0, trouble: false, focus: undefined })
    const heading = view.trouble
      ? shown.comparison
        ? 'Nothing has changed'
        : 'No calls fail'
      : 'All nodes are hidden by filters'
    return h(
      'div',
      { class: 'card' },
      h('h2', {}, heading),
      h('button', { type: 'button', onclick: showAll }, 'Show all nodes'),
    )
  }

  function failureNotice(state: State): HTMLElement {
    const { failure } = state
    if (!failure) return h('div')
    const { what, error, retry } = failure
    const token = error.status === 401 || error.status === 403
    // The same invalid request, or one for a missing graph, would fail again.
    const again = error.status === 400 || error.status === 404 ? undefined : retry
    const name = state.shown ? undefined : state.view.graph
    const code = error.problem && `${error.problem.code} · ${error.problem.instance}`
    return h(
      'div',
      { class: 'card failure', role: 'alert' },
      h('h2', {}, what),
      h('p', {}, error.message),
      code !== undefined && h('p', { class: 'muted small' }, code),
      h(
        'div',
        { class: 'row' },
        error.status === 404 &&
          name !== undefined &&
          h(
            'button',
            { type: 'button', class: 'primary', onclick: () => void session.rebuild() },
            `Build ${name}`,
          ),
        again !== undefined && h('button', { type: 'button', onclick: again }, 'Try again'),
        token && h('button', { type: 'button', onclick: changeToken }, 'Use another token'),
        h(
          'button',
          { type: 'button', class: 'quiet', onclick: () => store.change({ failure: undefined }) },
          'Dismiss',
        ),
      ),
    )
  }
}

function isUnchanged(state: State, before: State): boolean {
  const keys = ['shown', 'failure', 'activity'] as const
  const viewKeys = ['min', 'trouble', 'focus', 'hops'] as const
  return (
    keys.every((key) => state[key] === before[key]) &&
    viewKeys.every((key) => state.view[key] === before.view[key])
  )
}
