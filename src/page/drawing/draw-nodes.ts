import { duration, shortCount } from '../elements/format.ts'
import { nodeHeight, nodeWidth } from '../layout/node-size.ts'
import type { Emphasis } from './draw-edges.ts'
import type { Palette } from './palette.ts'
import { drawRoleGlyph, glyphSize } from './role-glyph.ts'
import type { PlacedNode, Scene } from './scene.ts'
import { truncateText } from './truncate-text.ts'
import { type Bounds, minReadableZoom } from './viewport.ts'

export interface Marks {
  selected: string | undefined
  hovered: string | undefined
  focus: string | undefined
}

const faint = 0.4
const padding = 12
/** Smallest zoom for all texts of a node. */
const allTextZoom = 0.5
/** Smallest zoom for title and subtitle; below it only the title is drawn. */
const twoLinesZoom = 0.4
/** Size of a title without other texts, px on the screen. */
const titlePx = 10
/** Largest size of a title, px at zoom 1. */
const maxTitlePx = 32

export function drawNodes(
  context: OffscreenCanvasRenderingContext2D,
  { nodes }: Scene,
  palette: Palette,
  zoom: number,
  screen: Bounds,
  emphasis: Emphasis | undefined,
  marks: Marks,
): void {
  for (const placed of nodes) {
    const { node, shade: stripe, x, y } = placed
    if (x + nodeWidth < screen.x || x > screen.x + screen.width) continue
    if (y + nodeHeight < screen.y || y > screen.y + screen.height) continue
    context.globalAlpha = emphasis === undefined || emphasis.nodes.has(node.id) ? 1 : faint
    drawCard(context, placed, palette, zoom, marks, stripe === 'gone')
    if (zoom < minReadableZoom) {
      context.fillStyle = stripe === 'plain' ? palette.edge : palette.shade[stripe]
      context.fillRect(x, y, nodeWidth, nodeHeight)
      continue
    }
    if (stripe !== 'plain') {
      context.fillStyle = palette.shade[stripe]
      context.beginPath()
      context.roundRect(x, y, 5, nodeHeight, [7, 0, 0, 7])
      context.fill()
    }
    if (zoom < allTextZoom) drawTitle(context, placed, palette, zoom)
    else drawAllTexts(context, placed, palette)
  }
  context.globalAlpha = 1
}

function drawCard(
  context: OffscreenCanvasRenderingContext2D,
  { node, x, y }: PlacedNode,
  palette: Palette,
  zoom: number,
  { selected, hovered, focus }: Marks,
  dashed: boolean,
): void {
  context.fillStyle = palette.card
  const marked = node.id === selected || node.id === focus
  context.strokeStyle = marked || node.id === hovered ? palette.accent : palette.cardBorder
  context.lineWidth = node.id === selected ? Math.max(2.5, 2 / zoom) : marked ? 2 : Math.max(1, 0.5 / zoom)
  context.setLineDash(dashed ? [5, 4] : [])
  context.beginPath()
  context.roundRect(x, y, nodeWidth, nodeHeight, 8)
  context.fill()
  context.stroke()
  context.setLineDash([])
}

/** Draws the title larger than usual, because the zoom is small. */
function drawTitle(
  context: OffscreenCanvasRenderingContext2D,
  { node, x, y }: PlacedNode,
  palette: Palette,
  zoom: number,
): void {
  const width = nodeWidth - 2 * padding
  const isOperation = node.role === 'operation' && zoom >= twoLinesZoom
  context.textBaseline = 'middle'
  context.font = `600 ${isOperation ? 18 : Math.min(maxTitlePx, titlePx / zoom)}px ${palette.font}`
  context.fillStyle = palette.text
  const middle = y + nodeHeight / 2 + 1
  context.fillText(truncateText(context, node.title, width), x + padding, isOperation ? middle - 10 : middle)
  if (!isOperation) return
  context.font = `17px ${palette.font}`
  context.fillStyle = palette.muted
  context.fillText(truncateText(context, node.subTitle, width), x + padding, middle + 11)
}

function drawAllTexts(
  context: OffscreenCanvasRenderingContext2D,
  { node, x, y }: PlacedNode,
  palette: Palette,
): void {
  context.textBaseline = 'alphabetic'
  context.strokeStyle = palette.muted
  const indent = drawRoleGlyph(context, node.role, x + padding, y + 8) ? glyphSize + 6 : 0
  const right = x + nodeWidth - padding
  const first = y + 19
  const second = y + 35
  const calls = shortCount(node.count)
  const latency = node.count > 0 ? duration(node.p95Ms) : ''

  context.font = `11px ${palette.font}`
  context.fillStyle = palette.muted
  context.textAlign = 'right'
  context.fillText(calls, right, first)
  context.fillText(latency, right, second)
  const [callsWidth, latencyWidth] = [context.measureText(calls).width, context.measureText(latency).width]
  context.textAlign = 'left'
  const subTitleWidth = nodeWidth - 2 * padding - latencyWidth - 8
  context.fillText(truncateText(context, secondLine(node), subTitleWidth), x + padding, second)

  context.font = `600 13px ${palette.font}`
  context.fillStyle = palette.text
  const titleWidth = nodeWidth - 2 * padding - indent - callsWidth - 8
  context.fillText(truncateText(context, node.title, titleWidth), x + padding + indent, first)
  drawHealthBar(context, node, palette, x + padding, y + nodeHeight - 7, nodeWidth - 2 * padding)
}

function secondLine({ role, subTitle, change }: PlacedNode['node']): string {
  const what = role === 'operation' ? subTitle : role
  return change === undefined || change === 'unchanged' ? what : `${change} · ${what}`
}

/** Draws the shares of failed, slow and other calls. */
function drawHealthBar(
  context: OffscreenCanvasRenderingContext2D,
  { count, failed, slow }: PlacedNode['node'],
  palette: Palette,
  x: number,
  y: number,
  width: number,
): void {
  const height = 2.5
  context.fillStyle = palette.shade.passed
  context.fillRect(x, y, width, height)
  if (count === 0) return
  // Even the smallest share stays visible.
  const length = (share: number) => (share === 0 ? 0 : Math.max(2, width * share))
  const failedWidth = length(failed / count)
  context.fillStyle = palette.shade.failed3
  context.fillRect(x, y, failedWidth, height)
  context.fillStyle = palette.shade.slow
  context.fillRect(x + failedWidth, y, Math.min(length(slow / count), width - failedWidth), height)
}
