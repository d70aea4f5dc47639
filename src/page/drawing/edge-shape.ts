import { nodeHeight, nodeWidth } from '../layout/node-size.ts'

/** A segment of a path: two control points and the end of a cubic Bézier curve. */
type Curve = [x1: number, y1: number, x2: number, y2: number, x: number, y: number]

/** Path of an edge; px at zoom 1. */
export interface EdgeShape {
  startX: number
  startY: number
  curves: Curve[]
  /** Bounds, to skip edges outside the screen. */
  left: number
  right: number
  top: number
  bottom: number
}

interface Corner {
  x: number
  y: number
}

/** Vertical offset of backward edges, so that calls in both directions are two lines; px. */
const backwardOffset = 9

/**
 * Draws a path between the facing sides of two nodes, from the caller to the callee. It is horizontal at nodes and bends.
 *
 * @param bends x, y, x, y, ...
 */
export function edgeShape(source: Corner, target: Corner, bends: readonly number[]): EdgeShape {
  const forward = source.x <= target.x
  const [own, other] = forward ? [nodeWidth, 0] : [0, nodeWidth]
  const lift = nodeHeight / 2 + (forward ? 0 : backwardOffset)
  const start = { x: source.x + own, y: source.y + lift }
  const points = [start.x, start.y, ...bends, target.x + other, target.y + lift]
  const curves: Curve[] = []
  const shape = {
    startX: start.x,
    startY: start.y,
    left: start.x,
    right: start.x,
    top: start.y,
    bottom: start.y,
  }
  for (let at = 2; at < points.length; at += 2) {
    const [fromX = 0, fromY = 0, x = 0, y = 0] = points.slice(at - 2, at + 2)
    const reach = (forward ? 1 : -1) * Math.max(28, Math.abs(x - fromX) / 2)
    curves.push([fromX + reach, fromY, x - reach, y, x, y])
    shape.left = Math.min(shape.left, x)
    shape.right = Math.max(shape.right, x)
    shape.top = Math.min(shape.top, y)
    shape.bottom = Math.max(shape.bottom, y)
  }
  return { ...shape, curves }
}

const samples = 12

/** Returns the distance of a point from an edge; Infinity if it certainly exceeds `most`. */
export function distanceTo(shape: EdgeShape, x: number, y: number, most: number): number {
  if (x < shape.left - most || x > shape.right + most || y < shape.top - most || y > shape.bottom + most) {
    return Number.POSITIVE_INFINITY
  }
  let least = Number.POSITIVE_INFINITY
  let [fromX, fromY] = [shape.startX, shape.startY]
  for (const curve of shape.curves) {
    let [lastX, lastY] = [fromX, fromY]
    for (let step = 1; step <= samples; step++) {
      const [atX, atY] = pointOn(fromX, fromY, curve, step / samples)
      least = Math.min(least, distanceToLine(x, y, lastX, lastY, atX, atY))
      lastX = atX
      lastY = atY
    }
    fromX = curve[4]
    fromY = curve[5]
  }
  return least
}

function pointOn(x0: number, y0: number, [x1, y1, x2, y2, x3, y3]: Curve, t: number): [number, number] {
  const s = 1 - t
  const [a, b, c, d] = [s * s * s, 3 * s * s * t, 3 * s * t * t, t * t * t]
  return [a * x0 + b * x1 + c * x2 + d * x3, a * y0 + b * y1 + c * y2 + d * y3]
}

function distanceToLine(x: number, y: number, ax: number, ay: number, bx: number, by: number): number {
  const [dx, dy] = [bx - ax, by - ay]
  const length = dx * dx + dy * dy
  const t = length === 0 ? 0 : Math.max(0, Math.min(1, ((x - ax) * dx + (y - ay) * dy) / length))
  return Math.hypot(x - ax - t * dx, y - ay - t * dy)
}
