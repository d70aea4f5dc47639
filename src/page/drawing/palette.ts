import type { Shade } from './shades.ts'

/** The colours of the drawing; they come from the style sheet, which knows light from dark. */
export interface Palette {
  shade: Record<Shade, string>
  edge: string
  card: string
  cardBorder: string
  text: string
  muted: string
  accent: string
  canvas: string
  font: string
}

const shades: Shade[] = [
  'plain',
  'passed',
  'slow',
  'failed1',
  'failed2',
  'failed3',
  'latency0',
  'latency1',
  'latency2',
  'latency3',
  'latency4',
  'new',
  'gone',
  'better',
]

export function readPalette(element: Element): Palette {
  const style = getComputedStyle(element)
  const colour = (name: string) => style.getPropertyValue(`--${name}`).trim()
  const shade = Object.fromEntries(shades.map((name) => [name, colour(`shade-${name}`)]))
  return {
    shade: shade as Record<Shade, string>,
    edge: colour('edge'),
    card: colour('card'),
    cardBorder: colour('card-border'),
    text: colour('text'),
    muted: colour('muted'),
    accent: colour('accent'),
    canvas: colour('canvas'),
    font: style.fontFamily,
  }
}
