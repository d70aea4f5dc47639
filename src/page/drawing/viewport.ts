export interface Bounds {
  x: number
  y: number
  width: number
  height: number
}

const minZoom = 0.02
const maxZoom = 3
const margin = 32

/** Smallest zoom for texts on nodes. */
export const minReadableZoom = 0.2
/** First zoom of a graph that would be illegible as a whole. */
const firstZoom = 0.4

/** The visible section of the drawing: screen position = graph position × zoom + offset, px. */
export class Viewport {
  x = 0
  y = 0
  zoom = 1
  /** Size of the screen area, px. */
  width = 1
  height = 1

  panBy(dx: number, dy: number): void {
    this.x += dx
    this.y += dy
  }

  /** Zooms around a point of the screen. */
  zoomBy(factor: number, screenX = this.width / 2, screenY = this.height / 2): void {
    const zoom = Math.min(maxZoom, Math.max(minZoom, this.zoom * factor))
    const [graphX, graphY] = this.toGraph(screenX, screenY)
    this.zoom = zoom
    this.x = screenX - graphX * zoom
    this.y = screenY - graphY * zoom
  }

  toGraph(screenX: number, screenY: number): [number, number] {
    return [(screenX - this.x) / this.zoom, (screenY - this.y) / this.zoom]
  }

  /** Shows the whole graph, at most at zoom 1. */
  fit({ x, y, width, height }: Bounds): void {
    const across = (this.width - 2 * margin) / Math.max(width, 1)
    const down = (this.height - 2 * margin) / Math.max(height, 1)
    this.zoom = Math.min(1, Math.max(minZoom, Math.min(across, down)))
    this.x = this.width / 2 - (x + width / 2) * this.zoom
    this.y = this.height / 2 - (y + height / 2) * this.zoom
  }

  /**
   * Shows a new graph: as a whole if it is legible. A graph that is too wide, but not too high, is shown from its first
   * callers on.
   */
  showFirst({ width, height }: Pick<Bounds, 'width' | 'height'>): void {
    this.fit({ x: 0, y: 0, width, height })
    const zoom = Math.min(firstZoom, (this.height - 2 * margin) / Math.max(height, 1))
    if (this.zoom >= minReadableZoom || zoom < minReadableZoom) return
    this.zoom = zoom
    this.x = margin / 2
    this.y = this.height / 2 - (height / 2) * zoom
  }

  /** Pans as little as necessary until the bounds are on the screen. Zooms in first if texts are too small. */
  reveal(bounds: Bounds): void {
    if (this.zoom < 0.5) this.zoomBy(0.8 / this.zoom, ...this.toScreen(bounds.x, bounds.y))
    const [left, top] = this.toScreen(bounds.x, bounds.y)
    const [right, bottom] = this.toScreen(bounds.x + bounds.width, bounds.y + bounds.height)
    this.x += Math.max(0, margin - left) - Math.max(0, right - (this.width - margin))
    this.y += Math.max(0, margin - top) - Math.max(0, bottom - (this.height - margin))
  }

  /** Returns the section of the graph that is on the screen. */
  visible(): Bounds {
    const [x, y] = this.toGraph(0, 0)
    return { x, y, width: this.width / this.zoom, height: this.height / this.zoom }
  }

  private toScreen(graphX: number, graphY: number): [number, number] {
    return [graphX * this.zoom + this.x, graphY * this.zoom + this.y]
  }
}
