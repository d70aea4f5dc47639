import type { Shade, Shades } from '../drawing/shades.ts'
import { byId, h } from '../elements/element.ts'
import { duration } from '../elements/format.ts'

/** What the colours mean, and how much of the graph is on the canvas. */
export function legend(shades: Shades, colour: 'errors' | 'latency' | 'changes', counts: string): void {
  const entries: [Shade, string][] =
    colour === 'latency' ? latencyEntries(shades) : colour === 'changes' ? changeEntries : errorEntries
  byId('legend', HTMLElement).replaceChildren(
    h('span', { class: 'counts' }, counts),
    ...entries.map(([shade, words]) =>
      h('span', { class: 'key' }, h('i', { class: `swatch shade-${shade}` }), words),
    ),
  )
}

const errorEntries: [Shade, string][] = [
  ['plain', 'no failures'],
  ['failed1', 'under 1 %'],
  ['failed2', 'under 10 %'],
  ['failed3', '10 % and more'],
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
  const words = last === undefined ? 'p95' : `p95 over ${duration(last)}`
  return [...entries, [`latency${latencyStepsMs.length}` as Shade, words]]
}
