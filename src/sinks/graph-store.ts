import type { BaseLogger } from 'pino'
import { TtaError } from '../base/errors.ts'
import { type BuildEntry, type BuildHistory, type BuildPage, buildEntry } from '../model/build-history.ts'
import type { GraphDocument } from '../model/graph-document.ts'
import type { GraphSink, SinkReport } from './graph-sink.ts'

/** The sink that programs and the panel read: the last graph of each name, and the earlier ones in its history. */
export interface GraphStore extends GraphSink {
  /** Returns the last graph of that name, even if empty; undefined if it never existed or was removed. */
  get(graphName: string): GraphDocument | undefined
  /** Returns all graphs, sorted by name. */
  list(): GraphDocument[]
  /**
   * Returns the graph that was current at a time, Unix ms; undefined if all kept ones are younger.
   *
   * @throws {TtaError} TTA_HISTORY_UNAVAILABLE
   */
  at(graphName: string, atMs: number): Promise<GraphDocument | undefined>
  /** Returns the kept builds of a graph, newest first. @throws {TtaError} TTA_HISTORY_UNAVAILABLE */
  builds(graphName: string, page: BuildPage): Promise<BuildEntry[]>
  /**
   * Loads the last graphs of an earlier process from the history. If that fails, the store starts empty.
   *
   * @param patienceMs longest wait; graphs that load later are added later
   */
  load(patienceMs?: number): Promise<void>
}

export interface GraphStoreOptions {
  /** Keeps builds in a file. Without it the store has only the last graph of each name. */
  history?: BuildHistory | undefined
  log?: Pick<BaseLogger, 'info' | 'warn'> | undefined
}

/**
 * Creates a store in memory. Documents never change, so one reference replaces a whole graph: a reader has either the
 * old graph or the new one. A graph that the history cannot keep is stored nevertheless, with a warning.
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
      return [`${reasonOf(error)}; this graph will be lost at the next restart.`]
    }
  }
  /** A new history file lacks the graphs of the old one, but other processes may have recorded theirs. */
  const recordOthers = async ({ name }: GraphDocument, history: BuildHistory) => {
    for (const document of documents.values()) {
      if (document.name === name) continue
      const [kept] = await history.list(document.name, { limit: 1 })
      if (!kept) await history.record(document)
    }
  }

  const loadLast = async (history: BuildHistory) => {
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
      const timeout = new Promise<void>((resolve) => {
        timer = setTimeout(() => {
          log?.warn({ patienceMs }, 'history: loading is slow, starting before the last graphs are loaded')
          resolve()
        }, patienceMs)
      })
      await Promise.race([loadLast(history), timeout])
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
