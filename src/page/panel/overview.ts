import { h } from '../elements/element.ts'
import { clockTime, duration, grouped, percent, shortCount, timeSpan } from '../elements/format.ts'
import type { DrawnEdge } from '../session/drawn-graph.ts'
import type { DetailsContext } from './details-context.ts'
import { type EdgeListOptions, edgeList } from './edge-list.ts'
import { stat } from './figures.ts'

/** What was built, and where to look first. */
export function overview({ shown, onEdge }: DetailsContext): HTMLElement {
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
      stat('Traces', grouped(read.traces)),
      stat('Spans', grouped(read.spans)),
      stat('Nodes', grouped(built.nodes)),
      stat('Edges', grouped(built.edges)),
      stat('Window', timeSpan(window.seconds)),
      stat('Took', duration(phasesMs.total)),
    ),
    h(
      'p',
      { class: 'muted' },
      `${clockTime(window.from, nowMs)} to ${clockTime(window.to, nowMs)}, built ${clockTime(builtAt, nowMs)}, `,
      h('code', {}, `${parameters.tag ?? ''} =~ ${parameters.filter ?? ''}`),
    ),
    ...warnings.map((warning) => h('p', { class: 'warning' }, warning)),
    part('Failing calls', failing, {
      ...list,
      tone: 'bad',
      figure: ({ failed, count }) => percent(failed / count),
    }),
    part('Slowest calls, p95', slowest, { ...list, figure: ({ p95Ms }) => duration(p95Ms) }),
    part('Busiest calls', busiest, { ...list, figure: ({ count }) => shortCount(count) }),
  )
}

function part(title: string, edges: readonly DrawnEdge[], options: EdgeListOptions) {
  return edges.length > 0 && h('section', {}, h('h3', {}, title), edgeList(edges, options))
}
