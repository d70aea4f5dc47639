import { h } from '../elements/element.ts'
import { clockTime, counted, duration, percent, shortCount } from '../elements/format.ts'
import { type Change, changes } from '../session/changes.ts'
import { type DrawnEdge, nameOf } from '../session/drawn-graph.ts'
import { changeClass } from './comparison-table.ts'
import type { DetailsContext } from './details-context.ts'
import { edgeList } from './edge-list.ts'

/** What differs from an earlier window, worst first. */
export function changesList({ shown, onEdge, onNode }: DetailsContext): HTMLElement {
  const { comparison, graph, isPreview } = shown
  if (comparison === undefined) {
    const why = isPreview
      ? 'A preview is stored nowhere and cannot be compared. Rebuild the graph, or reset its controls.'
      : 'Choose what to compare with above.'
    return h('p', { class: 'muted' }, why)
  }
  const { base, warnings } = comparison
  const nowMs = Date.now()
  const origin = base.from === 'history' ? 'a build that was kept' : 'read for this comparison'
  const sections = changes
    .filter((change) => change !== 'unchanged')
    .flatMap((change) => {
      const edges = graph.edges.filter((edge) => edge.change === change).sort((a, b) => b.count - a.count)
      const nodes = graph.nodes.filter((node) => node.change === change)
      if (edges.length + nodes.length === 0) return []
      return [
        h(
          'section',
          {},
          h(
            'h3',
            { class: changeClass(change) },
            `${headings[change]} · ${counted(edges.length, 'edge')}, ${counted(nodes.length, 'node')}`,
          ),
          ['new', 'gone'].includes(change) &&
            nodes.length > 0 &&
            h(
              'p',
              { class: 'chips' },
              ...nodes
                .slice(0, 30)
                .map((node) =>
                  h(
                    'button',
                    { type: 'button', class: 'chip', onclick: () => onNode(node.id) },
                    h('bdi', {}, nameOf(node)),
                  ),
                ),
            ),
          edgeList(edges, { graph, onEdge, figure: (edge) => figureOf(edge, change) }),
        ),
      ]
    })
  return h(
    'div',
    {},
    h(
      'p',
      { class: 'muted' },
      `Compared with ${clockTime(base.window.from, nowMs)} to ${clockTime(base.window.to, nowMs)}, ${origin}.`,
    ),
    ...warnings.map((warning) => h('p', { class: 'warning' }, warning)),
    ...(sections.length > 0
      ? sections
      : [h('p', { class: 'verdict' }, 'Nothing differs by more than chance.')]),
  )
}

const headings: Record<Change, string> = {
  new: 'New',
  gone: 'Gone',
  'failing more': 'Failing more',
  slower: 'Slower',
  'failing less': 'Failing less',
  faster: 'Faster',
  unchanged: 'Unchanged',
}

function figureOf({ row, count }: DrawnEdge, change: Change): string {
  if (!('change' in row) || change === 'new' || change === 'gone') return shortCount(count)
  if (change === 'slower' || change === 'faster')
    return `${duration(row.baseMeanMs ?? 0)} → ${duration(row.meanMs)}`
  const share = (failed: number, calls: number) => percent(calls === 0 ? 0 : failed / calls)
  return `${share(row.baseFailed ?? 0, row.baseCount ?? 0)} → ${share(row.failed, row.count)}`
}
