import { h } from '../elements/element.ts'
import { type DrawnEdge, type DrawnGraph, nameOf } from '../session/drawn-graph.ts'

export interface EdgeListOptions {
  graph: DrawnGraph
  onEdge: (id: string) => void
  /** What stands at the right of a row. */
  figure: (edge: DrawnEdge) => string
  tone?: string
  /** Rows that are shown at first. */
  most?: number
  /** Only this end is named: the other one is known. */
  end?: 'source' | 'target'
}

/** Edges as a list of buttons, the rest of it on demand. */
export function edgeList(edges: readonly DrawnEdge[], options: EdgeListOptions): HTMLElement {
  const { graph, onEdge, figure, tone = '', most = 6, end } = options
  const name = (id: string) => {
    const node = graph.nodeById.get(id)
    return node ? nameOf(node) : id
  }
  const row = (edge: DrawnEdge) =>
    h(
      'li',
      {},
      h(
        'button',
        { type: 'button', class: 'entry', onclick: () => onEdge(edge.id) },
        h(
          'span',
          { class: 'ends' },
          end !== 'target' && h('bdi', {}, name(edge.source)),
          end !== 'source' && h('bdi', { class: end === undefined ? 'callee' : '' }, name(edge.target)),
        ),
        h('span', { class: `figure ${tone}` }, figure(edge)),
      ),
    )
  const list = h('ul', { class: 'entries' }, ...edges.slice(0, most).map(row))
  if (edges.length > most) {
    const rest = edges.slice(most, most + 200)
    const more = h('button', { type: 'button', class: 'quiet' }, `Show ${rest.length} more`)
    const item = h('li', {}, more)
    more.addEventListener('click', () => item.replaceWith(...rest.map(row)))
    list.append(item)
  }
  return list
}
