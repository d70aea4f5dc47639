import { UsageError } from './usage-error.ts'

/**
 * Why a server could not listen, in words.
 *
 * @param otherPort how to have another port
 */
export function listenFailure(error: unknown, address: string, otherPort: string): UsageError {
  const { code, message } = error as NodeJS.ErrnoException
  return new UsageError(`cannot listen at ${address}: ${reason(code, otherPort) ?? message}`)
}

function reason(code: string | undefined, otherPort: string): string | undefined {
  if (code === 'EADDRINUSE') return `another program does (${otherPort})`
  if (code === 'EACCES') return 'this is not allowed (ports below 1024 need privileges)'
  if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL') return 'this machine has no such address'
  return undefined
}
