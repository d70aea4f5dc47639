import type Database from 'libsql'

/**
 * Runs `work` in one transaction. It takes the right to write at once: who waits for it later may have to give up
 * what was read. libsql's own hides an error that has already ended the transaction (a full disk) behind that of
 * its ROLLBACK.
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
