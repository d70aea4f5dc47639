import { STATUS_CODES } from 'node:http'
import { TtaError } from '../base/errors.ts'
import { ConfigError, fieldLine } from '../config/config-error.ts'
import type { Terminal } from './terminal.ts'
import { printable } from './terminal-text.ts'

/** A command line that cannot be executed. The message is one line that says how to correct it. */
export class UsageError extends Error {
  override name = 'UsageError'
}

/**
 * Explains why a server cannot listen.
 *
 * @param otherPort hint how to choose another port
 */
export function listenFailure(error: unknown, address: string, otherPort: string): UsageError {
  const { code, message } = error as NodeJS.ErrnoException
  return new UsageError(`cannot listen on ${address}: ${listenReason(code, otherPort) ?? message}`)
}

function listenReason(code: string | undefined, otherPort: string): string | undefined {
  if (code === 'EADDRINUSE') return `the port is already in use (${otherPort})`
  if (code === 'EACCES') return 'permission denied (ports below 1024 require privileges)'
  if (code === 'ENOTFOUND' || code === 'EADDRNOTAVAIL') return 'this machine does not have that address'
  return undefined
}

/** Reports an error on stderr and, with `json`, as one problem object (RFC 9457) on stdout. */
export function reportFailure(error: unknown, { stdout, stderr }: Terminal, json: boolean): void {
  stderr.write(`${failureLines(error).map(printable).join('\n')}\n`)
  if (json) stdout.write(`${JSON.stringify(problemOf(error))}\n`)
}

/** Returns `tta: ...` and a line for each invalid field. */
function failureLines(error: unknown): string[] {
  if (error instanceof TtaError && error.errors.length > 0) {
    return ['tta: invalid parameters:', ...error.errors.map(fieldLine)]
  }
  const expected = error instanceof TtaError || error instanceof ConfigError || error instanceof UsageError
  return `tta: ${expected ? '' : 'internal error: '}${messageOf(error)}`.split('\n')
}

/** Returns the same members as a problem of the HTTP API, except `instance`. */
function problemOf(error: unknown): Record<string, unknown> {
  const { code, statusCode, details } = error instanceof TtaError ? error : asTtaError(error)
  const errors = error instanceof TtaError || error instanceof ConfigError ? error.errors : []
  return {
    ...details,
    type: 'about:blank',
    title: STATUS_CODES[statusCode] ?? 'Cancelled',
    status: statusCode,
    detail: messageOf(error),
    code,
    ...(errors.length === 0 ? {} : { errors }),
  }
}

function asTtaError(error: unknown): TtaError {
  const expected = error instanceof ConfigError || error instanceof UsageError
  return new TtaError(expected ? 'TTA_BAD_REQUEST' : 'TTA_INTERNAL', '')
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
