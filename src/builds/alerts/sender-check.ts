import { createHash, createHmac, timingSafeEqual } from 'node:crypto'
import { TtaError } from '../../base/errors.ts'

/** Credentials that senders of alerts may show; any one of those configured suffices. Holds secrets: never log it. */
export interface SenderAuth {
  bearerToken: string | undefined
  basic: { username: string; password: string } | undefined
  signature: SignatureOptions | undefined
}

/** Grafana's `hmacConfig` (grafana/alerting, http/hmac.go). */
export interface SignatureOptions {
  secret: string
  /** Lower case. */
  header: string
  /** Lower case; absent: only the body is signed, so a recorded request can be sent again. */
  timestampHeader: string | undefined
  /** Largest difference between the timestamp and the clock of this host, s. */
  toleranceSec: number
}

type Headers = Record<string, string | string[] | undefined>

/** Whether senders have their own credentials. If not, a token of `server.auth` with the scope webhook is required. */
export function hasSenderAuth({ bearerToken, basic, signature }: SenderAuth): boolean {
  return bearerToken !== undefined || basic !== undefined || signature !== undefined
}

/** Returns the header WWW-Authenticate of a 401 (RFC 9110, 11.6.1). */
export function challenge({ bearerToken, basic, signature }: SenderAuth): string {
  return [
    ...(bearerToken === undefined ? [] : ['Bearer realm="tta"']),
    ...(basic === undefined ? [] : ['Basic realm="tta", charset="UTF-8"']),
    ...(signature === undefined ? [] : [`HMAC-SHA256 header="${signature.header}"`]),
  ].join(', ')
}

/**
 * Checks the credentials of a sender. Admits every sender if no credentials are configured.
 *
 * @param body the bytes as received
 * @param nowMs Unix ms
 * @throws {TtaError} TTA_UNAUTHORIZED: no configured credentials admit the sender
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
  if (problems.length > 0) {
    throw new TtaError('TTA_UNAUTHORIZED', `Authentication of the sender failed: ${problems.join('; ')}`)
  }
}

/**
 * Checks the signature of a body: the hexadecimal HMAC-SHA256 of the body, or of the timestamp (Unix s), a colon
 * and the body.
 *
 * @returns why the signature is not valid; undefined if it is
 */
export function signatureProblem(
  { secret, header, timestampHeader, toleranceSec }: SignatureOptions,
  headers: Headers,
  body: Uint8Array,
  nowMs: number,
): string | undefined {
  const given = headers[header]
  if (typeof given !== 'string') return `the header ${header} is missing`
  const hmac = createHmac('sha256', secret)
  if (timestampHeader !== undefined) {
    const timestamp = headers[timestampHeader]
    if (typeof timestamp !== 'string') return `the header ${timestampHeader} is missing`
    if (!/^\d{1,12}$/.test(timestamp)) return `the header ${timestampHeader} is not a time in Unix seconds`
    if (Math.abs(nowMs / 1000 - Number(timestamp)) > toleranceSec) {
      return `the header ${timestampHeader} differs from the clock of this host by more than ${toleranceSec} s`
    }
    hmac.update(`${timestamp}:`)
  }
  const expected = hmac.update(body).digest()
  const presented = /^[0-9a-f]{64}$/i.test(given) ? Buffer.from(given, 'hex') : Buffer.alloc(expected.length)
  if (timingSafeEqual(presented, expected)) return undefined
  return `the header ${header} is not a valid signature of the body`
}

function authorizationOf({ authorization }: Headers): string {
  return typeof authorization === 'string' ? authorization : ''
}

/** Compares in constant time: the duration does not depend on the texts or their lengths. */
function isSame(given: string, expected: string): boolean {
  const digest = (text: string) => createHash('sha256').update(text).digest()
  return timingSafeEqual(digest(given), digest(expected))
}
