import { type Appearance, Painter } from './painter.ts'
import type { Scene } from './scene.ts'

/** A message of the page: the canvas first, then scenes and appearances, one per message. */
export interface PaintMessage {
  canvas?: OffscreenCanvas
  scene?: { scene: Scene; number: number; moves: boolean }
  appearance?: Appearance
}

let painter: Painter | undefined

/** Runs in a worker: paints scenes and answers with the number of the painted scene. */
self.addEventListener('message', ({ data: { canvas, scene, appearance } }: MessageEvent<PaintMessage>) => {
  if (canvas) painter = new Painter(canvas, (number) => self.postMessage(number))
  if (scene) painter?.show(scene.scene, scene.number, scene.moves)
  if (appearance) painter?.setAppearance(appearance)
})
