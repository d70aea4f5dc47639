import type { GraphCanvas } from './graph-canvas.ts'
import { type Target, targetAt } from './scene.ts'

export interface PointerActions {
  select: (target: Target | undefined) => void
  focus: (id: string) => void
}

const clickPx = 5
const edgeReachPx = { mouse: 7, touch: 16 }

/** Handles pointers: dragging pans, the wheel or two fingers zoom, a click selects, a double click focuses. */
export function listenToPointer(canvas: GraphCanvas, { select, focus }: PointerActions): void {
  const { element, viewport } = canvas
  const pointers = new Map<string, { x: number; y: number }>()
  let moved = 0

  const at = (event: MouseEvent) => ({ x: event.offsetX, y: event.offsetY })
  const targetOf = (event: PointerEvent | MouseEvent): Target | undefined => {
    if (!canvas.scene) return undefined
    const touch = 'pointerType' in event && event.pointerType === 'touch'
    const reach = edgeReachPx[touch ? 'touch' : 'mouse'] / viewport.zoom
    return targetAt(canvas.scene, ...viewport.toGraph(event.offsetX, event.offsetY), reach)
  }

  element.addEventListener('pointerdown', (event) => {
    element.setPointerCapture(event.pointerId)
    pointers.set(String(event.pointerId), at(event))
    moved = 0
  })
  element.addEventListener('pointermove', (event) => {
    const last = pointers.get(String(event.pointerId))
    if (!last) {
      const target = targetOf(event)
      canvas.hover(target)
      element.style.cursor = target ? 'pointer' : 'grab'
      return
    }
    const now = at(event)
    const other = [...pointers.entries()].find(([id]) => id !== String(event.pointerId))?.[1]
    moved += Math.abs(now.x - last.x) + Math.abs(now.y - last.y)
    if (other) {
      const [was, is] = [distance(last, other), distance(now, other)]
      if (was > 0) viewport.zoomBy(is / was, (now.x + other.x) / 2, (now.y + other.y) / 2)
    } else if (moved > clickPx) {
      viewport.panBy(now.x - last.x, now.y - last.y)
      element.style.cursor = 'grabbing'
    }
    pointers.set(String(event.pointerId), now)
    canvas.draw()
  })
  element.addEventListener('pointerup', (event) => {
    if (pointers.size === 1 && moved <= clickPx && event.button === 0) select(targetOf(event))
    pointers.delete(String(event.pointerId))
  })
  element.addEventListener('pointercancel', (event) => pointers.delete(String(event.pointerId)))
  element.addEventListener('pointerleave', () => canvas.hover(undefined))
  element.addEventListener('dblclick', (event) => {
    const target = targetOf(event)
    if (target?.kind === 'node') focus(target.id)
  })
  element.addEventListener(
    'wheel',
    (event) => {
      event.preventDefault()
      const lines = event.deltaMode === WheelEvent.DOM_DELTA_LINE ? 16 : 1
      viewport.zoomBy(Math.exp(-event.deltaY * lines * 0.0015), event.offsetX, event.offsetY)
      canvas.draw()
    },
    { passive: false },
  )
}

const distance = (a: { x: number; y: number }, b: { x: number; y: number }) =>
  Math.hypot(a.x - b.x, a.y - b.y)
