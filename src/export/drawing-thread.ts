import { parentPort, workerData } from 'node:worker_threads'
import { instance } from '@viz-js/viz'

/** What a thread is started with. */
export interface DrawingTask {
  /** In the language of Graphviz. */
  dot: string
  engine: 'dot' | 'sfdp'
}

/** What it answers, once. */
export type Drawing = { svg: string } | { failure: string }

// Graphviz cannot be interrupted, only its thread can be ended.
if (parentPort) parentPort.postMessage(await draw(workerData as DrawingTask))

async function draw({ dot, engine }: DrawingTask): Promise<Drawing> {
  const graphviz = await instance()
  const result = graphviz.render(dot, { format: 'svg', engine })
  if (result.status === 'success' && result.output !== undefined) return { svg: result.output }
  return { failure: result.errors.map(({ message }) => message).join('; ') }
}
