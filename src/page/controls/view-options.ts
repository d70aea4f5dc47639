import { byId, h } from '../elements/element.ts'
import { shortCount } from '../elements/format.ts'
import { nameOf } from '../session/drawn-graph.ts'
import type { Session } from '../session/session.ts'
import type { State, Store } from '../session/state.ts'
import type { View } from '../session/view.ts'

const sliderSteps = 40

/** Sets up the toolbar: focus, colours, filters and comparison. */
export function setUpViewOptions(store: Store, session: Session): void {
  const hops = byId('hops', HTMLSelectElement)
  const colour = byId('colour', HTMLSelectElement)
  const trouble = byId('trouble', HTMLInputElement)
  const min = byId('min', HTMLInputElement)
  const minText = byId('min-text', HTMLElement)
  const compare = byId('compare', HTMLSelectElement)
  const focusBar = byId('focus-bar', HTMLElement)
  const focusName = byId('focus-name', HTMLElement)

  hops.addEventListener('change', () => session.changeView({ hops: Number(hops.value) }))
  colour.addEventListener('change', () => session.changeView({ colour: colour.value as View['colour'] }))
  trouble.addEventListener('change', () => session.changeView({ trouble: trouble.checked }))
  min.addEventListener('input', () =>
    session.changeView({ min: callsAt(Number(min.value), mostCalls(store.state)) }),
  )
  byId('clear-focus', HTMLButtonElement).addEventListener('click', () => {
    session.changeView({ focus: undefined })
    // The focus bar with the button is hidden now.
    byId('canvas', HTMLCanvasElement).focus()
  })
  compare.addEventListener('change', () => {
    const tab = compare.value === '' ? 'overview' : 'changes'
    session.changeView({ compare: compare.value || undefined, tab, node: undefined, edge: undefined })
    void session.loadGraph()
  })
  store.listen((state, before) => {
    const { view, shown } = state
    if (view === before.view && shown === before.shown && state !== before) return
    hops.value = String(view.hops)
    colour.value = view.colour
    colour.disabled = shown?.comparison !== undefined
    trouble.checked = view.trouble
    min.max = String(sliderSteps)
    min.value = String(stepOf(view.min, mostCalls(state)))
    minText.textContent = view.min === 0 ? 'all calls' : `≥ ${shortCount(view.min)} calls`
    min.setAttribute('aria-valuetext', minText.textContent)
    const focus = view.focus === undefined ? undefined : shown?.graph.nodeById.get(view.focus)
    focusBar.hidden = focus === undefined
    focusName.textContent = focusName.title = focus ? nameOf(focus) : ''
    const isListed = [...compare.options].some(({ value }) => value === (view.compare ?? ''))
    if (!isListed) compare.append(h('option', { value: view.compare }, `${view.compare} earlier`))
    compare.value = view.compare ?? ''
  })
}

const mostCalls = ({ shown }: State) =>
  (shown?.graph.edges ?? []).reduce((most, { count }) => Math.max(most, count), 1)

/** The slider is logarithmic: each step multiplies the number of calls by the same factor. */
const callsAt = (step: number, most: number) => (step === 0 ? 0 : Math.ceil(most ** (step / sliderSteps)))
const stepOf = (calls: number, most: number) =>
  calls <= 0
    ? 0
    : Math.min(sliderSteps, Math.floor((sliderSteps * Math.log(calls)) / Math.log(Math.max(most, 2))))
