import type Database from 'libsql'
import { BuildTable, type KeptBuild, type Limits } from './build-table.ts'
import {
  type FileIdentity,
  fileAt,
  isDamage,
  isPassing,
  makeFile,
  moveAside,
  type OpenOptions,
  openFile,
} from './database-file.ts'

export type FileOptions = Limits & OpenOptions

/** How often the file may be replaced by another one during one call. */
const maxReplacements = 3

/**
 * The file of builds. It is opened when it is first needed, and again after an error or when another file has its path.
 * A damaged file is moved aside, and a new one is created. All methods wait for the disk.
 */
export class HistoryFile {
  private readonly options: FileOptions
  private database: Database.Database | undefined
  /** Identity of the file that was opened last. */
  private identity: FileIdentity | undefined
  /** New path of a damaged file, until `movedAside` is called. */
  private aside: string | undefined
  /** Whether another file was opened, until `isAnother` is called. */
  private another = false

  constructor(options: FileOptions) {
    this.options = options
  }

  insert(build: KeptBuild): void {
    this.use((table) => table.insert(build, this.options))
  }

  last() {
    return this.use((table) => table.last())
  }

  at(graph: string, atMs: number) {
    return this.use((table) => table.at(graph, atMs))
  }

  list(graph: string, limit: number, beforeMs: number) {
    return this.use((table) => table.list(graph, limit, beforeMs))
  }

  remove(graph: string): boolean {
    return this.use((table) => table.remove(graph))
  }

  probe(): void {
    this.use((table) => table.probe())
  }

  /** Returns the new path of a file that was moved aside since the last call. */
  movedAside(): string | undefined {
    const { aside } = this
    this.aside = undefined
    return aside
  }

  /** Returns whether another file, without the builds of the one before, was opened since the last call. */
  isAnother(): boolean {
    const { another } = this
    this.another = false
    return another
  }

  close(): void {
    const { database } = this
    this.database = undefined
    try {
      // Leaves one file to copy. SQLite does not do it, because libsql closes before it frees its statements.
      database?.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch {
      // The write-ahead log has all builds: the next process that opens the file continues with it.
    } finally {
      database?.close()
    }
  }

  private use<T>(work: (table: BuildTable) => T): T {
    try {
      return this.tryOnce(work)
    } catch (error) {
      if (!isDamage(error)) throw error
    }
    // Another process may have moved it aside already: then the present file is sound.
    try {
      return this.tryOnce(work)
    } catch (error) {
      if (!isDamage(error)) throw error
    }
    this.aside = moveAside(this.options, this.identity, new Date()) ?? this.aside
    return this.tryOnce(work)
  }

  private tryOnce<T>(work: (table: BuildTable) => T): T {
    try {
      for (let times = 0; times < maxReplacements; times++) {
        const result = work(new BuildTable(this.current()))
        // If another process moved or removed the file meanwhile, the write is lost.
        if (fileAt(this.options.path) === this.identity) return result
      }
      throw new Error('the file was replaced too often')
    } catch (error) {
      // The disk may have been mounted again: the next call opens the file again.
      if (!isPassing(error)) this.close()
      throw error
    }
  }

  /** Returns the database at the path, and opens it if needed. */
  private current(): Database.Database {
    const { options, identity } = this
    if (this.database && fileAt(options.path) === identity) return this.database
    this.close()
    this.identity = makeFile(options.path)
    if (identity !== undefined && identity !== this.identity) this.another = true
    this.database = openFile(options)
    return this.database
  }
}
