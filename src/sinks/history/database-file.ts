import {
  type BigIntStats,
  closeSync,
  existsSync,
  fstatSync,
  mkdirSync,
  openSync,
  renameSync,
  statSync,
} from 'node:fs'
import { dirname } from 'node:path'
import Database from 'libsql'

/** "tta1": identifies the files of tta (PRAGMA application_id). */
const applicationId = 0x74_74_61_31
const schemaVersion = 1

/**
 * Only the column that is compared is TEXT: libsql ends the process if a damaged file has a text that is not UTF-8.
 */
const schema = `
  CREATE TABLE builds (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    graph TEXT NOT NULL,
    at_ms INTEGER NOT NULL,
    entry BLOB NOT NULL,
    document BLOB NOT NULL,
    UNIQUE (graph, at_ms)
  );
  PRAGMA application_id = ${applicationId};
  PRAGMA user_version = ${schemaVersion};
`

export interface OpenOptions {
  path: string
  /** Longest wait for another process that writes, ms. */
  busyTimeoutMs: number
  /** Largest file, in pages of 4096 bytes. @default unlimited */
  maxPages?: number
}

/** The file belongs to another program or another version of tta, so it must not be changed. */
export class ForeignFile extends Error {
  override name = 'ForeignFile'
}

/** Device and inode of a file: another file may get its path. */
export type FileIdentity = string

/**
 * Creates the file and its folder if they do not exist.
 *
 * @throws errors of node:fs: they name the problem (EACCES, EISDIR, EROFS), where SQLite only has error 14
 */
export function makeFile(path: string): FileIdentity {
  mkdirSync(dirname(path), { recursive: true })
  const file = openSync(path, 'a')
  try {
    return identityOf(fstatSync(file, { bigint: true }))
  } finally {
    closeSync(file)
  }
}

/** @returns undefined if no file has the path */
export function fileAt(path: string): FileIdentity | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stats && identityOf(stats)
}

const identityOf = ({ dev, ino }: BigIntStats): FileIdentity => `${dev}:${ino}`

/**
 * Opens an existing file. No other process moves it aside at the same time.
 *
 * @throws {ForeignFile} it belongs to another program or version; errors of SQLite
 */
export function openFile({ path, busyTimeoutMs, maxPages }: OpenOptions): Database.Database {
  return whileLocked(path, busyTimeoutMs, () => {
    const database = new Database(path, { timeout: busyTimeoutMs })
    try {
      if (pragma(database, 'journal_mode') !== 'wal') database.exec('PRAGMA journal_mode = WAL')
      // Every commit waits for the disk: builds are rare enough.
      database.exec('PRAGMA synchronous = FULL')
      if (maxPages !== undefined) database.exec(`PRAGMA max_page_count = ${maxPages}`)
      if (!isPrepared(database)) inTransaction(database, () => prepare(database))
      return database
    } catch (error) {
      database.close()
      throw error
    }
  })
}

/** @throws {ForeignFile} */
function isPrepared(database: Database.Database): boolean {
  const [application, version] = [pragma(database, 'application_id'), pragma(database, 'user_version')]
  if (application === applicationId && version === schemaVersion) return true
  if (application === applicationId) {
    throw new ForeignFile(`was written by another version of tta (schema ${version}, not ${schemaVersion})`)
  }
  if (application !== 0 || version !== 0 || pragma(database, 'schema_version') !== 0) {
    throw new ForeignFile('is the database of another program')
  }
  return false
}

/** Creates the tables, unless another process was faster. */
function prepare(database: Database.Database): void {
  if (!isPrepared(database)) database.exec(schema)
}

/** Returns the value of a pragma. */
function pragma(database: Database.Database, name: string): unknown {
  return Object.values(database.prepare(`PRAGMA ${name}`).get() as Record<string, unknown>)[0]
}

/** Whether an error is temporary: another process writes, or the disk is full. */
export function isPassing(error: unknown): boolean {
  return /^SQLITE_(BUSY|FULL)/.test(String((error as { code?: unknown }).code))
}

/** Whether an error means that the file is damaged, or is not a database. */
export function isDamage(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(String((error as { code?: unknown }).code))
}

/**
 * Renames a damaged file with its journal, and never deletes it. If several processes find the damage, one renames it.
 *
 * @param damaged identity of the file
 * @returns its new path; undefined if another process has renamed it already
 */
export function moveAside(
  { path, busyTimeoutMs }: OpenOptions,
  damaged: FileIdentity | undefined,
  now: Date,
): string | undefined {
  return whileLocked(path, busyTimeoutMs, () => {
    if (fileAt(path) !== damaged) return undefined
    const aside = `${path}.damaged-${now.toISOString().replaceAll(/[-:]/g, '')}`
    for (const suffix of ['', '-wal', '-shm']) {
      if (existsSync(path + suffix)) renameSync(path + suffix, aside + suffix)
    }
    return aside
  })
}

/**
 * Runs `work` while no other process does the same for this path. Locks an empty file next to it with SQLite: the
 * system releases the lock of a process that dies.
 *
 * @throws as `work`; SQLITE_BUSY after the timeout
 */
function whileLocked<T>(path: string, timeoutMs: number, work: () => T): T {
  const lock = new Database(`${path}.lock`, { timeout: timeoutMs })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return work()
  } finally {
    if (lock.inTransaction) lock.exec('ROLLBACK')
    lock.close()
  }
}

/**
 * Runs `work` in one transaction, which takes the write lock at once: a later upgrade could fail after reads.
 *
 * libsql's own function is not used. When a full disk has ended the transaction, it reports the failed ROLLBACK instead
 * of the cause.
 */
export function inTransaction<T>(database: Database.Database, work: () => T): T {
  database.exec('BEGIN IMMEDIATE')
  try {
    const result = work()
    database.exec('COMMIT')
    return result
  } catch (error) {
    if (database.inTransaction) database.exec('ROLLBACK')
    throw error
  }
}
