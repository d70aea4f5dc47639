import { LayoutClient } from '../layout/layout-client.ts'
import { nodeHeight, nodeWidth } from '../layout/node-size.ts'
import type { VisibleGraph } from '../session/filter-graph.ts'
import type { PaintMessage } from './paint-worker.ts'
import { type Palette, readPalette } from './palette.ts'
import type { Scene, Target } from './scene.ts'
import { buildScene, recolourScene, toLayoutInput } from './scene.ts'
import type { Shades } from './shades.ts'
import { Viewport } from './viewport.ts'

/** Most nodes to animate. */
const maxAnimatedNodes = 300

/** The graph on the canvas. Workers lay it out and paint it, so that the page stays responsive. */
export class GraphCanvas {
  readonly viewport = new Viewport()
  /** Its attribute `data-drawn` counts the drawings, for tests. */
  readonly element: HTMLCanvasElement
  scene: Scene | undefined
  private readonly layouts = new LayoutClient()
  private readonly painter = new Worker(new URL('./paint-worker.js', import.meta.url), { type: 'module' })
  private palette: Palette
  private selected: Target | undefined
  private hovered: Target | undefined
  private focus: string | undefined
  private scenes = 0
  private isRequested = false

  constructor(element: HTMLCanvasElement) {
    this.element = element
    this.palette = readPalette(element)
    const canvas = element.transferControlToOffscreen()
    this.painter.postMessage({ canvas }, [canvas])
    this.painter.addEventListener('message', ({ data }) => {
      element.dataset.drawn = String(data)
    })
    new ResizeObserver(() => this.resize()).observe(element)
    this.resize()
  }

  /** Lays out and draws a graph. @returns false if another graph replaced it during the layout */
  async show(graph: VisibleGraph, shades: Shades): Promise<boolean> {
    const layout = await this.layouts.layOut(toLayoutInput(graph))
    if (layout === undefined) return false
    const reducedMotion = matchMedia('(prefers-reduced-motion: reduce)').matches
    const moves =
      !reducedMotion && Math.max(graph.nodes.length, this.scene?.nodes.length ?? 0) <= maxAnimatedNodes
    this.viewport.showFirst(layout)
    this.scenes++
    this.paint(buildScene(graph, layout, shades), moves)
    return true
  }

  /** Draws the same graph in other colours. */
  recolour(shades: Shades): void {
    if (this.scene) this.paint(recolourScene(this.scene, shades), false)
  }

  mark(selected: Target | undefined, focus: string | undefined): void {
    this.selected = selected
    this.focus = focus
    this.draw()
  }

  hover(target: Target | undefined): void {
    if (target?.id === this.hovered?.id) return
    this.hovered = target
    this.draw()
  }

  /** Moves the viewport until a node is on the screen. */
  reveal(id: string): void {
    const placed = this.scene?.byId.get(id)
    if (placed) this.viewport.reveal({ x: placed.x, y: placed.y, width: nodeWidth, height: nodeHeight })
    this.draw()
  }

  fit(): void {
    if (this.scene) this.viewport.fit(this.scene.bounds)
    this.draw()
  }

  /** Reads the colours again after the theme has changed. */
  restyle(): void {
    this.palette = readPalette(this.element)
    this.draw()
  }

  /** Requests a repaint. Several calls in one task cause one repaint. */
  draw(): void {
    if (this.isRequested) return
    this.isRequested = true
    queueMicrotask(() => {
      this.isRequested = false
      const { palette, selected, hovered, focus } = this
      const { x, y, zoom, width, height } = this.viewport
      const viewport = { x, y, zoom, width, height }
      this.post({ appearance: { viewport, scale: devicePixelRatio, palette, selected, hovered, focus } })
    })
  }

  private paint(scene: Scene, moves: boolean): void {
    this.scene = scene
    this.post({ scene: { scene, number: this.scenes, moves } })
    this.draw()
  }

  private post(message: PaintMessage): void {
    this.painter.postMessage(message)
  }

  private resize(): void {
    const { clientWidth, clientHeight } = this.element
    const { width, height } = this.viewport
    this.viewport.width = Math.max(clientWidth, 1)
    this.viewport.height = Math.max(clientHeight, 1)
    this.viewport.panBy((this.viewport.width - width) / 2, (this.viewport.height - height) / 2)
    this.draw()
  }
}
