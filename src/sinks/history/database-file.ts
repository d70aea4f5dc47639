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
import { whileLocked } from './file-lock.ts'
import { inTransaction } from './transaction.ts'

/** "tta1": tells our files from those of other programs (PRAGMA application_id). */
const applicationId = 0x74_74_61_31
const schemaVersion = 1

/**
 * No column is TEXT but the one that is only compared: libsql ends the process where a damaged file has text that
 * is not UTF-8.
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
  /** How long to wait for another process that writes, ms. */
  busyTimeoutMs: number
  /** Largest file, pages of 4096 bytes; unlimited by default. */
  maxPages?: number
}

/** The file holds something that is not ours to change. */
export class ForeignFile extends Error {
  override name = 'ForeignFile'
}

/** Which file it is, whatever its name: another one may take its place. */
export type FileIdentity = string

/**
 * Makes the file where there is none, its folder included.
 *
 * @throws errors of node:fs: they say what is wrong with the path (EACCES, EISDIR, EROFS), where SQLite says 14
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

/** @returns undefined where there is none */
export function fileAt(path: string): FileIdentity | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false })
  return stats && identityOf(stats)
}

const identityOf = ({ dev, ino }: BigIntStats): FileIdentity => `${dev}:${ino}`

/**
 * Opens a file that there is. Nobody moves it aside meanwhile.
 *
 * @throws {ForeignFile} it belongs to another program or to a newer tta; else errors of SQLite
 */
export function openFile({ path, busyTimeoutMs, maxPages }: OpenOptions): Database.Database {
  return whileLocked(path, busyTimeoutMs, () => {
    const database = new Database(path, { timeout: busyTimeoutMs })
    try {
      if (pragma(database, 'journal_mode') !== 'wal') database.exec('PRAGMA journal_mode = WAL')
      // A commit is on the disk before it is called one; builds are rare enough.
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

/** Another process may have been faster. */
function prepare(database: Database.Database): void {
  if (!isPrepared(database)) database.exec(schema)
}

/** @returns the one value of a pragma */
function pragma(database: Database.Database, name: string): unknown {
  return Object.values(database.prepare(`PRAGMA ${name}`).get() as Record<string, unknown>)[0]
}

/** Whether an error says nothing against the open file: another process writes, or the disk is full. */
export function isPassing(error: unknown): boolean {
  return /^SQLITE_(BUSY|FULL)/.test(String((error as { code?: unknown }).code))
}

/** Whether an error says that the file is damaged, or no database at all. */
export function isDamage(error: unknown): boolean {
  return /^SQLITE_(CORRUPT|NOTADB)/.test(String((error as { code?: unknown }).code))
}

/**
 * Renames a damaged file with its journal: it is never deleted. Of several processes that find the damage one does.
 *
 * @param damaged which file it is
 * @returns its new path; undefined where another process has moved it already
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
