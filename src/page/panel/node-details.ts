import { h } from '../elements/element.ts'
import { counted, duration, grouped, shortCount } from '../elements/format.ts'
import { type DrawnNode, nameOf } from '../session/drawn-graph.ts'
import { comparisonTable } from './comparison-table.ts'
import type { DetailsContext } from './details-context.ts'
import { edgeList } from './edge-list.ts'
import { showExplanation } from './explanation.ts'
import { statistic, statistics } from './statistics.ts'
import { exemplarSection } from './traces.ts'

/** Shows all details of a node. */
export function nodeDetails(node: DrawnNode, context: DetailsContext): HTMLElement {
  const { shown, onEdge, onFocus, focus } = context
  const { graph } = shown
  const { row, title, role } = node
  const byCalls = [...graph.edges].sort((a, b) => b.count - a.count)
  const callers = byCalls.filter(({ target }) => target === node.id)
  const callees = byCalls.filter(({ source }) => source === node.id)
  const list = {
    graph,
    onEdge,
    value: ({ count, p95Ms }: DrawnNode | (typeof byCalls)[number]) =>
      `${shortCount(count)} · ${duration(p95Ms)}`,
  }
  const isFocus = focus === node.id
  return h(
    'article',
    {},
    h('p', { class: 'kind' }, role === 'operation' ? 'Operation' : role),
    h('h2', {}, h('bdi', {}, title)),
    h('p', { class: 'subtitle' }, h('bdi', {}, row.subTitle)),
    row.detail__named_by !== '' &&
      h('p', { class: 'muted' }, 'Name from attribute ', h('code', {}, row.detail__named_by)),
    h(
      'button',
      {
        type: 'button',
        class: 'action',
        'aria-pressed': String(isFocus),
        onclick: () => onFocus(isFocus ? undefined : node.id),
      },
      isFocus ? 'Show the whole graph' : 'Focus on neighbours',
    ),
    'change' in row && comparisonTable(row),
    row.count > 0 && statistics(row),
    row.selfCalls > 0 && h('dl', { class: 'stats' }, statistic('Self calls', grouped(row.selfCalls))),
    h(
      'section',
      {},
      h('h3', {}, callers.length > 0 ? `Called by ${counted(callers.length, 'node')}` : 'No callers'),
      edgeList(callers, { ...list, end: 'source' }),
    ),
    h(
      'section',
      {},
      h('h3', {}, callees.length > 0 ? `Calls ${counted(callees.length, 'node')}` : 'No callees'),
      edgeList(callees, { ...list, end: 'target' }),
    ),
    exemplarSection(row, context),
    !shown.isPreview && missingCall(node, context),
  )
}

/** Shows a form that asks why an expected call is missing. */
function missingCall(node: DrawnNode, { api, shown, links }: DetailsContext): HTMLElement {
  const { graph, document } = shown
  const others = graph.nodes.filter(({ id }) => id !== node.id)
  const names = new Map(others.map((other) => [nameOf(other), other.id]))
  const input = h('input', {
    list: 'why-nodes',
    placeholder: 'Other node',
    'aria-label': 'Expected callee',
    required: true,
  })
  const answer = h('div', { class: 'explanation' })
  const ask = (event: Event) => {
    event.preventDefault()
    const target = names.get(input.value) ?? input.value
    const context = { links, window: document.summary.window }
    void showExplanation(answer, { api, graph: document.name, source: node.id, target, context })
  }
  return h(
    'section',
    {},
    h('h3', {}, 'Is a call missing?'),
    h(
      'form',
      { class: 'row', onsubmit: ask },
      input,
      h(
        'datalist',
        { id: 'why-nodes' },
        ...[...names.keys()].slice(0, 500).map((value) => h('option', { value })),
      ),
      h('button', { type: 'submit' }, 'Explain'),
    ),
    answer,
  )
}
