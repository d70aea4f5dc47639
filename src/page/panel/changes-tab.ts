import type { Change } from '../../model/diff-rows.ts'
import { h } from '../elements/element.ts'
import { clockTime, counted, duration, percent, shortCount } from '../elements/format.ts'
import { type DrawnEdge, nameOf } from '../session/drawn-graph.ts'
import { changeClass } from './comparison-table.ts'
import type { DetailsContext } from './details-context.ts'
import { edgeList } from './edge-list.ts'

/** Shows the differences from an earlier window, worst first. */
export function changesTab({ shown, onEdge, onNode }: DetailsContext): HTMLElement {
  const { comparison, graph, isPreview } = shown
  if (comparison === undefined) {
    const why = isPreview
      ? 'A preview cannot be compared, because it is not stored. Rebuild the graph, or reset the build parameters.'
      : 'Choose a time to compare with in the toolbar.'
    return h('p', { class: 'muted' }, why)
  }
  const { base, warnings } = comparison
  const nowMs = Date.now()
  const origin = base.from === 'history' ? 'from the build history' : 'read for this comparison'
  const sections = (Object.keys(headings) as Change[])
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
          edgeList(edges, { graph, onEdge, value: (edge) => changeOf(edge, change) }),
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
      : [h('p', { class: 'verdict' }, 'No statistically significant differences.')]),
  )
}

/** Headings by change, worst first. */
const headings: Record<Change, string> = {
  new: 'New',
  gone: 'Gone',
  'failing more': 'Failing more',
  slower: 'Slower',
  'failing less': 'Failing less',
  faster: 'Faster',
  unchanged: 'Unchanged',
}

function changeOf({ row, count }: DrawnEdge, change: Change): string {
  if (!('change' in row) || change === 'new' || change === 'gone') return shortCount(count)
  if (change === 'slower' || change === 'faster')
    return `${duration(row.baseMeanMs ?? 0)} → ${duration(row.meanMs)}`
  const share = (failed: number, calls: number) => percent(calls === 0 ? 0 : failed / calls)
  return `${share(row.baseFailed ?? 0, row.baseCount ?? 0)} → ${share(row.failed, row.count)}`
}
