import type { EdgeRow, NodeRow } from '../../model/node-graph-rows.ts'
import { h } from '../elements/element.ts'
import { duration, grouped, percent, rate } from '../elements/format.ts'

type Row = Pick<
  NodeRow | EdgeRow,
  | 'count'
  | 'failed'
  | 'slow'
  | 'perSec'
  | 'meanMs'
  | 'p50Ms'
  | 'p95Ms'
  | 'p99Ms'
  | 'criticalPathShare'
  | 'adjustedCount'
>

/** Shows a number with its label. */
export function statistic(label: string, value: string, tone = ''): HTMLElement {
  return h('div', { class: `stat ${tone}` }, h('dt', {}, label), h('dd', {}, value))
}

/** Shows the statistics that nodes and edges have in common. */
export function statistics(row: Row): HTMLElement {
  const [failed, slow] = [row.failed / Math.max(row.count, 1), row.slow / Math.max(row.count, 1)]
  return h(
    'div',
    {},
    h(
      'dl',
      { class: 'stats' },
      statistic('Calls', grouped(row.count)),
      statistic('Rate', rate(row.perSec)),
      statistic('Failed', percent(failed), failed > 0 ? 'bad' : ''),
      statistic('Slow', percent(slow), slow > 0 ? 'warn' : ''),
      statistic('Mean', duration(row.meanMs)),
      statistic('Critical path', percent(row.criticalPathShare)),
      row.adjustedCount === row.count
        ? undefined
        : statistic('Before sampling', `≈ ${grouped(row.adjustedCount)}`),
    ),
    healthBar(row),
    latencyScale(row),
  )
}

/** Shows the shares of failed, slow and other calls as one bar. */
function healthBar({ count, failed, slow }: Pick<Row, 'count' | 'failed' | 'slow'>): HTMLElement {
  const passed = count - failed - slow
  const label = `${grouped(failed)} failed, ${grouped(slow)} slow, ${grouped(passed)} passed`
  const bar = h('div', { class: 'health', role: 'img', 'aria-label': label, title: label })
  for (const [tone, amount] of [
    ['bad', failed],
    ['warn', slow],
    ['good', passed],
  ] as const) {
    const part = h('span', { class: tone })
    part.style.flexGrow = String(amount)
    if (amount > 0) bar.append(part)
  }
  return bar
}

/** Shows the percentiles on a scale from 0 to p99. */
function latencyScale({ p50Ms, p95Ms, p99Ms }: Row): HTMLElement {
  const scale = h('div', { class: 'latency' })
  for (const [name, ms] of [
    ['p50', p50Ms],
    ['p95', p95Ms],
    ['p99', p99Ms],
  ] as const) {
    const bar = h('span', { class: 'bar' })
    bar.style.width = `${p99Ms === 0 ? 0 : Math.max(1, (ms / p99Ms) * 100)}%`
    scale.append(
      h('span', { class: 'name' }, name),
      h('span', { class: 'track' }, bar),
      h('b', {}, duration(ms)),
    )
  }
  return scale
}
