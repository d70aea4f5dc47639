import type { BaseLogger } from 'pino'
import { TtaError } from '../../base/errors.ts'
import { type BuildEntry, type BuildHistory, buildEntry } from '../../model/build-history.ts'
import type { GraphDocument } from '../../model/graph-document.ts'
import type { FileOptions } from './history-file.ts'
import { HistoryThread } from './history-thread.ts'
import type { Calls } from './thread.ts'

export type HistoryOptions = Omit<FileOptions, 'busyTimeoutMs'> & {
  /** How long to wait for another process that writes, ms. @default 5000 */
  busyTimeoutMs?: number
  log: Pick<BaseLogger, 'warn' | 'error'>
}

/** What has become of builds since the start. */
export interface HistoryCounts {
  recorded: number
  failed: number
  /** Damaged files that were moved aside. */
  movedAside: number
}

export interface CountedHistory extends BuildHistory {
  readonly counts: Readonly<HistoryCounts>
}

/** The history in an SQL file (SQLite's format, WAL). A build that `record` has returned for survives kill -9. */
export function createBuildHistory(options: HistoryOptions): CountedHistory {
  const { log, ...file } = options
  const thread = new HistoryThread({ busyTimeoutMs: 5000, ...file })
  const counts: HistoryCounts = { recorded: 0, failed: 0, movedAside: 0 }
  /** Why the last build could not be recorded. */
  let lastFailure: TtaError | undefined
  let startedOver = false

  const ask = async <M extends keyof Calls>(method: M, ...args: Parameters<Calls[M]>) => {
    const answer = await thread.call(method, ...args).catch((cause) => {
      throw unavailable('its thread ended', cause)
    })
    if (answer.movedAside !== undefined) {
      counts.movedAside++
      const message = 'history: the file was damaged; it was moved aside and a new one begun'
      log.error({ path: file.path, movedTo: answer.movedAside }, message)
    } else if (answer.isAnother) {
      log.warn({ path: file.path }, 'history: another file has taken its place, which is used from now on')
    }
    if (answer.isAnother) startedOver = true
    if (answer.failure !== undefined) throw unavailable(answer.failure)
    return answer.result as ReturnType<Calls[M]>
  }

  return {
    counts,
    async record(document) {
      try {
        await ask('insert', kept(document))
        counts.recorded++
        lastFailure = undefined
        const answer = { startedOver }
        startedOver = false
        return answer
      } catch (error) {
        counts.failed++
        lastFailure = error as TtaError
        log.error({ graph: document.name, reason: lastFailure.message }, 'history: build not recorded')
        throw error
      }
    },
    async last() {
      const { documents, unreadable } = await ask('last')
      if (unreadable > 0) log.error({ path: file.path, graphs: unreadable }, 'history: graphs cannot be read')
      return documents.map((document) => JSON.parse(document) as GraphDocument)
    },
    async at(graph, atMs) {
      const document = await ask('at', graph, atMs)
      return document === undefined ? undefined : (JSON.parse(document) as GraphDocument)
    },
    async list(graph, { limit, beforeMs = Number.MAX_SAFE_INTEGER }) {
      const builds = await ask('list', graph, limit, beforeMs)
      return builds.map(({ atMs, entry }) => ({
        ...(JSON.parse(entry) as BuildEntry),
        at: new Date(atMs).toISOString(),
      }))
    },
    remove: (graph) => ask('remove', graph),
    async check() {
      await ask('probe')
      if (lastFailure) throw lastFailure
    },
    close: () => thread.close(),
  }
}

function kept(document: GraphDocument) {
  const text = JSON.stringify(document)
  const { name: graph, builtAt } = document
  const entry = JSON.stringify(buildEntry(document, builtAt, Buffer.byteLength(text)))
  return { graph, atMs: Date.parse(builtAt), entry, document: text }
}

function unavailable(reason: string, cause?: unknown): TtaError {
  return new TtaError('TTA_HISTORY_UNAVAILABLE', `The history cannot be used: ${reason}`, { cause })
}
