import { byId, h } from '../elements/element.ts'
import { grouped, percent } from '../elements/format.ts'
import type { Activity, Store } from '../session/state.ts'

/** Sets up the progress bar of the current activity, with a button to cancel it. */
export function setUpProgress(store: Store): void {
  const element = byId('progress', HTMLElement)
  const text = h('span', { class: 'what' })
  const bar = h('progress', { max: 1, 'aria-label': 'Build progress' })
  const button = h('button', { type: 'button', class: 'quiet' }, 'Cancel')
  element.replaceChildren(bar, text, button)
  button.addEventListener('click', () => store.state.activity?.cancel())
  store.listen(({ activity }, before) => {
    if (activity === before.activity && element.hidden !== (activity !== undefined)) return
    element.hidden = activity === undefined
    if (!activity) return
    text.textContent = describe(activity)
    const fraction = activity.job?.progress?.fraction
    if (fraction === undefined) bar.removeAttribute('value')
    else bar.value = fraction
  })
}

function describe({ what, job }: Activity): string {
  if (job?.state === 'queued') return `${what}: queued`
  if (!job?.progress) return `${what} …`
  const { fraction, traces, spans, requests } = job.progress
  return `${what}: ${percent(fraction)} read · ${grouped(traces)} traces · ${grouped(spans)} spans · ${grouped(requests)} requests`
}
