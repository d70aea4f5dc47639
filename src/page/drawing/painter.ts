import { drawEdgeLabels, drawEdges, type Emphasis } from './draw-edges.ts'
import { drawNodes } from './draw-nodes.ts'
import type { Palette } from './palette.ts'
import type { Scene, Target } from './scene.ts'
import { interpolateScenes } from './scene.ts'
import { Viewport } from './viewport.ts'

const transitionMs = 260

/** The visible section of a scene, its colours and its marks. */
export interface Appearance {
  /** Screen position = graph position × zoom + offset; CSS px. */
  viewport: Pick<Viewport, 'x' | 'y' | 'zoom' | 'width' | 'height'>
  /** Device pixels per CSS px. */
  scale: number
  palette: Palette
  selected: Target | undefined
  hovered: Target | undefined
  /** Id of the node in focus. */
  focus: string | undefined
}

/** Paints a scene, at most once per frame. Runs in a worker, because painting thousands of edges takes time. */
export class Painter {
  private readonly canvas: OffscreenCanvas
  private readonly context: OffscreenCanvasRenderingContext2D
  private readonly viewport = new Viewport()
  private readonly onPainted: (scene: number) => void
  private appearance: Appearance | undefined
  private scene: Scene | undefined
  private sceneNumber = 0
  private paintedNumber = 0
  private transition: { from: Scene; startedMs: number } | undefined
  private frame = 0

  /** @param onPainted called with the number of each scene once it is painted */
  constructor(canvas: OffscreenCanvas, onPainted: (scene: number) => void) {
    this.canvas = canvas
    this.context = canvas.getContext('2d') as OffscreenCanvasRenderingContext2D
    this.onPainted = onPainted
  }

  /** @param moves whether to animate from the previous scene */
  show(scene: Scene, number: number, moves: boolean): void {
    this.transition = moves && this.scene ? { from: this.scene, startedMs: performance.now() } : undefined
    this.scene = scene
    this.sceneNumber = number
    this.draw()
  }

  setAppearance(appearance: Appearance): void {
    this.appearance = appearance
    this.draw()
  }

  private draw(): void {
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.paint())
  }

  private paint(): void {
    this.frame = 0
    const { canvas, context, viewport, appearance } = this
    if (!appearance) return
    const { scale, palette, selected, hovered, focus } = appearance
    Object.assign(viewport, appearance.viewport)
    const [width, height] = [Math.round(viewport.width * scale), Math.round(viewport.height * scale)]
    if (canvas.width !== width || canvas.height !== height) Object.assign(canvas, { width, height })
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.clearRect(0, 0, width, height)
    const scene = this.currentScene()
    if (!scene) return
    const zoom = viewport.zoom * scale
    context.setTransform(zoom, 0, 0, zoom, viewport.x * scale, viewport.y * scale)
    const emphasis = emphasisOn(scene, selected ?? hovered)
    const marks = { selected: nodeId(selected), hovered: nodeId(hovered), focus }
    const screen = viewport.visible()
    drawEdges(context, scene, palette, viewport.zoom, screen, emphasis)
    drawNodes(context, scene, palette, viewport.zoom, screen, emphasis, marks)
    if (emphasis) drawEdgeLabels(context, scene, palette, viewport.zoom, emphasis)
    if (this.paintedNumber === this.sceneNumber) return
    this.paintedNumber = this.sceneNumber
    this.onPainted(this.sceneNumber)
  }

  private currentScene(): Scene | undefined {
    if (!this.scene || !this.transition) return this.scene
    const progress = (performance.now() - this.transition.startedMs) / transitionMs
    if (progress >= 1) {
      this.transition = undefined
      return this.scene
    }
    this.draw()
    return interpolateScenes(this.transition.from, this.scene, progress)
  }
}

const nodeId = (target: Target | undefined) => (target?.kind === 'node' ? target.id : undefined)

/** Emphasizes a node with its edges and neighbours, or an edge with its ends. */
function emphasisOn({ edges }: Scene, target: Target | undefined): Emphasis | undefined {
  if (target === undefined) return undefined
  const nodes = new Set(target.kind === 'node' ? [target.id] : [])
  const emphasized = new Set<string>()
  for (const { edge } of edges) {
    const touches =
      target.kind === 'edge' ? edge.id === target.id : [edge.source, edge.target].includes(target.id)
    if (!touches) continue
    emphasized.add(edge.id)
    nodes.add(edge.source).add(edge.target)
  }
  return { nodes, edges: emphasized }
}
