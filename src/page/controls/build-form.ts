import { byId, h } from '../elements/element.ts'
import type { Session } from '../session/session.ts'
import type { State, Store } from '../session/state.ts'
import { buildKeys, buildParametersOf } from '../session/view.ts'

const custom = 'custom'

/** Sets up the form for window, tag, filter and level. Preview stores nothing; Rebuild stores the graph. */
export function setUpBuildForm(store: Store, session: Session): void {
  const form = byId('build', HTMLFormElement)
  const windowSelect = byId('window', HTMLSelectElement)
  const customWindow = byId('custom-window', HTMLElement)
  const from = byId('from', HTMLInputElement)
  const to = byId('to', HTMLInputElement)
  const tag = byId('tag', HTMLInputElement)
  const filter = byId('filter', HTMLInputElement)
  const level = byId('level', HTMLSelectElement)
  const fields = { from, to, tag, filter, level } as const

  // On small screens the form starts folded, to leave room for the graph.
  if (matchMedia('(max-width: 820px)').matches) byId('build-details', HTMLDetailsElement).open = false
  windowSelect.addEventListener('change', () => {
    customWindow.hidden = windowSelect.value !== custom
    if (!customWindow.hidden) from.focus()
  })
  form.addEventListener('submit', (event) => {
    event.preventDefault()
    session.changeView(readForm())
    const isRebuild = (event.submitter as HTMLButtonElement | null)?.value === 'rebuild'
    void (isRebuild ? session.rebuild() : session.loadGraph())
  })
  byId('reset', HTMLButtonElement).addEventListener('click', () => {
    session.changeView(Object.fromEntries(buildKeys.map((key) => [key, undefined])))
    void session.loadGraph()
  })
  store.listen((state, before) => {
    const changed = buildKeys.some((key) => state.view[key] !== before.view[key])
    if (changed || state.shown !== before.shown || state === before) fill(state)
    byId('reset', HTMLButtonElement).hidden = Object.keys(buildParametersOf(state.view)).length === 0
    byId('rebuild', HTMLButtonElement).disabled = state.activity?.job !== undefined
    if (state.failure !== before.failure) markInvalid(state)
  })

  function readForm() {
    const isCustom = windowSelect.value === custom
    const time = (input: HTMLInputElement) =>
      input.value === '' ? undefined : new Date(input.value).toISOString()
    return {
      from: isCustom ? time(from) : windowSelect.value || undefined,
      to: isCustom ? time(to) : undefined,
      tag: tag.value.trim() || undefined,
      filter: filter.value || undefined,
      level: level.value || undefined,
    }
  }

  function fill({ view, shown }: State): void {
    const isListed = [...windowSelect.options].some(({ value }) => value === (view.from ?? ''))
    const isTime = view.from !== undefined && !Number.isNaN(Date.parse(view.from))
    if (!isListed && !isTime) windowSelect.append(h('option', { value: view.from }, view.from))
    windowSelect.value = view.to !== undefined || isTime ? custom : (view.from ?? '')
    customWindow.hidden = windowSelect.value !== custom
    from.value = localTime(view.from)
    to.value = localTime(view.to)
    tag.value = view.tag ?? ''
    filter.value = view.filter ?? ''
    level.value = view.level ?? ''
    const built = shown?.document.summary.parameters
    tag.placeholder = built?.tag ?? 'service.name'
    filter.placeholder = built?.filter ?? '.*'
  }

  /** Shows the error of each invalid field. */
  function markInvalid({ failure }: State): void {
    for (const [name, field] of Object.entries(fields)) {
      const message = failure?.error.problem?.errors?.find((error) => error.field === name)?.message
      field.toggleAttribute('aria-invalid', message !== undefined)
      if (message !== undefined) field.setAttribute('aria-invalid', 'true')
      field.title = message ?? ''
    }
  }
}

/** Writes a time as `<input type="datetime-local">` expects it. */
function localTime(iso: string | undefined): string {
  const ms = Date.parse(iso ?? '')
  if (Number.isNaN(ms)) return ''
  return new Date(ms - new Date(ms).getTimezoneOffset() * 60_000).toISOString().slice(0, 16)
}
