import type { GraphDocument } from '../../model/graph-document.ts'
import type { SinkReport } from '../graph-sink.ts'
import { type ProviderClient, ProviderFailure } from './client.ts'
import { difference } from './difference.ts'
import {
  type FittedGraph,
  faultOf,
  fitToSchema,
  isolatedNodes,
  type ProviderGraph,
  toProviderGraph,
} from './rows.ts'
import { following, writeOnce } from './verified-write.ts'

export const sinkName = 'nodegraph-provider'

export interface ReplacementOptions {
  client: ProviderClient
  /** Repeats a task that fails, up to the configured number of retries or until the signal aborts. */
  persist: <T>(graphName: string, signal: AbortSignal, task: () => Promise<T>) => Promise<T>
  /** Longest time that a running write, and then its restoring, may take after an abort. */
  graceMs: number
}

export interface Replacement {
  /**
   * Replaces the graph of the provider, or restores the last good one. Calls for one graph must not overlap. After an
   * abort during a write, the provider still gets a good graph, and a report is returned.
   *
   * @throws the reason of the signal, if it aborts before the first write
   */
  replace(document: GraphDocument, signal: AbortSignal): Promise<SinkReport>
  /**
   * Stores the document if the provider has no graph of that name. Never replaces a graph.
   *
   * @throws {ProviderFailure} the provider cannot be read; the reason of the signal
   */
  restore(document: GraphDocument, signal: AbortSignal): Promise<SinkReport | 'same' | 'another'>
  /** Records that the graph was removed. */
  forget(graphName: string): void
}

export function createReplacement({ client, persist, graceMs }: ReplacementOptions): Replacement {
  /** Last verified graph by name; null: none. Before the first write of this process, the graph that was found. */
  const lastGood = new Map<string, ProviderGraph | null>()

  async function replace(document: GraphDocument, signal: AbortSignal): Promise<SinkReport> {
    const { name } = document
    const all = toProviderGraph(document)
    const report = newReport(all)
    const fault = faultOf(all)
    if (fault) return { ...report, reason: `the graph is not valid, and nothing was written: ${fault}` }
    let fitted: FittedGraph
    try {
      fitted = await persist(name, signal, () => prepare(name, all, signal))
    } catch (error) {
      signal.throwIfAborted()
      return { ...report, reason: `${words(error)}; nothing was written` }
    }
    signal.throwIfAborted()
    if (all.nodes.length === 0) return writeOrRestore(name, null, report, signal)
    report.warnings.push(...fitted.warnings)
    return writeOrRestore(name, fitted.graph, report, signal)
  }

  async function restore(
    document: GraphDocument,
    signal: AbortSignal,
  ): Promise<SinkReport | 'same' | 'another'> {
    const { name } = document
    const { graph, held } = await persist(name, signal, async () => {
      const { graph } = fitToSchema(name, toProviderGraph(document), await client.fields(name, signal))
      return { graph, held: await client.read(name, signal) }
    })
    if (difference(graph, held) === null) return 'same'
    return held && held.edges.length > 0 ? 'another' : replace(document, signal)
  }

  /** Prepares a write: reads the declared fields, and checks that the provider's store answers. */
  async function prepare(name: string, graph: ProviderGraph, signal: AbortSignal): Promise<FittedGraph> {
    const fitted = fitToSchema(name, graph, await client.fields(name, signal))
    if (lastGood.has(name)) await client.probe(signal)
    else {
      const held = await client.read(name, signal)
      // An empty answer is the rest of a lost graph, which cannot be restored.
      lastGood.set(name, held && held.edges.length > 0 ? held : null)
    }
    return fitted
  }

  async function writeOrRestore(
    name: string,
    graph: ProviderGraph | null,
    report: SinkReport,
    signal: AbortSignal,
  ): Promise<SinkReport> {
    const writing = following(signal, graceMs)
    const restoring = following(signal, 2 * graceMs)
    let attempts = 0
    try {
      await persist(name, signal, () => {
        attempts++
        return writeOnce(client, name, graph, writing.signal)
      })
      lastGood.set(name, graph)
      return { ...report, state: graph ? 'stored' : 'cleared', verified: true, attempts }
    } catch (error) {
      const reason = words(error)
      const obstacle = await rollBack(name, restoring.signal)
      if (obstacle === null) return { ...report, state: 'restored', verified: true, attempts, reason }
      return {
        ...report,
        attempts,
        reason: `${reason}; the last good graph could not be restored: ${obstacle}`,
      }
    } finally {
      writing.release()
      restoring.release()
    }
  }

  /** Restores the last good graph. @returns null, or why it could not be restored */
  async function rollBack(name: string, signal: AbortSignal): Promise<string | null> {
    const good = lastGood.get(name) ?? null
    try {
      await persist(name, signal, async () => {
        const held = await client.read(name, signal)
        if (difference(good, held) !== null) await writeOnce(client, name, good, signal)
      })
      return null
    } catch (error) {
      return words(error)
    }
  }

  return { replace, restore, forget: (graphName) => lastGood.set(graphName, null) }
}

/** Returns the report of a write that has not started. */
function newReport(graph: ProviderGraph): SinkReport {
  const isolated = isolatedNodes(graph)
  return {
    sink: sinkName,
    state: 'failed',
    verified: false,
    attempts: 0,
    isolatedNodes: isolated.length,
    warnings: isolated.length === 0 ? [] : [isolationWarning(isolated.map(({ title }) => String(title)))],
  }
}

function isolationWarning(titles: string[]): string {
  const named = titles.slice(0, 5).map((title) => JSON.stringify(title))
  const list = titles.length > named.length ? [...named, '...'].join(', ') : named.join(', ')
  const count = titles.length === 1 ? '1 node has' : `${titles.length} nodes have`
  return `${count} no edge, and nodegraph-provider returns only nodes with an edge: ${list}`
}

/** Returns the reason as text. @throws every error that is not a failure of the provider */
function words(error: unknown): string {
  if (error instanceof ProviderFailure) return `nodegraph-provider ${error.message}`
  throw error
}
