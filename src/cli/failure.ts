import { STATUS_CODES } from 'node:http'
import { TtaError } from '../base/errors.ts'
import { ConfigError, fieldLine } from '../config/config-error.ts'
import { printable } from './display-text.ts'
import type { Terminal } from './terminal.ts'
import { UsageError } from './usage-error.ts'

/** Says on stderr what went wrong, and with `json` also as one problem object (RFC 9457) on stdout. */
export function reportFailure(error: unknown, { stdout, stderr }: Terminal, json: boolean): void {
  stderr.write(`${failureLines(error).map(printable).join('\n')}\n`)
  if (json) stdout.write(`${JSON.stringify(problemOf(error))}\n`)
}

/** `tta: ...`, and a line for each wrong field. */
function failureLines(error: unknown): string[] {
  if (error instanceof TtaError && error.errors.length > 0) {
    return ['tta: these parameters cannot be used:', ...error.errors.map(fieldLine)]
  }
  const known = error instanceof TtaError || error instanceof ConfigError || error instanceof UsageError
  return `tta: ${known ? '' : 'internal error: '}${messageOf(error)}`.split('\n')
}

/** The same members as the HTTP API's problems, but for `instance`. */
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
  const foreseen = error instanceof ConfigError || error instanceof UsageError
  return new TtaError(foreseen ? 'TTA_BAD_REQUEST' : 'TTA_INTERNAL', '')
}

const messageOf = (error: unknown) => (error instanceof Error ? error.message : String(error))
