import type { BaseLogger } from 'pino'
import { TtaError } from '../base/errors.ts'
import { type BuildEntry, type BuildHistory, type BuildPage, buildEntry } from '../model/build-history.ts'
import type { GraphDocument } from '../model/graph-document.ts'
import type { GraphSink, SinkReport } from './graph-sink.ts'

/** The sink that programs and the panel read from: the last graph of each name, and what its history keeps of earlier ones. */
export interface GraphStore extends GraphSink {
  /** The last graph of that name, also when it is empty; undefined when there was none or it was removed. */
  get(graphName: string): GraphDocument | undefined
  /** All graphs, sorted by name. */
  list(): GraphDocument[]
  /**
   * The graph that was current at that time, Unix ms; undefined where none is kept that is that old.
   *
   * @throws {TtaError} TTA_HISTORY_UNAVAILABLE
   */
  at(graphName: string, atMs: number): Promise<GraphDocument | undefined>
  /** The builds that are kept of a graph, newest first. @throws {TtaError} TTA_HISTORY_UNAVAILABLE */
  builds(graphName: string, page: BuildPage): Promise<BuildEntry[]>
  /**
   * Takes over the last graphs of an earlier process. Never throws: without them the store begins empty.
   *
   * @param patienceMs after that long the start goes on, and graphs come when they come
   */
  load(patienceMs?: number): Promise<void>
}

export interface GraphStoreOptions {
  /** Where builds are kept besides; without it the last graph of each name is all there is. */
  history?: BuildHistory | undefined
  log?: Pick<BaseLogger, 'info' | 'warn'> | undefined
}

/**
 * A store in memory. Documents never change once made, so swapping one reference swaps the whole graph: a
 * reader has either the old one or the new one. What the history cannot keep is still here, with a warning.
 */
export function createGraphStore({ history, log }: GraphStoreOptions = {}): GraphStore {
  const documents = new Map<string, GraphDocument>()

  const record = async (document: GraphDocument): Promise<string[]> => {
    if (!history) return []
    try {
      const { startedOver } = await history.record(document)
      if (startedOver) await recordOthers(document, history)
      return []
    } catch (error) {
      return [`${reasonOf(error)}; a restart loses this graph.`]
    }
  }
  /** A file that was begun anew has none of the graphs that were in the one before, but those of other processes. */
  const recordOthers = async ({ name }: GraphDocument, history: BuildHistory) => {
    for (const document of documents.values()) {
      if (document.name === name) continue
      const [kept] = await history.list(document.name, { limit: 1 })
      if (!kept) await history.record(document)
    }
  }

  const takeOver = async (history: BuildHistory) => {
    try {
      const loaded = (await history.last()).filter(({ name }) => !documents.has(name))
      for (const document of loaded) documents.set(document.name, document)
      log?.info({ graphs: loaded.length }, 'history: last graphs loaded')
    } catch (error) {
      log?.warn({ reason: reasonOf(error) }, 'history: starting without the last graphs')
    }
  }

  return {
    name: 'embedded',
    async replace(document, signal) {
      signal.throwIfAborted()
      documents.set(document.name, document)
      return report(document, await record(document))
    },
    async remove(graphName, signal) {
      signal.throwIfAborted()
      const wasKept = (await history?.remove(graphName)) ?? false
      return documents.delete(graphName) || wasKept
    },
    async check() {},
    async close() {
      await history?.close()
    },
    get: (graphName) => documents.get(graphName),
    list: () => [...documents.values()].sort((a, b) => (a.name < b.name ? -1 : 1)),
    async at(graphName, atMs) {
      const last = documents.get(graphName)
      if (last && Date.parse(last.builtAt) <= atMs) return last
      return history?.at(graphName, atMs)
    },
    async builds(graphName, page) {
      if (history) return history.list(graphName, page)
      const last = documents.get(graphName)
      if (!last || Date.parse(last.builtAt) >= (page.beforeMs ?? Number.POSITIVE_INFINITY)) return []
      return [buildEntry(last, last.builtAt, Buffer.byteLength(JSON.stringify(last)))]
    },
    async load(patienceMs = 5000) {
      if (!history) return
      let timer: NodeJS.Timeout | undefined
      const tired = new Promise<void>((resolve) => {
        timer = setTimeout(() => {
          log?.warn({ patienceMs }, 'history: slow, starting before the last graphs are there')
          resolve()
        }, patienceMs)
      })
      await Promise.race([takeOver(history), tired])
      clearTimeout(timer)
    },
  }
}

const report = ({ nodes }: GraphDocument, warnings: string[]): SinkReport => ({
  sink: 'embedded',
  state: nodes.length === 0 ? 'cleared' : 'stored',
  verified: true,
  attempts: 1,
  isolatedNodes: 0,
  warnings,
})

function reasonOf(error: unknown): string {
  if (error instanceof TtaError) return error.message
  throw error
}
