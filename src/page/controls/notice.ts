import { byId, h } from '../elements/element.ts'
import type { Session } from '../session/session.ts'
import type { State, Store } from '../session/state.ts'
import { visibleGraph } from '../session/visible-graph.ts'

/** What stands on the canvas when there is no graph on it, and what went wrong when there is. */
export function notice(store: Store, session: Session, changeToken: () => void): void {
  const element = byId('notice', HTMLElement)
  const banner = byId('banner', HTMLElement)
  store.listen((state, before) => {
    if (state === before || !sameParts(state, before)) {
      const content = state.shown ? emptyNotice(state) : startNotice(state)
      element.hidden = content === undefined
      element.replaceChildren(...(content ? [content] : []))
      banner.hidden = state.failure === undefined || state.shown === undefined
      banner.replaceChildren(...(banner.hidden ? [] : [failureNotice(state)]))
    }
  })

  function startNotice(state: State): HTMLElement | undefined {
    if (state.failure) return failureNotice(state)
    // The bar above says what goes on.
    if (state.waiting) return undefined
    return h(
      'div',
      { class: 'card' },
      h('h2', {}, 'No graph yet'),
      h('p', {}, 'Rebuild reads the traces of the window above and draws who calls whom.'),
      h(
        'button',
        { type: 'button', class: 'primary', onclick: () => void session.rebuild() },
        'Build the first graph',
      ),
      h(
        'p',
        { class: 'muted' },
        'No traces at hand? ',
        h('code', {}, 'npm run demo'),
        ' starts a shop that sends some. Or point an OpenTelemetry SDK at ',
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
          'The window was searched completely and holds no trace of this kind. Choose a longer one, or another tag or filter above.',
        ),
        h('p', { class: 'muted' }, 'To see something now: ', h('code', {}, 'npm run demo')),
      )
    }
    const { nodes } = visibleGraph(shown.graph, view)
    if (nodes.length > 0) return undefined
    const all = () => session.look({ min: 0, trouble: false, focus: undefined })
    const words = view.trouble
      ? shown.comparison
        ? 'Nothing has changed'
        : 'No call fails'
      : 'Everything is hidden'
    return h(
      'div',
      { class: 'card' },
      h('h2', {}, words),
      h('button', { type: 'button', onclick: all }, 'Show everything'),
    )
  }

  function failureNotice(state: State): HTMLElement {
    const { failure } = state
    if (!failure) return h('div')
    const { what, error, retry } = failure
    const token = error.status === 401 || error.status === 403
    // Asking once more for what is wrong, or not there, gives the same answer.
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

function sameParts(state: State, before: State): boolean {
  const keys = ['shown', 'failure', 'waiting'] as const
  const viewKeys = ['min', 'trouble', 'focus', 'hops'] as const
  return (
    keys.every((key) => state[key] === before[key]) &&
    viewKeys.every((key) => state.view[key] === before.view[key])
  )
}
