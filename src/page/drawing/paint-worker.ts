import { type Look, Painter } from './painter.ts'
import type { Scene } from './scene.ts'

/** What the page sends: the canvas first, then scenes and looks; each message has one of them. */
export interface PaintMessage {
  canvas?: OffscreenCanvas
  scene?: { scene: Scene; number: number; moves: boolean }
  look?: Look
}

let painter: Painter | undefined

/** Runs in a worker: paints, and answers with the number of the scene that is on the canvas. */
self.addEventListener('message', ({ data: { canvas, scene, look } }: MessageEvent<PaintMessage>) => {
  if (canvas) painter = new Painter(canvas, (number) => self.postMessage(number))
  if (scene) painter?.show(scene.scene, scene.number, scene.moves)
  if (look) painter?.lookAt(look)
})
