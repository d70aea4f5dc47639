import type { BaseLogger } from 'pino'
import { TtaError } from '../../base/errors.ts'
import { createKeyedQueue } from '../../base/keyed-queue.ts'
import type { GraphSink } from '../graph-sink.ts'
import { createProviderClient, ProviderFailure } from './client.ts'
import { createReplacement, sinkName } from './replace-or-restore.ts'
import { persistently, writeOnce } from './verified-write.ts'

export interface NodegraphProviderOptions {
  /** Base address, such as http://localhost:9393. */
  url: string
  /** Sent with every request; never logged. */
  headers: Record<string, string>
  /** For one request and its whole answer; 30 s and more for graphs of tens of thousands of nodes. */
  timeoutMs: number
  /** Whole writes after the first one. */
  retries: number
  log: Pick<BaseLogger, 'warn' | 'error'>
  /** Before the first retry, doubling; default 250. */
  retryDelayMs?: number
  /** How long a write that has begun may go on after its caller has gone, and then the restoring; default 5000. */
  graceMs?: number
}

/** The provider's pool has 50 connections, does not wait for a free one, and then stores nothing. */
const maxConcurrentWrites = 10

/**
 * The sink for opsdis/nodegraph-provider, which answers 201 and stores nothing in several situations, deletes
 * before it creates and mixes up the graphs of two writers. So: one write at a time per graph, every write is
 * read back, a write that failed is repeated whole, and at the end the last good graph is put back.
 */
export function createNodegraphProviderSink(options: NodegraphProviderOptions): GraphSink {
  const { retries, log, retryDelayMs = 250, graceMs = 5000 } = options
  const client = createProviderClient(options)
  const queue = createKeyedQueue(maxConcurrentWrites)

  function persist<T>(graph: string, signal: AbortSignal, task: () => Promise<T>): Promise<T> {
    const onRetry = ({ message }: ProviderFailure, attempt: number) =>
      log.warn({ sink: sinkName, graph, attempt, reason: message }, 'graph sink: trying again')
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
            log.warn({ graph }, 'graph sink: holds another graph than the last one here')
          else if (result.reason)
            log.error({ graph, ...result }, 'graph sink: had lost the graph, and did not take it')
          else log.warn({ graph }, 'graph sink: had lost the graph: the last good one is back')
        } catch (error) {
          signal.throwIfAborted()
          if (!(error instanceof ProviderFailure)) throw error
          log.error({ graph, reason: error.message }, 'graph sink: cannot be asked for the graph')
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
        throw sinkFailed('graphs cannot be handed on', error)
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
