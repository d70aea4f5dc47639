import { createHash, timingSafeEqual } from 'node:crypto'
import { TtaError } from '../../base/errors.ts'
import { type Headers, type SignatureOptions, signatureProblem } from './signature.ts'

/** How senders show who they are: each way that is configured suffices. Holds secrets: never log it. */
export interface SenderAuth {
  bearerToken: string | undefined
  basic: { username: string; password: string } | undefined
  signature: SignatureOptions | undefined
}

/** Whether any way is configured. */
export function isConfigured({ bearerToken, basic, signature }: SenderAuth): boolean {
  return bearerToken !== undefined || basic !== undefined || signature !== undefined
}

/** What a 401 tells of the ways (RFC 9110, 11.6.1). */
export function challenge({ bearerToken, basic, signature }: SenderAuth): string {
  return [
    ...(bearerToken === undefined ? [] : ['Bearer realm="tta"']),
    ...(basic === undefined ? [] : ['Basic realm="tta", charset="UTF-8"']),
    ...(signature === undefined ? [] : [`HMAC-SHA256 header="${signature.header}"`]),
  ].join(', ')
}

/**
 * @param body as it was received
 * @param nowMs Unix ms
 * @throws {TtaError} TTA_UNAUTHORIZED: none of the ways that are configured admits the sender
 */
export function checkSender(auth: SenderAuth, headers: Headers, body: Uint8Array, nowMs: number): void {
  const { bearerToken, basic, signature } = auth
  const problems: string[] = []
  const [, scheme = '', credentials = ''] = /^(\S+) +(\S+) *$/.exec(authorizationOf(headers)) ?? []
  if (bearerToken !== undefined) {
    if (scheme.toLowerCase() === 'bearer' && isSame(credentials, bearerToken)) return
    problems.push('no valid bearer token')
  }
  if (basic !== undefined) {
    const expected = Buffer.from(`${basic.username}:${basic.password}`).toString('base64')
    if (scheme.toLowerCase() === 'basic' && isSame(credentials, expected)) return
    problems.push('no valid basic credentials')
  }
  if (signature !== undefined) {
    const problem = signatureProblem(signature, headers, body, nowMs)
    if (problem === undefined) return
    problems.push(problem)
  }
  if (problems.length > 0) throw new TtaError('TTA_UNAUTHORIZED', `Not admitted: ${problems.join('; ')}`)
}

function authorizationOf({ authorization }: Headers): string {
  return typeof authorization === 'string' ? authorization : ''
}

/** In a time that says nothing of where they differ, nor of how long they are. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
