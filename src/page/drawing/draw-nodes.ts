import { duration, shortCount } from '../elements/format.ts'
import { nodeHeight, nodeWidth } from '../layout/node-size.ts'
import type { Emphasis } from './draw-edges.ts'
import { fittedText } from './fitted-text.ts'
import type { Palette } from './palette.ts'
import { drawRoleGlyph, glyphSize } from './role-glyph.ts'
import type { PlacedNode, Scene } from './scene.ts'
import { type Bounds, leastReadable } from './viewport.ts'

export interface Marks {
  selected: string | undefined
  hovered: string | undefined
  focus: string | undefined
}

const faint = 0.4
const padding = 12
/** From this zoom on everything is written on a node; from the other on its title and subtitle, below it the title. */
const allText = 0.5
const twoLines = 0.4
/** Of a title alone: px on the screen, and at most what fits a node. */
const titlePx = 10
const largestTitle = 32

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
    if (zoom < leastReadable) {
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
    if (zoom < allText) writeTitle(context, placed, palette, zoom)
    else writeAll(context, placed, palette)
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

/** Larger than it would be near, because it is read from afar. */
function writeTitle(
  context: OffscreenCanvasRenderingContext2D,
  { node, x, y }: PlacedNode,
  palette: Palette,
  zoom: number,
): void {
  const width = nodeWidth - 2 * padding
  const isOperation = node.role === 'operation' && zoom >= twoLines
  context.textBaseline = 'middle'
  context.font = `600 ${isOperation ? 18 : Math.min(largestTitle, titlePx / zoom)}px ${palette.font}`
  context.fillStyle = palette.text
  const middle = y + nodeHeight / 2 + 1
  context.fillText(fittedText(context, node.title, width), x + padding, isOperation ? middle - 10 : middle)
  if (!isOperation) return
  context.font = `17px ${palette.font}`
  context.fillStyle = palette.muted
  context.fillText(fittedText(context, node.subTitle, width), x + padding, middle + 11)
}

function writeAll(
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
  context.fillText(fittedText(context, secondLine(node), subTitleWidth), x + padding, second)

  context.font = `600 13px ${palette.font}`
  context.fillStyle = palette.text
  const titleWidth = nodeWidth - 2 * padding - indent - callsWidth - 8
  context.fillText(fittedText(context, node.title, titleWidth), x + padding + indent, first)
  healthBar(context, node, palette, x + padding, y + nodeHeight - 7, nodeWidth - 2 * padding)
}

function secondLine({ role, subTitle, change }: PlacedNode['node']): string {
  const what = role === 'operation' ? subTitle : role
  return change === undefined || change === 'unchanged' ? what : `${change} · ${what}`
}

/** Shares of calls that failed, were slow and passed. */
function healthBar(
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
  // What is there at all must be seen.
  const length = (share: number) => (share === 0 ? 0 : Math.max(2, width * share))
  const failedWidth = length(failed / count)
  context.fillStyle = palette.shade.failed3
  context.fillRect(x, y, failedWidth, height)
  context.fillStyle = palette.shade.slow
  context.fillRect(x + failedWidth, y, Math.min(length(slow / count), width - failedWidth), height)
}
