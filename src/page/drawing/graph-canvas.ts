import { LayoutClient } from '../layout/layout-client.ts'
import { nodeHeight, nodeWidth } from '../layout/node-size.ts'
import type { VisibleGraph } from '../session/visible-graph.ts'
import type { PaintMessage } from './paint-worker.ts'
import { type Palette, readPalette } from './palette.ts'
import { layoutInputOf, recoloured, sceneOf } from './place-scene.ts'
import type { Scene, Target } from './scene.ts'
import type { Shades } from './shades.ts'
import { Viewport } from './viewport.ts'

/** More nodes than this do not move, they jump. */
const mostMoving = 300

/** The canvas and what is on it. It is laid out and painted in workers: the page goes on meanwhile. */
export class GraphCanvas {
  readonly viewport = new Viewport()
  /** Says in `data-drawn` how many drawings have been on it. */
  readonly element: HTMLCanvasElement
  scene: Scene | undefined
  private readonly layouts = new LayoutClient()
  private readonly painter = new Worker(new URL('./paint-worker.js', import.meta.url), { type: 'module' })
  private palette: Palette
  private selected: Target | undefined
  private hovered: Target | undefined
  private focus: string | undefined
  private scenes = 0
  private isAsked = false

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

  /** Lays the graph out and draws it, unless another one comes meanwhile. @returns whether it is drawn */
  async show(graph: VisibleGraph, shades: Shades): Promise<boolean> {
    const layout = await this.layouts.layOut(layoutInputOf(graph))
    if (layout === undefined) return false
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches
    const moves = !still && Math.max(graph.nodes.length, this.scene?.nodes.length ?? 0) <= mostMoving
    this.viewport.begin(layout)
    this.scenes++
    this.paint(sceneOf(graph, layout, shades), moves)
    return true
  }

  /** The same graph in other colours. */
  recolour(shades: Shades): void {
    if (this.scene) this.paint(recoloured(this.scene, shades), false)
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

  /** Brings a node onto the screen. */
  reveal(id: string): void {
    const placed = this.scene?.byId.get(id)
    if (placed) this.viewport.reveal({ x: placed.x, y: placed.y, width: nodeWidth, height: nodeHeight })
    this.draw()
  }

  fit(): void {
    if (this.scene) this.viewport.fit(this.scene.bounds)
    this.draw()
  }

  /** After the style sheet has changed its colours. */
  restyle(): void {
    this.palette = readPalette(this.element)
    this.draw()
  }

  /** Has it painted as it is looked at now; many calls at once are one. */
  draw(): void {
    if (this.isAsked) return
    this.isAsked = true
    queueMicrotask(() => {
      this.isAsked = false
      const { palette, selected, hovered, focus } = this
      const { x, y, zoom, width, height } = this.viewport
      const viewport = { x, y, zoom, width, height }
      this.tell({ look: { viewport, scale: devicePixelRatio, palette, selected, hovered, focus } })
    })
  }

  private paint(scene: Scene, moves: boolean): void {
    this.scene = scene
    this.tell({ scene: { scene, number: this.scenes, moves } })
    this.draw()
  }

  private tell(message: PaintMessage): void {
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
