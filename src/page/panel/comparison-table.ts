import type { EdgeDiff, NodeDiff } from '../../model/diff-rows.ts'
import { h } from '../elements/element.ts'
import { duration, grouped, percent, rate } from '../elements/format.ts'

/** Shows the earlier and the current numbers of a node or an edge. */
export function comparisonTable(row: NodeDiff | EdgeDiff): HTMLElement {
  const share = (failed: number | null | undefined, count: number | null | undefined) =>
    count ? percent((failed ?? 0) / count) : '–'
  const time = (ms: number | null | undefined, count: number | null | undefined) =>
    count ? duration(ms ?? 0) : '–'
  const lines: [string, string, string][] = [
    ['Calls', grouped(row.baseCount ?? 0), grouped(row.count)],
    ['Rate', rate(row.basePerSec ?? 0), rate(row.perSec)],
    ['Failed', share(row.baseFailed, row.baseCount), share(row.failed, row.count)],
    ['Mean', time(row.baseMeanMs, row.baseCount), time(row.meanMs, row.count)],
    ['p50', time(row.baseP50Ms, row.baseCount), time(row.p50Ms, row.count)],
    ['p95', time(row.baseP95Ms, row.baseCount), time(row.p95Ms, row.count)],
    ['p99', time(row.baseP99Ms, row.baseCount), time(row.p99Ms, row.count)],
  ]
  const significance = row.significant ? 'significant' : 'may be chance'
  return h(
    'section',
    {},
    h(
      'p',
      { class: `change ${changeClass(row.change)}` },
      h('b', {}, row.change),
      row.change === 'unchanged' ? '' : ` · ${significance}`,
    ),
    h(
      'table',
      {},
      h(
        'thead',
        {},
        h('tr', {}, h('td', {}), h('th', { scope: 'col' }, 'Earlier'), h('th', { scope: 'col' }, 'Now')),
      ),
      h(
        'tbody',
        {},
        ...lines.map(([name, was, is]) =>
          h(
            'tr',
            {},
            h('th', { scope: 'row' }, name),
            h('td', {}, was),
            h('td', { class: was === is ? '' : 'differs' }, is),
          ),
        ),
      ),
    ),
  )
}

export function changeClass(change: string): string {
  const classes: Record<string, string> = {
    new: 'new',
    gone: 'gone',
    'failing more': 'bad',
    slower: 'warn',
    faster: 'better',
    'failing less': 'better',
  }
  return classes[change] ?? 'same'
}
