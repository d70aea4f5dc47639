import type { BaseLogger } from 'pino'
import { TtaError } from '../../base/errors.ts'
import { type BuildEntry, type BuildHistory, buildEntry } from '../../model/build-history.ts'
import type { GraphDocument } from '../../model/graph-document.ts'
import type { FileOptions } from './history-file.ts'
import { HistoryThread } from './history-thread.ts'
import type { Calls } from './history-worker.ts'
import { parseDocument } from './parse-document.ts'

export type HistoryOptions = Omit<FileOptions, 'busyTimeoutMs'> & {
  /** Longest wait for another process that writes, ms. @default 5000 */
  busyTimeoutMs?: number
  log: Pick<BaseLogger, 'warn' | 'error'>
}

/** Counts since the start. */
export interface HistoryCounts {
  recorded: number
  failed: number
  /** Damaged files that were moved aside. */
  movedAside: number
}

export interface CountedHistory extends BuildHistory {
  readonly counts: Readonly<HistoryCounts>
}

/** The history in an SQLite file (WAL). Once `record` has returned, the build survives a kill of the process. */
export function createBuildHistory(options: HistoryOptions): CountedHistory {
  const { log, ...file } = options
  const thread = new HistoryThread({ busyTimeoutMs: 5000, ...file })
  const counts: HistoryCounts = { recorded: 0, failed: 0, movedAside: 0 }
  /** The error of the last build that could not be recorded. */
  let lastFailure: TtaError | undefined
  let startedOver = false

  const call = async <M extends keyof Calls>(method: M, ...args: Parameters<Calls[M]>) => {
    const answer = await thread.call(method, ...args).catch((cause) => {
      throw unavailable('its thread has ended', cause)
    })
    if (answer.movedAside !== undefined) {
      counts.movedAside++
      const message = 'history: the file was damaged, so it was moved aside and a new one was created'
      log.error({ path: file.path, movedTo: answer.movedAside }, message)
    } else if (answer.isAnother) {
      log.warn(
        { path: file.path },
        'history: the file was replaced by another one, which is used from now on',
      )
    }
    if (answer.isAnother) startedOver = true
    if (answer.failure !== undefined) throw unavailable(answer.failure)
    return answer.result as ReturnType<Calls[M]>
  }

  return {
    counts,
    async record(document) {
      try {
        await call('insert', storedBuild(document))
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
      const { documents, unreadable } = await call('last')
      if (unreadable > 0)
        log.error({ path: file.path, graphs: unreadable }, 'history: some graphs cannot be read')
      return documents.map(parseDocument)
    },
    async at(graph, atMs) {
      const document = await call('at', graph, atMs)
      return document === undefined ? undefined : parseDocument(document)
    },
    async list(graph, { limit, beforeMs = Number.MAX_SAFE_INTEGER }) {
      const builds = await call('list', graph, limit, beforeMs)
      return builds.map(({ atMs, entry }) => ({
        ...(JSON.parse(entry) as BuildEntry),
        at: new Date(atMs).toISOString(),
      }))
    },
    remove: (graph) => call('remove', graph),
    async check() {
      await call('probe')
      if (lastFailure) throw lastFailure
    },
    close: () => thread.close(),
  }
}

function storedBuild(document: GraphDocument) {
  const text = JSON.stringify(document)
  const { name: graph, builtAt } = document
  const entry = JSON.stringify(buildEntry(document, builtAt, Buffer.byteLength(text)))
  return { graph, atMs: Date.parse(builtAt), entry, document: text }
}

function unavailable(reason: string, cause?: unknown): TtaError {
  return new TtaError('TTA_HISTORY_UNAVAILABLE', `The history is not available: ${reason}`, { cause })
}
