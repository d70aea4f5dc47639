import { h } from '../elements/element.ts'
import { duration, grouped } from '../elements/format.ts'
import { type DrawnEdge, nameOf } from '../session/drawn-graph.ts'
import { comparisonTable } from './comparison-table.ts'
import type { DetailsContext } from './details-context.ts'
import { showExplanation } from './explanation.ts'
import { statistic, statistics } from './statistics.ts'
import { exemplarSection } from './traces.ts'

/** Shows all details of the calls from one node to another. */
export function edgeDetails(edge: DrawnEdge, context: DetailsContext): HTMLElement {
  const { shown, onNode } = context
  const { row } = edge
  const end = (id: string, role: string) => {
    const node = shown.graph.nodeById.get(id)
    return h(
      'button',
      { type: 'button', class: `entry ${role}`, onclick: () => onNode(id) },
      h('bdi', {}, node ? nameOf(node) : id),
    )
  }
  return h(
    'article',
    {},
    h('p', { class: 'kind' }, 'Calls'),
    h('h2', { class: 'ends' }, end(edge.source, 'caller'), end(edge.target, 'callee')),
    'change' in row && comparisonTable(row),
    row.count > 0 && statistics(row),
    (row.detail__via ?? '') !== '' && h('p', {}, h('b', {}, 'Via: '), row.detail__via),
    row.detail__pattern !== '' && h('p', { class: 'pattern' }, h('b', {}, 'Pattern: '), row.detail__pattern),
    sides(row),
    exemplarSection(row, context),
    !shown.isPreview && explanation(edge, context),
  )
}

function sides({
  clientMeanMs,
  serverMeanMs,
  gapMeanMs,
  callsPerParent,
  retries,
}: DrawnEdge['row']): HTMLElement {
  const known = [
    clientMeanMs !== null && statistic('Client duration', duration(clientMeanMs)),
    serverMeanMs !== null && statistic('Server duration', duration(serverMeanMs)),
    gapMeanMs !== null && statistic('Gap', duration(gapMeanMs)),
    callsPerParent !== null &&
      statistic(
        'Calls per parent',
        grouped(callsPerParent * 100) === '100' ? '1' : String(Number(callsPerParent.toPrecision(3))),
      ),
    retries > 0 && statistic('Retries', grouped(retries), 'warn'),
  ].filter((one) => one !== false)
  return h('dl', { class: 'stats' }, ...known)
}

function explanation(edge: DrawnEdge, { api, shown, links }: DetailsContext): HTMLElement {
  const answer = h('div', { class: 'explanation' })
  const { name, summary } = shown.document
  const ask = () => {
    const context = { links, window: summary.window }
    void showExplanation(answer, { api, graph: name, source: edge.source, target: edge.target, context })
  }
  return h(
    'section',
    {},
    h('h3', {}, 'Why does this edge exist?'),
    h('button', { type: 'button', onclick: ask }, 'Show the spans behind it'),
    answer,
  )
}
