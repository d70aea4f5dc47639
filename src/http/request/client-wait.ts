import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { TtaError } from '../../base/errors.ts'

/** The Prefer header (RFC 7240). Other preferences are ignored. */
export const PreferHeader = Type.Object({
  prefer: Type.Optional(
    Type.String({
      description: '`wait=20`: longest wait for the result, s. Default: 25. `respond-async`: no wait',
    }),
  ),
})

export interface Preference {
  /** Longest wait for the result, s; 0 for no wait. */
  waitSec: number
  /** Value of Preference-Applied. */
  applied: string | undefined
}

const defaultWaitSec = 25
/** Longer than any build takes. */
const maxWaitSec = 86_400

/**
 * Reads the Prefer header. `wait` has priority over `respond-async` (RFC 7240, 4.3). An invalid or unknown preference is
 * ignored, as section 2 requires.
 */
export function readPrefer(header: string | string[] | undefined): Preference {
  const preferences = new Map<string, string>()
  for (const preference of String(header ?? '').split(',')) {
    const [, name = '', value = ''] = /^\s*([\w-]+)\s*(?:=\s*"?([^";\s]*)"?)?/.exec(preference) ?? []
    // The first of several values counts (RFC 7240, 2).
    if (!preferences.has(name.toLowerCase())) preferences.set(name.toLowerCase(), value)
  }
  const wait = preferences.get('wait')
  if (wait !== undefined && /^\d{1,9}$/.test(wait)) {
    const waitSec = Math.min(Number(wait), maxWaitSec)
    return { waitSec, applied: `wait=${waitSec}` }
  }
  if (preferences.has('respond-async')) return { waitSec: 0, applied: 'respond-async' }
  return { waitSec: defaultWaitSec, applied: undefined }
}

/**
 * Returns a signal that aborts when the client closes the connection before the response is complete. Fastify's
 * `request.signal` is not suitable, because it also aborts after a complete response.
 */
export function disconnectSignal({ raw, request }: FastifyReply): AbortSignal {
  const controller = new AbortController()
  const abort = () => {
    if (!raw.writableEnded)
      controller.abort(new TtaError('TTA_CANCELLED', 'The client closed the connection'))
  }
  if (request.raw.socket.destroyed) abort()
  else raw.once('close', abort)
  return controller.signal
}
