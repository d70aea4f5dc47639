import { byId, h } from '../elements/element.ts'
import { grouped, percent } from '../elements/format.ts'
import type { Store, Waiting } from '../session/state.ts'

/** What goes on, how far it is, and the button that ends it. */
export function progress(store: Store): void {
  const element = byId('progress', HTMLElement)
  const text = h('span', { class: 'what' })
  const bar = h('progress', { max: 1, 'aria-label': 'Progress of the build' })
  const button = h('button', { type: 'button', class: 'quiet' }, 'Cancel')
  element.replaceChildren(bar, text, button)
  button.addEventListener('click', () => store.state.waiting?.cancel())
  store.listen(({ waiting }, before) => {
    if (waiting === before.waiting && element.hidden !== (waiting !== undefined)) return
    element.hidden = waiting === undefined
    if (!waiting) return
    text.textContent = describe(waiting)
    const fraction = waiting.job?.progress?.fraction
    if (fraction === undefined) bar.removeAttribute('value')
    else bar.value = fraction
  })
}

function describe({ what, job }: Waiting): string {
  if (job?.state === 'queued') return `${what}: waiting for its turn`
  if (!job?.progress) return `${what} …`
  const { fraction, traces, spans, requests } = job.progress
  return `${what}: ${percent(fraction)} read · ${grouped(traces)} traces · ${grouped(spans)} spans · ${grouped(requests)} requests`
}
