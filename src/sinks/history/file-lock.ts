import Database from 'libsql'

/**
 * Runs `work` while no other process does the same for this path. The lock is one of SQLite on a file beside it, which
 * stays empty: the system takes it back from a process that dies.
 *
 * @throws what the work throws; SQLITE_BUSY after the timeout
 */
export function whileLocked<T>(path: string, timeoutMs: number, work: () => T): T {
  const lock = new Database(`${path}.lock`, { timeout: timeoutMs })
  try {
    lock.exec('BEGIN EXCLUSIVE')
    return work()
  } finally {
    if (lock.inTransaction) lock.exec('ROLLBACK')
    lock.close()
  }
}
