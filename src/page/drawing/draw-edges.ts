import { duration, shortCount } from '../elements/format.ts'
import { nodeHeight } from '../layout/node-size.ts'
import type { EdgeShape } from './edge-shape.ts'
import type { Palette } from './palette.ts'
import type { PlacedEdge, Scene } from './scene.ts'
import type { Bounds } from './viewport.ts'

/** Nodes and edges to emphasize; the others are drawn faintly. */
export interface Emphasis {
  nodes: ReadonlySet<string>
  edges: ReadonlySet<string>
}

const faint = 0.2
const labelHeight = 18

/** Draws the edges on the screen, all edges of one colour and width in one stroke. */
export function drawEdges(
  context: OffscreenCanvasRenderingContext2D,
  scene: Scene,
  palette: Palette,
  zoom: number,
  screen: Bounds,
  emphasis: Emphasis | undefined,
): void {
  const strokes = strokesOf(scene, palette, zoom, screen, emphasis)
  for (const { edges, colour, width, dashed, alpha } of [...strokes.values()].sort(
    (a, b) => a.alpha - b.alpha,
  )) {
    context.globalAlpha = alpha
    context.strokeStyle = context.fillStyle = colour
    context.lineWidth = width
    context.setLineDash(dashed ? [6, 5] : [])
    context.beginPath()
    for (const { shape } of edges) trace(context, shape)
    context.stroke()
    if (zoom > 0.22) {
      context.beginPath()
      for (const { shape } of edges) arrowHead(context, shape, 5 + width * 1.4)
      context.fill()
    }
  }
  context.setLineDash([])
  context.globalAlpha = 1
}

/** Edges that are drawn together. */
interface Stroke {
  edges: PlacedEdge[]
  colour: string
  width: number
  dashed: boolean
  alpha: number
}

/** Groups edges by style, faint ones first, so that emphasized edges are drawn over them. */
function strokesOf(
  { edges }: Scene,
  palette: Palette,
  zoom: number,
  screen: Bounds,
  emphasis: Emphasis | undefined,
): Stroke[] {
  const strokes = new Map<string, Stroke>()
  const alphaOf = (id: string) => (emphasis?.edges.has(id) ? 1 : faint)
  for (const placed of edges) {
    if (!isOnScreen(placed.shape, screen)) continue
    const { shade } = placed
    // Lines stay visible at a small zoom.
    const width = Math.max(Math.round(placed.width * 2) / 2, 0.75 / zoom)
    const alpha = emphasis === undefined ? 0.8 : alphaOf(placed.edge.id)
    const key = `${alpha}${shade}${width}`
    const stroke = strokes.get(key)
    if (stroke) stroke.edges.push(placed)
    else {
      const colour = shade === 'plain' ? palette.edge : palette.shade[shade]
      strokes.set(key, { edges: [placed], colour, width, dashed: shade === 'gone', alpha })
    }
  }
  return [...strokes.values()].sort((a, b) => a.alpha - b.alpha)
}

/**
 * Labels the emphasized edge with calls and p95: in its middle, or above the nodes if there is no room between them.
 * Several emphasized edges get no labels; the panel lists them.
 */
export function drawEdgeLabels(
  context: OffscreenCanvasRenderingContext2D,
  { edges }: Scene,
  palette: Palette,
  zoom: number,
  { edges: emphasized }: Emphasis,
): void {
  if (zoom < 0.55 || emphasized.size > 1) return
  context.font = `500 11px ${palette.font}`
  context.textAlign = 'center'
  context.textBaseline = 'middle'
  for (const { edge, shape } of edges) {
    if (!emphasized.has(edge.id)) continue
    const text = `${shortCount(edge.count)} · p95 ${duration(edge.p95Ms)}`
    const width = context.measureText(text).width + 12
    const [x, middle] = middleOf(shape)
    const y = hasRoom(shape, width) ? middle : shape.top - nodeHeight / 2 - labelHeight / 2 - 1
    context.fillStyle = palette.canvas
    context.globalAlpha = 0.92
    context.beginPath()
    context.roundRect(x - width / 2, y - labelHeight / 2, width, labelHeight, labelHeight / 2)
    context.fill()
    context.globalAlpha = 1
    context.fillStyle = palette.text
    context.fillText(text, x, y + 0.5)
  }
  context.textAlign = 'left'
}

/** Returns whether a label fits between the ends, horizontally or vertically. */
function hasRoom({ left, right, top, bottom }: EdgeShape, width: number): boolean {
  return right - left > width + 16 || bottom - top > nodeHeight + labelHeight
}

function isOnScreen({ left, right, top, bottom }: EdgeShape, { x, y, width, height }: Bounds): boolean {
  return right >= x && left <= x + width && bottom >= y && top <= y + height
}

function trace(context: OffscreenCanvasRenderingContext2D, { startX, startY, curves }: EdgeShape): void {
  context.moveTo(startX, startY)
  for (const curve of curves) context.bezierCurveTo(...curve)
}

function arrowHead(context: OffscreenCanvasRenderingContext2D, { curves }: EdgeShape, size: number): void {
  const last = curves.at(-1)
  if (last === undefined) return
  const [, , x2, , x, y] = last
  const back = x2 < x ? -size : size
  context.moveTo(x, y)
  context.lineTo(x + back, y - size * 0.55)
  context.lineTo(x + back, y + size * 0.55)
  context.closePath()
}

function middleOf({ startX, startY, curves }: EdgeShape): [number, number] {
  const at = Math.floor(curves.length / 2)
  const [, , , , x = 0, y = 0] = curves[at] ?? []
  if (curves.length % 2 === 0) return [curves[at - 1]?.[4] ?? x, curves[at - 1]?.[5] ?? y]
  const [fromX, fromY] = at === 0 ? [startX, startY] : [curves[at - 1]?.[4] ?? x, curves[at - 1]?.[5] ?? y]
  return [(fromX + x) / 2, (fromY + y) / 2]
}
