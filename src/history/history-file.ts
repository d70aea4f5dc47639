import type Database from 'libsql'
import { BuildTable, type KeptBuild, type Limits } from './build-table.ts'
import { isDamage, isPassing, moveAside, type OpenOptions, openFile } from './database-file.ts'

export type FileOptions = Limits & OpenOptions

/**
 * The file of builds: opened when it is first needed, and again after an error. A damaged one is moved aside, and a
 * new one begun. Everything here waits for the disk.
 */
export class HistoryFile {
  private readonly options: FileOptions
  private database: Database.Database | undefined
  /** Where the damaged file went, until somebody asks. */
  private aside: string | undefined

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
    this.aside = moveAside(this.options.path, new Date())
    return this.tryOnce(work)
  }

  private tryOnce<T>(work: (table: BuildTable) => T): T {
    try {
      this.database ??= openFile(this.options)
      return work(new BuildTable(this.database))
    } catch (error) {
      // The file may have been replaced, its disk mounted anew: the next call begins afresh.
      if (!isPassing(error)) this.close()
      throw error
    }
  }
}
