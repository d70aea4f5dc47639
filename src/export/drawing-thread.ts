import { parentPort, workerData } from 'node:worker_threads'
import { instance } from '@viz-js/viz'

/** Data that the thread is started with. */
export interface DrawingTask {
  /** Graph in the language of Graphviz. */
  dot: string
  engine: 'dot' | 'sfdp'
}

/** The only message that the thread sends. */
export type Drawing = { svg: string } | { failure: string }

// Graphviz runs in a thread because it cannot be interrupted: terminating the thread is the only way to stop it.
if (parentPort) parentPort.postMessage(await draw(workerData as DrawingTask))

async function draw({ dot, engine }: DrawingTask): Promise<Drawing> {
  const graphviz = await instance()
  const result = graphviz.render(dot, { format: 'svg', engine })
  if (result.status === 'success' && result.output !== undefined) return { svg: result.output }
  return { failure: result.errors.map(({ message }) => message).join('; ') }
}
