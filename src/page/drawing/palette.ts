import { type Shade, shades } from './shades.ts'

/** Colours and font of the drawing. The style sheet defines them for the light and the dark theme. */
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

/** Reads the palette from the style of an element. */
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
