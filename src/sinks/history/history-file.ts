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

/** Times that another file may take the place of the open one in the middle of one call. */
const maxReplacements = 3

/**
 * The file of builds: opened when it is first needed, and again after an error or where another file has taken its
 * place. A damaged one is moved aside, and a new one begun. Everything here waits for the disk.
 */
export class HistoryFile {
  private readonly options: FileOptions
  private database: Database.Database | undefined
  /** Which file was opened last. */
  private identity: FileIdentity | undefined
  /** Where the damaged file went, until somebody asks. */
  private aside: string | undefined
  /** Whether another file was opened than before, until somebody asks. */
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

  /** @returns where a damaged file was moved since the last call */
  movedAside(): string | undefined {
    const { aside } = this
    this.aside = undefined
    return aside
  }

  /** @returns whether since the last call another file has come into use, which has nothing of the one before */
  isAnother(): boolean {
    const { another } = this
    this.another = false
    return another
  }

  close(): void {
    const { database } = this
    this.database = undefined
    try {
      // Leaves one file to copy. SQLite would do it itself, if libsql gave its statements back before it closes.
      database?.exec('PRAGMA wal_checkpoint(TRUNCATE)')
    } catch {
      // The log beside the file has it all: whoever opens it next goes on from there.
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
    // Another process may have moved it aside already: then what is there now is sound.
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
        // Moved aside or removed meanwhile, by another process: nobody would find there what was written.
        if (fileAt(this.options.path) === this.identity) return result
      }
      throw new Error('another file takes its place again and again')
    } catch (error) {
      // Its disk may have been mounted anew: the next call begins afresh.
      if (!isPassing(error)) this.close()
      throw error
    }
  }

  /** The database at the path, opened where need be. */
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
