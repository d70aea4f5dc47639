import type { NodeRow } from '../../model/node-graph-rows.ts'
import { h } from '../elements/element.ts'
import { exploreUrl, type TraceLinks } from '../session/trace-links.ts'
import { copyButton } from './copy-button.ts'

/** Where traces can be seen: links to Grafana, and the window they are in. */
export interface TraceContext {
  links: TraceLinks
  window: { from: string; to: string }
}

/** A trace id, as a link where Grafana is known, and to copy. */
export function traceId(id: string, { links, window }: TraceContext): HTMLElement {
  const url = exploreUrl(links, id, window)
  const short = h('code', { title: id }, id.slice(0, 16), '…')
  const name = url
    ? h('a', { href: url, target: '_blank', rel: 'noreferrer', 'aria-label': `Trace ${id}` }, short)
    : short
  return h('span', { class: 'trace' }, name, copyButton(id, `trace id ${id}`))
}

/** The examples of a node or edge, and how to find more. */
export function exemplars(
  { exemplars, traceql }: Pick<NodeRow, 'exemplars' | 'traceql'>,
  context: TraceContext,
): HTMLElement {
  const list = h('dl', { class: 'pairs' })
  for (const kind of ['failed', 'slowest', 'typical'] as const) {
    const id = exemplars[kind]
    if (id !== null) list.append(h('dt', {}, kind), h('dd', {}, traceId(id, context)))
  }
  const url = exploreUrl(context.links, traceql, context.window)
  return h(
    'section',
    {},
    h('h3', {}, 'Traces'),
    list.childElementCount > 0 ? list : h('p', { class: 'muted' }, 'No trace of it is known.'),
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
