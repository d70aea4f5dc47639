import { h } from '../elements/element.ts'
import { type DrawnEdge, type DrawnGraph, nameOf } from '../session/drawn-graph.ts'

const maxMoreRows = 200

export interface EdgeListOptions {
  graph: DrawnGraph
  onEdge: (id: string) => void
  /** Returns the text at the right of a row. */
  value: (edge: DrawnEdge) => string
  tone?: string
  /** Rows before the button for more. @default 6 */
  firstRows?: number
  /** The only end to name. @default both */
  end?: 'source' | 'target'
}

/** Shows edges as a list of buttons, with a button for more. */
export function edgeList(edges: readonly DrawnEdge[], options: EdgeListOptions): HTMLElement {
  const { graph, onEdge, value, tone = '', firstRows = 6, end } = options
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
        h('span', { class: `figure ${tone}` }, value(edge)),
      ),
    )
  const list = h('ul', { class: 'entries' }, ...edges.slice(0, firstRows).map(row))
  if (edges.length > firstRows) {
    const rest = edges.slice(firstRows, firstRows + maxMoreRows)
    const more = h('button', { type: 'button', class: 'quiet' }, `Show ${rest.length} more`)
    const item = h('li', {}, more)
    more.addEventListener('click', () => item.replaceWith(...rest.map(row)))
    list.append(item)
  }
  return list
}
