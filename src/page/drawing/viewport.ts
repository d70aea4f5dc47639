export interface Bounds {
  x: number
  y: number
  width: number
  height: number
}

const leastZoom = 0.02
const mostZoom = 3
const margin = 32

/** Below this zoom nothing is written on nodes. */
export const leastReadable = 0.2
/** Where a graph begins of which all would be too small to read. */
const beginning = 0.4

/** The part of the drawing that is on the screen: screen = graph × zoom + offset, px. */
export class Viewport {
  x = 0
  y = 0
  zoom = 1
  /** Of the screen. */
  width = 1
  height = 1

  panBy(dx: number, dy: number): void {
    this.x += dx
    this.y += dy
  }

  /** Changes the zoom so that what is at a point of the screen stays there. */
  zoomBy(factor: number, screenX = this.width / 2, screenY = this.height / 2): void {
    const zoom = Math.min(mostZoom, Math.max(leastZoom, this.zoom * factor))
    const [graphX, graphY] = this.toGraph(screenX, screenY)
    this.zoom = zoom
    this.x = screenX - graphX * zoom
    this.y = screenY - graphY * zoom
  }

  toGraph(screenX: number, screenY: number): [number, number] {
    return [(screenX - this.x) / this.zoom, (screenY - this.y) / this.zoom]
  }

  /** Shows all of it, never larger than 1:1. */
  fit({ x, y, width, height }: Bounds): void {
    const across = (this.width - 2 * margin) / Math.max(width, 1)
    const down = (this.height - 2 * margin) / Math.max(height, 1)
    this.zoom = Math.min(1, Math.max(leastZoom, Math.min(across, down)))
    this.x = this.width / 2 - (x + width / 2) * this.zoom
    this.y = this.height / 2 - (y + height / 2) * this.zoom
  }

  /**
   * As a graph is shown first: all of it, or, where that is too wide to be read but not too high, where its calls begin.
   */
  begin({ width, height }: Pick<Bounds, 'width' | 'height'>): void {
    this.fit({ x: 0, y: 0, width, height })
    const zoom = Math.min(beginning, (this.height - 2 * margin) / Math.max(height, 1))
    if (this.zoom >= leastReadable || zoom < leastReadable) return
    this.zoom = zoom
    this.x = margin / 2
    this.y = this.height / 2 - (height / 2) * zoom
  }

  /** Moves as little as can be until all of it is on the screen; what is too small to read is enlarged. */
  reveal(bounds: Bounds): void {
    if (this.zoom < 0.5) this.zoomBy(0.8 / this.zoom, ...this.toScreen(bounds.x, bounds.y))
    const [left, top] = this.toScreen(bounds.x, bounds.y)
    const [right, bottom] = this.toScreen(bounds.x + bounds.width, bounds.y + bounds.height)
    this.x += Math.max(0, margin - left) - Math.max(0, right - (this.width - margin))
    this.y += Math.max(0, margin - top) - Math.max(0, bottom - (this.height - margin))
  }

  /** The part of the graph that is on the screen. */
  visible(): Bounds {
    const [x, y] = this.toGraph(0, 0)
    return { x, y, width: this.width / this.zoom, height: this.height / this.zoom }
  }

  private toScreen(graphX: number, graphY: number): [number, number] {
    return [graphX * this.zoom + this.x, graphY * this.zoom + this.y]
  }
}
