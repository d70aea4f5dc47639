import type { GraphCanvas } from './graph-canvas.ts'
import { nextNode } from './scene.ts'

export interface KeyActions {
  selected: () => string | undefined
  selectNode: (id: string) => void
  toggleFocus: (id: string) => void
  /** Moves the focus to the details of the selection. */
  enterDetails: () => void
}

const arrows: Record<string, [dx: number, dy: number]> = {
  ArrowLeft: [-1, 0],
  ArrowRight: [1, 0],
  ArrowUp: [0, -1],
  ArrowDown: [0, 1],
}

/** Handles keys: arrows select the next node, f focuses it, Enter opens its details, + - 0 zoom. */
export function listenToKeys(canvas: GraphCanvas, actions: KeyActions): void {
  const commands: Record<string, () => void> = {
    f: () => {
      const selected = actions.selected()
      if (selected !== undefined) actions.toggleFocus(selected)
    },
    Enter: actions.enterDetails,
    0: () => canvas.fit(),
    '+': () => zoom(1.25),
    '=': () => zoom(1.25),
    '-': () => zoom(0.8),
  }
  canvas.element.addEventListener('keydown', (event) => {
    if (event.ctrlKey || event.metaKey || event.altKey || !act(event)) return
    event.preventDefault()
  })

  function act({ key, shiftKey }: KeyboardEvent): boolean {
    const arrow = arrows[key]
    if (arrow) return shiftKey ? pan(...arrow) : go(...arrow)
    const command = commands[key]
    command?.()
    return command !== undefined
  }

  function go(dx: number, dy: number): boolean {
    const next = canvas.scene && nextNode(canvas.scene, actions.selected(), dx, dy)
    if (next !== undefined) actions.selectNode(next)
    return true
  }

  function pan(dx: number, dy: number): boolean {
    canvas.viewport.panBy(-dx * 60, -dy * 60)
    canvas.draw()
    return true
  }

  function zoom(factor: number): void {
    canvas.viewport.zoomBy(factor)
    canvas.draw()
  }
}
