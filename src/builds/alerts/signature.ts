import { createHmac, timingSafeEqual } from 'node:crypto'

/** What Grafana calls `hmacConfig` (grafana/alerting, http/hmac.go). */
export interface SignatureOptions {
  secret: string
  /** Lower case. */
  header: string
  /** Lower case; absent: only the body is signed, and what was sent once can be sent again. */
  timestampHeader: string | undefined
  /** How far the timestamp may be from our clock, s. */
  toleranceSec: number
}

export type Headers = Record<string, string | string[] | undefined>

/**
 * Checks the signature of a body: the hexadecimal HMAC-SHA256 of the body, or of the timestamp (Unix s), a colon
 * and the body.
 *
 * @returns why it does not hold, or undefined
 */
export function signatureProblem(
  options: SignatureOptions,
  headers: Headers,
  body: Uint8Array,
  nowMs: number,
): string | undefined {
  const { secret, header, timestampHeader, toleranceSec } = options
  const given = headers[header]
  if (typeof given !== 'string') return `the header ${header} is missing`
  const hmac = createHmac('sha256', secret)
  if (timestampHeader !== undefined) {
    const timestamp = headers[timestampHeader]
    if (typeof timestamp !== 'string') return `the header ${timestampHeader} is missing`
    if (!/^\d{1,12}$/.test(timestamp)) return `the header ${timestampHeader} is not a time in Unix seconds`
    if (Math.abs(nowMs / 1000 - Number(timestamp)) > toleranceSec) {
      return `the header ${timestampHeader} is more than ${toleranceSec} s away from this clock`
    }
    hmac.update(`${timestamp}:`)
  }
  const expected = hmac.update(body).digest()
  const presented = /^[0-9a-f]{64}$/i.test(given) ? Buffer.from(given, 'hex') : Buffer.alloc(expected.length)
  return timingSafeEqual(presented, expected) ? undefined : `the header ${header} is no signature of the body`
}
