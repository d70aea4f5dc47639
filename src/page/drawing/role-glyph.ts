import type { DrawnNode } from '../session/drawn-graph.ts'

/** Side of the square that contains a glyph, px. */
export const glyphSize = 14

type Draw = (context: OffscreenCanvasRenderingContext2D) => void

/** Draw glyphs with strokes in a square of 14 px whose upper left corner is at 0, 0. */
const glyphs: Partial<Record<DrawnNode['role'], Draw>> = {
  database: (context) => {
    context.ellipse(7, 3, 5, 2, 0, 0, 2 * Math.PI)
    context.moveTo(2, 3)
    context.lineTo(2, 11)
    context.ellipse(7, 11, 5, 2, 0, Math.PI, 0, true)
    context.lineTo(12, 3)
    context.moveTo(2, 7)
    context.ellipse(7, 7, 5, 2, 0, Math.PI, 0, true)
  },
  messaging: (context) => {
    for (const y of [2.5, 7, 11.5]) {
      context.moveTo(1.5, y)
      context.lineTo(12.5, y)
    }
    context.moveTo(10, 4.5)
    context.lineTo(12.5, 7)
    context.lineTo(10, 9.5)
  },
  external: (context) => {
    context.arc(7, 7, 5.5, 0, 2 * Math.PI)
    context.moveTo(9.4, 7)
    context.ellipse(7, 7, 2.4, 5.5, 0, 0, 2 * Math.PI)
    context.moveTo(1.5, 7)
    context.lineTo(12.5, 7)
  },
  user: (context) => {
    context.arc(7, 4.5, 2.7, 0, 2 * Math.PI)
    context.moveTo(1.8, 12.5)
    context.ellipse(7, 12.5, 5.2, 4, 0, Math.PI, 0)
  },
  tag: (context) => {
    context.moveTo(1.5, 1.5)
    context.lineTo(7, 1.5)
    context.lineTo(12.5, 7)
    context.lineTo(7, 12.5)
    context.lineTo(1.5, 7)
    context.closePath()
    context.moveTo(5.2, 4.4)
    context.arc(4.4, 4.4, 0.8, 0, 2 * Math.PI)
  },
  other: (context) => {
    for (const x of [2.5, 7, 11.5]) {
      context.moveTo(x + 1, 7)
      context.arc(x, 7, 1, 0, 2 * Math.PI)
    }
  },
}

/** Draws the glyph of a role. @returns false for services and operations, which have none */
export function drawRoleGlyph(
  context: OffscreenCanvasRenderingContext2D,
  role: DrawnNode['role'],
  x: number,
  y: number,
): boolean {
  const draw = glyphs[role]
  if (draw === undefined) return false
  context.save()
  context.translate(x, y)
  context.lineWidth = 1.2
  context.beginPath()
  draw(context)
  context.stroke()
  context.restore()
  return true
}
