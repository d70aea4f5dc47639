import type { NodeRow } from '../../model/node-graph-rows.ts'
import { h } from '../elements/element.ts'
import { exploreUrl } from '../session/trace-links.ts'
import type { TraceContext } from './details-context.ts'

/** Shows a trace id with a copy button, as a link if Grafana is configured. */
export function traceLink(id: string, { links, window }: TraceContext): HTMLElement {
  const url = exploreUrl(links, id, window)
  const short = h('code', { title: id }, id.slice(0, 16), '…')
  const name = url
    ? h('a', { href: url, target: '_blank', rel: 'noreferrer', 'aria-label': `Trace ${id}` }, short)
    : short
  return h('span', { class: 'trace' }, name, copyButton(id, `trace id ${id}`))
}

/** Shows the example traces of a node or an edge, and the query for more. */
export function exemplarSection(
  { exemplars, traceql }: Pick<NodeRow, 'exemplars' | 'traceql'>,
  context: TraceContext,
): HTMLElement {
  const list = h('dl', { class: 'pairs' })
  for (const kind of ['failed', 'slowest', 'typical'] as const) {
    const id = exemplars[kind]
    if (id !== null) list.append(h('dt', {}, kind), h('dd', {}, traceLink(id, context)))
  }
  const url = exploreUrl(context.links, traceql, context.window)
  return h(
    'section',
    {},
    h('h3', {}, 'Traces'),
    list.childElementCount > 0 ? list : h('p', { class: 'muted' }, 'No example traces.'),
    traceql !== '' &&
      h(
        'div',
        { class: 'query' },
        h('code', {}, traceql),
        h(
          'span',
          { class: 'row' },
          copyButton(traceql, 'the TraceQL query'),
          url !== undefined && h('a', { href: url, target: '_blank', rel: 'noreferrer' }, 'Open in Explore'),
        ),
      ),
  )
}

/** Creates a button that copies a text, also over plain HTTP, where browsers provide no clipboard API. */
function copyButton(text: string, what: string): HTMLButtonElement {
  const button = h(
    'button',
    { type: 'button', class: 'quiet copy', 'aria-label': `Copy ${what}`, title: `Copy ${what}` },
    'Copy',
  )
  button.addEventListener('click', async () => {
    const copied = await copy(text)
    button.textContent = copied ? 'Copied' : 'Copy failed'
    setTimeout(() => {
      button.textContent = 'Copy'
    }, 1500)
  })
  return button
}

async function copy(text: string): Promise<boolean> {
  try {
    await navigator.clipboard.writeText(text)
    return true
  } catch {
    const field = h('textarea', { class: 'offscreen', 'aria-hidden': 'true' })
    field.value = text
    document.body.append(field)
    field.select()
    const copied = document.execCommand('copy')
    field.remove()
    return copied
  }
}
