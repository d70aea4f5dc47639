import { Worker } from 'node:worker_threads'
import { TtaError } from '../base/errors.ts'
import { createKeyedQueue } from '../base/keyed-queue.ts'
import { builtFile } from '../base/package.ts'
import { dot } from './dot.ts'
import type { Drawing, DrawingTask } from './drawing-thread.ts'
import type { ExportGraph } from './export-graph.ts'

/** Above so many nodes the layers of `dot` take minutes; springs (`sfdp`) take a second for a thousand. */
const mostInLayers = 200
/** Figures beside the edges take several times as long. */
const mostWithLabels = 60
const deadlineMs = 10_000
/** Most drawings that wait: each takes a core for seconds. */
const maxWaiting = 20

export interface DrawingOptions {
  /** Longest time for one drawing, ms. @default 10 s */
  deadlineMs?: number
}

/** Draws a graph as SVG. Gives up when the signal is aborted. @throws {TtaError} TTA_DEADLINE, TTA_QUEUE_FULL */
export type Draw = (graph: ExportGraph, signal: AbortSignal) => Promise<string>

const threadFile = builtFile('export/drawing-thread.js')

/** One drawing at a time, each in a thread of its own. */
export function createDrawing(options: DrawingOptions = {}): Draw {
  const queue = createKeyedQueue(1)
  return (graph, signal) => {
    if (queue.waiting >= maxWaiting) throw tooManyDrawings()
    const { length } = graph.nodes
    const task: DrawingTask = {
      dot: dot(graph, { edgeLabels: length <= mostWithLabels }),
      engine: length <= mostInLayers ? 'dot' : 'sfdp',
    }
    return queue.run({ keys: [], signal }, () =>
      drawInThread(task, options.deadlineMs ?? deadlineMs, signal, length),
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
      worker.on('exit', () => reject(new Error('the drawing thread has ended')))
    })
    if ('svg' in drawing) return drawing.svg
    throw new TtaError('TTA_INTERNAL', 'The graph could not be drawn', { cause: new Error(drawing.failure) })
  } finally {
    await worker.terminate()
  }
}

function tooLarge(nodes: number, ms: number): TtaError {
  const message = `Drawing ${nodes} nodes took longer than ${ms / 1000} s: ask for fewer with max_nodes or focus`
  return new TtaError('TTA_DEADLINE', message)
}

function tooManyDrawings(): TtaError {
  const details = { retryAfterSec: 5 }
  return new TtaError('TTA_QUEUE_FULL', `${maxWaiting} drawings wait already: try again in 5 s`, { details })
}
