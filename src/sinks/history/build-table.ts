import { deflateSync, inflateSync } from 'node:zlib'
import type Database from 'libsql'
import { inTransaction } from './transaction.ts'

/** One build as it is kept: the document and what is told of it without it, both JSON. */
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
  /** Builds older than this are dropped, ms; the last one of a graph stays. */
  maxAgeMs: number
}

/** libsql gives BLOBs as bare byte arrays. */
type Row = { at_ms: number; entry: Uint8Array; document: Uint8Array }

/** The builds in an open database. Everything here waits for the disk. */
export class BuildTable {
  private readonly database: Database.Database

  constructor(database: Database.Database) {
    this.database = database
  }

  /**
   * Adds a build and drops what is over the limits, in one transaction. A build of the same graph and millisecond
   * moves the new one to the next free millisecond: each can be asked for by its time.
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

  /** Every build of a graph that was written last. @returns the documents, and the graphs where none can be read */
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

  /** The newest one that can be read: a damaged one must not take the others with it. */
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

  /** @returns the document that was current then; undefined when there is none that old */
  at(graph: string, atMs: number): string | undefined {
    const row = this.database
      .prepare('SELECT document FROM builds WHERE graph = ? AND at_ms <= ? ORDER BY at_ms DESC LIMIT 1')
      .get([graph, atMs]) as Row | undefined
    return row && inflateSync(row.document).toString()
  }

  /** Newest first. */
  list(graph: string, limit: number, beforeMs: number): { atMs: number; entry: string }[] {
    const rows = this.database
      .prepare('SELECT at_ms, entry FROM builds WHERE graph = ? AND at_ms < ? ORDER BY at_ms DESC LIMIT ?')
      .all([graph, beforeMs, limit]) as Row[]
    return rows.map((row) => ({ atMs: row.at_ms, entry: Buffer.from(row.entry).toString() }))
  }

  /** @returns whether there was one */
  remove(graph: string): boolean {
    return this.database.prepare('DELETE FROM builds WHERE graph = ?').run([graph]).changes > 0
  }

  /** Whether the file can be written. */
  probe(): void {
    inTransaction(this.database, () => {})
  }
}

const isZlibError = (error: unknown) => /^Z_/.test(String((error as { code?: unknown }).code))
