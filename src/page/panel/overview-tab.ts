import { h } from '../elements/element.ts'
import { clockTime, duration, grouped, percent, shortCount, timeSpan } from '../elements/format.ts'
import type { DrawnEdge } from '../session/drawn-graph.ts'
import type { DetailsContext } from './details-context.ts'
import { type EdgeListOptions, edgeList } from './edge-list.ts'
import { statistic } from './statistics.ts'

/** Shows a summary of the build and the most notable calls. */
export function overviewTab({ shown, onEdge }: DetailsContext): HTMLElement {
  const { graph, document } = shown
  const { summary, builtAt } = document
  const { read, built, window, phasesMs, warnings, parameters } = summary
  const list = { graph, onEdge, most: 5 }
  const failing = graph.edges
    .filter(({ failed }) => failed > 0)
    .sort((a, b) => b.failed / b.count - a.failed / a.count || b.failed - a.failed)
  const slowest = [...graph.edges].sort((a, b) => b.p95Ms - a.p95Ms)
  const busiest = [...graph.edges].sort((a, b) => b.count - a.count)
  const nowMs = Date.now()
  return h(
    'div',
    {},
    h(
      'dl',
      { class: 'stats' },
      statistic('Traces', grouped(read.traces)),
      statistic('Spans', grouped(read.spans)),
      statistic('Nodes', grouped(built.nodes)),
      statistic('Edges', grouped(built.edges)),
      statistic('Window', timeSpan(window.seconds)),
      statistic('Build time', duration(phasesMs.total)),
    ),
    h(
      'p',
      { class: 'muted' },
      `${clockTime(window.from, nowMs)} to ${clockTime(window.to, nowMs)}, built ${clockTime(builtAt, nowMs)}, `,
      h('code', {}, `${parameters.tag ?? ''} =~ ${parameters.filter ?? ''}`),
    ),
    ...warnings.map((warning) => h('p', { class: 'warning' }, warning)),
    section('Failing calls', failing, {
      ...list,
      tone: 'bad',
      value: ({ failed, count }) => percent(failed / count),
    }),
    section('Slowest calls (p95)', slowest, { ...list, value: ({ p95Ms }) => duration(p95Ms) }),
    section('Busiest calls', busiest, { ...list, value: ({ count }) => shortCount(count) }),
  )
}

function section(title: string, edges: readonly DrawnEdge[], options: EdgeListOptions) {
  return edges.length > 0 && h('section', {}, h('h3', {}, title), edgeList(edges, options))
}
