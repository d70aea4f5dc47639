import { Worker } from 'node:worker_threads'
import { TtaError } from '../base/errors.ts'
import { createKeyedQueue } from '../base/keyed-queue.ts'
import { builtFile } from '../base/package.ts'
import { toDot } from './dot.ts'
import type { Drawing, DrawingTask } from './drawing-thread.ts'
import type { ExportGraph } from './export-graph.ts'
import { maxReadableNodes } from './shown-part.ts'

/** Most nodes for the layered layout `dot`, which takes minutes above it. `sfdp` draws 1,000 nodes in a second. */
const maxLayeredNodes = maxReadableNodes
/** Most nodes with labelled edges, which take several times as long. */
const maxNodesWithLabels = 60
const defaultDeadlineMs = 10_000
/** Most drawings that wait in the queue; each takes a core for seconds. */
const maxWaiting = 20

export interface DrawingOptions {
  /** Longest time for one drawing, ms. @default 10_000 */
  deadlineMs?: number
}

/** Draws a graph as SVG. Stops when the signal is aborted. @throws {TtaError} TTA_DEADLINE, TTA_QUEUE_FULL */
export type Draw = (graph: ExportGraph, signal: AbortSignal) => Promise<string>

const threadFile = builtFile('export/drawing-thread.js')

/** Creates a queue that draws one graph at a time, each in its own thread. */
export function createDrawing(options: DrawingOptions = {}): Draw {
  const queue = createKeyedQueue(1)
  return (graph, signal) => {
    if (queue.waiting >= maxWaiting) throw tooManyDrawings()
    const { length } = graph.nodes
    const task: DrawingTask = {
      dot: toDot(graph, { edgeLabels: length <= maxNodesWithLabels }),
      engine: length <= maxLayeredNodes ? 'dot' : 'sfdp',
    }
    return queue.run({ keys: [], signal }, () =>
      drawInThread(task, options.deadlineMs ?? defaultDeadlineMs, signal, length),
    )
  }
}

async function drawInThread(
  task: DrawingTask,
  ms: number,
  signal: AbortSignal,
  nodes: number,
): Promise<string> {
  const worker = new Worker(threadFile, { workerData: task, execArgv: [] })
  const late = AbortSignal.timeout(ms)
  try {
    const drawing = await new Promise<Drawing>((resolve, reject) => {
      late.addEventListener('abort', () => reject(tooLarge(nodes, ms)))
      signal.addEventListener('abort', () => reject(signal.reason), { once: true })
      worker.on('message', resolve)
      worker.on('error', reject)
      worker.on('exit', () => reject(new Error('the drawing thread ended without a result')))
    })
    if ('svg' in drawing) return drawing.svg
    throw new TtaError('TTA_INTERNAL', 'The graph could not be drawn', { cause: new Error(drawing.failure) })
  } finally {
    await worker.terminate()
  }
}

function tooLarge(nodes: number, ms: number): TtaError {
  const message = `Drawing ${nodes} nodes took longer than ${ms / 1000} s: request fewer nodes with max_nodes or focus`
  return new TtaError('TTA_DEADLINE', message)
}

function tooManyDrawings(): TtaError {
  const details = { retryAfterSec: 5 }
  return new TtaError('TTA_QUEUE_FULL', `The queue of ${maxWaiting} drawings is full: try again in 5 s`, {
    details,
  })
}
