import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import type { FieldError } from '../../base/errors.ts'
import type { AuthSection, Scope } from '../sections/server.ts'

/** A token that gives access. Only its hash is kept. */
export interface AccessToken {
  name: string
  /** SHA-256 of the token, hex. */
  sha256: string
  scopes: readonly Scope[]
}

const wellFormed = /^[A-Za-z0-9._~+/-]{16,512}=*$/

/** @param section passed the schema and `tokenErrors` */
export function accessTokens({ tokens }: AuthSection): AccessToken[] {
  return tokens.map(({ name, token, token_file: file, scopes }) => ({
    name,
    sha256: hashOf(token ?? readToken(file ?? '')),
    scopes,
  }))
}

/** Checks that each token is set in one way, that its file has one, and that names and tokens are unique. */
export function tokenErrors({ tokens }: AuthSection): FieldError[] {
  const errors: FieldError[] = []
  const names = new Set<string>()
  const hashes = new Set<string>()
  for (const [index, { name, token, token_file: file }] of tokens.entries()) {
    const field = `server.auth.tokens[${index}]`
    if (names.has(name)) errors.push({ field: `${field}.name`, message: 'must be unique' })
    names.add(name)
    if ((token === undefined) === (file === undefined)) {
      errors.push({ field, message: 'must have either token or token_file' })
      continue
    }
    try {
      const hash = hashOf(token ?? readToken(file ?? ''))
      if (hashes.has(hash)) errors.push({ field, message: 'must not have the token of another entry' })
      hashes.add(hash)
    } catch (error) {
      errors.push({ field: `${field}.token_file`, message: (error as RangeError).message })
    }
  }
  return errors
}

function hashOf(token: string): string {
  return createHash('sha256').update(token).digest('hex')
}

/** @throws {RangeError} the file cannot be read or contains no token; the message has no token */
function readToken(path: string): string {
  let text: string
  try {
    text = readFileSync(path, 'utf8').trim()
  } catch (error) {
    throw new RangeError(`cannot be read (${(error as NodeJS.ErrnoException).code})`)
  }
  if (wellFormed.test(text)) return text
  throw new RangeError('must be a file with one token: 16 to 512 letters, digits and ._~+/-')
}
