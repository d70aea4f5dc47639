import { LayoutClient } from '../layout/layout-client.ts'
import { nodeHeight, nodeWidth } from '../layout/node-size.ts'
import type { VisibleGraph } from '../visible-graph.ts'
import { drawEdgeLabels, drawEdges, type Emphasis } from './draw-edges.ts'
import { drawNodes, type Marks } from './draw-nodes.ts'
import { type Palette, readPalette } from './palette.ts'
import { between, layoutInputOf, sceneOf } from './place-scene.ts'
import type { Scene, Target } from './scene.ts'
import type { Shades } from './shades.ts'
import { Viewport } from './viewport.ts'

const transitionMs = 260
/** More nodes than this do not move, they jump. */
const mostMoving = 300

/** The canvas and what is drawn on it. Draws when something has changed, once per frame. */
export class GraphCanvas {
  readonly viewport = new Viewport()
  scene: Scene | undefined
  private readonly layouts = new LayoutClient()
  private readonly context: CanvasRenderingContext2D
  private palette: Palette
  private marks: Marks = { selected: undefined, hovered: undefined, focus: undefined }
  private selected: Target | undefined
  private hovered: Target | undefined
  private transition: { from: Scene; startedMs: number } | undefined
  private frame = 0
  readonly element: HTMLCanvasElement

  constructor(element: HTMLCanvasElement) {
    this.element = element
    this.context = element.getContext('2d') as CanvasRenderingContext2D
    this.palette = readPalette(element)
    new ResizeObserver(() => this.resize()).observe(element)
    this.resize()
  }

  /** Lays the graph out and draws it, unless another one comes meanwhile. @returns whether it is drawn */
  async show(graph: VisibleGraph, shades: Shades): Promise<boolean> {
    const layout = await this.layouts.layOut(layoutInputOf(graph))
    if (layout === undefined) return false
    const earlier = this.scene
    this.scene = sceneOf(graph, layout, shades)
    const still = matchMedia('(prefers-reduced-motion: reduce)').matches
    const moves = earlier && !still && Math.max(graph.nodes.length, earlier.nodes.length) <= mostMoving
    this.transition = moves ? { from: earlier, startedMs: performance.now() } : undefined
    this.fit()
    return true
  }

  /** The same graph in other colours. */
  recolour(shades: Shades): void {
    if (this.scene) this.scene = { ...this.scene, shades }
    this.draw()
  }

  mark(selected: Target | undefined, focus: string | undefined): void {
    this.selected = selected
    this.marks = { ...this.marks, selected: selected?.kind === 'node' ? selected.id : undefined, focus }
    this.draw()
  }

  hover(target: Target | undefined): void {
    if (target?.id === this.hovered?.id) return
    this.hovered = target
    this.marks.hovered = target?.kind === 'node' ? target.id : undefined
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

  draw(): void {
    if (this.frame === 0) this.frame = requestAnimationFrame(() => this.paint())
  }

  private resize(): void {
    const { clientWidth, clientHeight } = this.element
    const { width, height } = this.viewport
    this.viewport.width = Math.max(clientWidth, 1)
    this.viewport.height = Math.max(clientHeight, 1)
    this.viewport.panBy((this.viewport.width - width) / 2, (this.viewport.height - height) / 2)
    this.element.width = this.viewport.width * devicePixelRatio
    this.element.height = this.viewport.height * devicePixelRatio
    this.paint()
  }

  private paint(): void {
    this.frame = 0
    const { context, viewport, palette } = this
    context.setTransform(1, 0, 0, 1, 0, 0)
    context.clearRect(0, 0, this.element.width, this.element.height)
    const scene = this.sceneNow()
    if (!scene) return
    const scale = viewport.zoom * devicePixelRatio
    context.setTransform(scale, 0, 0, scale, viewport.x * devicePixelRatio, viewport.y * devicePixelRatio)
    const emphasis = emphasisOn(scene, this.selected ?? this.hovered)
    const screen = viewport.visible()
    drawEdges(context, scene, palette, viewport.zoom, screen, emphasis)
    drawNodes(context, scene, palette, viewport.zoom, screen, emphasis, this.marks)
    if (emphasis) drawEdgeLabels(context, scene, palette, viewport.zoom, emphasis)
  }

  private sceneNow(): Scene | undefined {
    if (!this.scene || !this.transition) return this.scene
    const progress = (performance.now() - this.transition.startedMs) / transitionMs
    if (progress >= 1) {
      this.transition = undefined
      return this.scene
    }
    this.draw()
    return between(this.transition.from, this.scene, progress)
  }
}

/** A node with its edges and neighbours, or an edge with its ends. */
function emphasisOn({ edges }: Scene, target: Target | undefined): Emphasis | undefined {
  if (target === undefined) return undefined
  const nodes = new Set(target.kind === 'node' ? [target.id] : [])
  const outstanding = new Set<string>()
  for (const { edge } of edges) {
    const touches =
      target.kind === 'edge' ? edge.id === target.id : [edge.source, edge.target].includes(target.id)
    if (!touches) continue
    outstanding.add(edge.id)
    nodes.add(edge.source).add(edge.target)
  }
  return { nodes, edges: outstanding }
}
