import type { Shade, Shades } from '../drawing/shades.ts'
import { byId, h } from '../elements/element.ts'
import { duration } from '../elements/format.ts'

/** Shows the meaning of the colours and the size of the visible graph. */
export function showLegend(shades: Shades, colour: 'errors' | 'latency' | 'changes', counts: string): void {
  const entries: [Shade, string][] =
    colour === 'latency' ? latencyEntries(shades) : colour === 'changes' ? changeEntries : errorEntries
  byId('legend', HTMLElement).replaceChildren(
    h('span', { class: 'counts' }, counts),
    ...entries.map(([shade, text]) =>
      h('span', { class: 'key' }, h('i', { class: `swatch shade-${shade}` }), text),
    ),
  )
}

const errorEntries: [Shade, string][] = [
  ['plain', 'no errors'],
  ['failed1', 'under 1 %'],
  ['failed2', 'under 10 %'],
  ['failed3', '10 % or more'],
]
const changeEntries: [Shade, string][] = [
  ['new', 'new'],
  ['gone', 'gone'],
  ['failed3', 'failing more'],
  ['slow', 'slower'],
  ['better', 'better'],
  ['plain', 'unchanged'],
]

function latencyEntries({ latencyStepsMs }: Shades): [Shade, string][] {
  const entries = latencyStepsMs.map((ms, at): [Shade, string] => [
    `latency${at}` as Shade,
    `≤ ${duration(ms)}`,
  ])
  const last = latencyStepsMs.at(-1)
  const text = last === undefined ? 'p95' : `p95 over ${duration(last)}`
  return [...entries, [`latency${latencyStepsMs.length}` as Shade, text]]
}
