/** Everything the user has chosen. The URL holds all of it. Absent build parameters are those of the stored graph. */
export interface View {
  graph?: string
  /** Build parameters, in the syntax of the API. */
  from?: string
  to?: string
  tag?: string
  filter?: string
  level?: string
  /** Base of the comparison: an offset such as 1d, or a time. */
  compare?: string
  /** Id of the node to show with only its neighbours. */
  focus?: string
  /** Largest distance of a neighbour; 0 means unlimited. */
  hops: number
  /** Fewest calls of a visible edge. */
  min: number
  /** Whether to show only edges with failed calls; in a comparison, only changed edges. */
  trouble: boolean
  colour: 'errors' | 'latency'
  /** Id of the selected node or edge. */
  node?: string
  edge?: string
  tab: 'overview' | 'report' | 'changes'
}

export const buildKeys = ['from', 'to', 'tag', 'filter', 'level'] as const
const textKeys = ['graph', ...buildKeys, 'compare', 'focus', 'node', 'edge'] as const

const defaultView: View = { hops: 1, min: 0, trouble: false, colour: 'errors', tab: 'overview' }

/** Reads a view from a query string. Ignores invalid values. */
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

/** Writes a view as a query string without default values: '' or starting with `?`. */
export function writeView(view: View): string {
  const query = new URLSearchParams()
  for (const key of textKeys) if (view[key]) query.set(key, view[key])
  for (const key of ['hops', 'min', 'trouble', 'colour', 'tab'] as const) {
    if (view[key] !== defaultView[key]) query.set(key, String(view[key]))
  }
  const text = query.toString()
  return text === '' ? '' : `?${text}`
}

/** Returns the build parameters of a view. */
export function buildParametersOf(view: View): Partial<Record<(typeof buildKeys)[number], string>> {
  return Object.fromEntries(buildKeys.flatMap((key) => (view[key] ? [[key, view[key]]] : [])))
}

/** Returns whether a graph built with these parameters is the graph of the view. */
export function matchesBuild(view: View, built: Readonly<Record<string, unknown>>): boolean {
  return Object.entries(buildParametersOf(view)).every(([key, value]) => String(built[key] ?? '') === value)
}

function wholeNumber(text: string | null, most: number): number | undefined {
  return text !== null && /^\d{1,15}$/.test(text) ? Math.min(Number(text), most) : undefined
}
