import type { BaseLogger } from 'pino'
import { TtaError } from '../../base/errors.ts'
import { createKeyedQueue } from '../../base/keyed-queue.ts'
import type { GraphSink } from '../graph-sink.ts'
import { createProviderClient, ProviderFailure } from './client.ts'
import { createReplacement, sinkName } from './replace-or-restore.ts'
import { persistently, writeOnce } from './verified-write.ts'

export interface NodegraphProviderOptions {
  /** Base URL, such as http://localhost:9393. */
  url: string
  /** Sent with every request; never logged. */
  headers: Record<string, string>
  /** Longest request with its whole response, ms; 30 s and more for graphs of tens of thousands of nodes. */
  timeoutMs: number
  /** Attempts to write the whole graph after the first one. */
  retries: number
  log: Pick<BaseLogger, 'warn' | 'error'>
  /** Delay before the first retry; doubles with each further one. @default 250 */
  retryDelayMs?: number
  /** Longest time that a running write, and then its restoring, may take after an abort. @default 5000 */
  graceMs?: number
}

/** The provider has 50 pooled connections. Without a free one it does not wait, and stores nothing. */
const maxConcurrentWrites = 10

/**
 * Creates the sink for opsdis/nodegraph-provider. The provider sometimes answers 201 and stores nothing, deletes before
 * it creates, and mixes the graphs of two writers.
 *
 * Therefore each graph has one writer, every write is read back, and a failed write is repeated whole. If all attempts
 * fail, the last good graph is restored.
 */
export function createNodegraphProviderSink(options: NodegraphProviderOptions): GraphSink {
  const { retries, log, retryDelayMs = 250, graceMs = 5000 } = options
  const client = createProviderClient(options)
  const queue = createKeyedQueue(maxConcurrentWrites)

  function persist<T>(graph: string, signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    const onRetry = ({ message }: ProviderFailure, attempt: number) =>
      log.warn({ sink: sinkName, graph, attempt, reason: message }, 'graph sink: retrying')
    return persistently(task, { retries, retryDelayMs, signal, onRetry })
  }

  const { replace, restore, forget } = createReplacement({ client, persist, graceMs })

  return {
    name: sinkName,
    replace: (document, signal) =>
      queue.run({ keys: [document.name], signal }, async () => {
        const report = await replace(document, signal)
        if (report.reason) log.error({ graph: document.name, ...report }, 'graph sink: graph not stored')
        return report
      }),
    restore: (document, signal) =>
      queue.run({ keys: [document.name], signal }, async () => {
        const { name: graph } = document
        try {
          const result = await restore(document, signal)
          if (result === 'same') return
          if (result === 'another')
            log.warn({ graph }, 'graph sink: holds a graph that differs from the last one here')
          else if (result.reason)
            log.error({ graph, ...result }, 'graph sink: had lost the graph, and did not store it again')
          else log.warn({ graph }, 'graph sink: had lost the graph, which is now restored')
        } catch (error) {
          signal.throwIfAborted()
          if (!(error instanceof ProviderFailure)) throw error
          log.error({ graph, reason: error.message }, 'graph sink: could not be checked for the graph')
        }
      }),
    remove: (graphName, signal) =>
      queue.run({ keys: [graphName], signal }, async () => {
        try {
          const existed = await persist(graphName, signal, async () => {
            const held = await client.read(graphName, signal)
            await writeOnce(client, graphName, null, signal)
            return held !== null
          })
          forget(graphName)
          return existed
        } catch (error) {
          signal.throwIfAborted()
          throw sinkFailed(`graph ${graphName} could not be removed`, error)
        }
      }),
    async check(signal) {
      try {
        await client.probe(signal)
      } catch (error) {
        signal.throwIfAborted()
        throw sinkFailed('graphs cannot be published', error)
      }
    },
    async close() {
      await queue.idle()
      client.close()
    },
  }
}

function sinkFailed(what: string, cause: unknown): unknown {
  if (!(cause instanceof ProviderFailure)) return cause
  return new TtaError('TTA_SINK_FAILED', `${what}: nodegraph-provider ${cause.message}`, { cause })
}
