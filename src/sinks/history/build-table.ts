import { deflateSync, inflateSync } from 'node:zlib'
import type Database from 'libsql'
import { inTransaction } from './database-file.ts'

/** One build as stored: the document, and its entry in lists, both JSON. */
export interface KeptBuild {
  graph: string
  /** Unix ms. */
  atMs: number
  entry: string
  document: string
}

export interface Limits {
  /** Most builds of a graph. */
  maxBuilds: number
  /** Largest age, ms. The last build of a graph is kept at any age. */
  maxAgeMs: number
}

/** libsql returns BLOBs as byte arrays. */
type Row = { at_ms: number; entry: Uint8Array; document: Uint8Array }

/** The builds in an open database. All methods wait for the disk. */
export class BuildTable {
  private readonly database: Database.Database

  constructor(database: Database.Database) {
    this.database = database
  }

  /**
   * Adds a build and drops those over the limits, in one transaction. If the graph has a build of the same millisecond,
   * the new one gets the next free millisecond, because builds are found by time.
   */
  insert(build: KeptBuild, { maxBuilds, maxAgeMs }: Limits): void {
    const { graph, entry } = build
    const document = deflateSync(build.document)
    inTransaction(this.database, () => {
      const taken = this.database.prepare('SELECT 1 AS taken FROM builds WHERE graph = ? AND at_ms = ?')
      let { atMs } = build
      while (taken.get([graph, atMs])) atMs++
      this.database
        .prepare('INSERT INTO builds (graph, at_ms, entry, document) VALUES (?, ?, ?, ?)')
        .run([graph, atMs, Buffer.from(entry), document])
      const oldest = build.atMs - maxAgeMs
      this.database
        .prepare(
          `DELETE FROM builds WHERE graph = ? AND id < (SELECT max(id) FROM builds WHERE graph = ?) AND (at_ms < ?
           OR id <= (SELECT id FROM builds WHERE graph = ? ORDER BY id DESC LIMIT 1 OFFSET ?))`,
        )
        .run([graph, graph, oldest, graph, maxBuilds])
    })
  }

  /** Returns the last document of each graph, and the number of graphs without a readable one. */
  last(): { documents: string[]; unreadable: number } {
    const graphs = this.database
      .prepare('SELECT max(id) AS id, CAST(graph AS BLOB) AS graph FROM builds GROUP BY graph')
      .all() as { graph: Uint8Array }[]
    const read = graphs.map(({ graph }) => this.lastOf(Buffer.from(graph).toString()))
    return {
      documents: read.filter((document) => document !== undefined),
      unreadable: read.filter((document) => document === undefined).length,
    }
  }

  /** Returns the newest readable document: one that is damaged must not cost the others. */
  private lastOf(graph: string): string | undefined {
    const ids = this.database.prepare('SELECT id FROM builds WHERE graph = ? ORDER BY id DESC').all([graph])
    const document = this.database.prepare('SELECT document FROM builds WHERE id = ?')
    for (const { id } of ids as { id: number }[]) {
      try {
        const row = document.get([id]) as Row | undefined
        if (row) return inflateSync(row.document).toString()
      } catch (error) {
        if (!isZlibError(error)) throw error
      }
    }
    return undefined
  }

  /** Returns the document that was current at a time; undefined if all are younger. */
  at(graph: string, atMs: number): string | undefined {
    const row = this.database
      .prepare('SELECT document FROM builds WHERE graph = ? AND at_ms <= ? ORDER BY at_ms DESC LIMIT 1')
      .get([graph, atMs]) as Row | undefined
    return row && inflateSync(row.document).toString()
  }

  /** Returns entries, newest first. */
  list(graph: string, limit: number, beforeMs: number): { atMs: number; entry: string }[] {
    const rows = this.database
      .prepare('SELECT at_ms, entry FROM builds WHERE graph = ? AND at_ms < ? ORDER BY at_ms DESC LIMIT ?')
      .all([graph, beforeMs, limit]) as Row[]
    return rows.map((row) => ({ atMs: row.at_ms, entry: Buffer.from(row.entry).toString() }))
  }

  /** Removes all builds of a graph. @returns whether there were any */
  remove(graph: string): boolean {
    return this.database.prepare('DELETE FROM builds WHERE graph = ?').run([graph]).changes > 0
  }

  /** Checks that the file can be written. @throws errors of SQLite */
  probe(): void {
    inTransaction(this.database, () => {})
  }
}

const isZlibError = (error: unknown) => /^Z_/.test(String((error as { code?: unknown }).code))
