/** What the page shows; all of it lives in the URL. Absent: as the graph was built, or the default. */
export interface View {
  graph?: string
  /** Build parameters, as the API takes them. */
  from?: string
  to?: string
  tag?: string
  filter?: string
  level?: string
  /** What to compare with: an offset such as 1d, or a time. */
  compare?: string
  /** Id of the node whose neighbours are shown alone. */
  focus?: string
  /** How far neighbours go; 0: as far as there are any. */
  hops: number
  /** Fewest calls of an edge that is drawn. */
  min: number
  /** Only edges on which calls fail; in a comparison, that changed. */
  trouble: boolean
  colour: 'errors' | 'latency'
  /** Id of the node or edge whose details are shown. */
  node?: string
  edge?: string
  tab: 'overview' | 'report' | 'changes'
}

export const buildKeys = ['from', 'to', 'tag', 'filter', 'level'] as const
const textKeys = ['graph', ...buildKeys, 'compare', 'focus', 'node', 'edge'] as const

export const defaultView: View = { hops: 1, min: 0, trouble: false, colour: 'errors', tab: 'overview' }

/** Never fails: what makes no sense is as if it were not there. */
export function readView(search: string): View {
  const query = new URLSearchParams(search)
  const view: View = { ...defaultView }
  for (const key of textKeys) {
    const value = query.get(key)
    if (value) view[key] = value
  }
  view.hops = wholeNumber(query.get('hops'), 9) ?? defaultView.hops
  view.min = wholeNumber(query.get('min'), Number.MAX_SAFE_INTEGER) ?? defaultView.min
  view.trouble = query.get('trouble') === 'true'
  if (query.get('colour') === 'latency') view.colour = 'latency'
  const tab = query.get('tab')
  if (tab === 'report' || tab === 'changes') view.tab = tab
  return view
}

/** The query string of a view, without what is as by default; '' or with `?`. */
export function writeView(view: View): string {
  const query = new URLSearchParams()
  for (const key of textKeys) if (view[key]) query.set(key, view[key])
  for (const key of ['hops', 'min', 'trouble', 'colour', 'tab'] as const) {
    if (view[key] !== defaultView[key]) query.set(key, String(view[key]))
  }
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

/** The build parameters a view asks for. */
export function buildParametersOf(view: View): Partial<Record<(typeof buildKeys)[number], string>> {
  return Object.fromEntries(buildKeys.flatMap((key) => (view[key] ? [[key, view[key]]] : [])))
}

/** Whether a graph that was built with `built` is what the view asks for. */
export function isWhatIsAsked(view: View, built: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(buildParametersOf(view)).every(([key, value]) => String(built[key] ?? '') === value)
}

function wholeNumber(text: string | null, most: number): number | undefined {
  return text !== null && /^\d{1,15}$/.test(text) ? Math.min(Number(text), most) : undefined
}
