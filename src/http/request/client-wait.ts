import type { FastifyReply } from 'fastify'
import { Type } from 'typebox'
import { TtaError } from '../../base/errors.ts'

/** The header of RFC 7240, as far as it counts here. */
export const PreferHeader = Type.Object({
  prefer: Type.Optional(
    Type.String({
      description:
        '`wait=20`: answer after so many seconds at the latest, by default 25; `respond-async`: at once',
    }),
  ),
})

export interface Preference {
  /** How long the client waits for the result, s; 0: not at all. */
  waitSec: number
  /** For Preference-Applied. */
  applied: string | undefined
}

const defaultWaitSec = 25
/** Longer than any build. */
const maxWaitSec = 86_400

/**
 * Reads `Prefer`. With `respond-async` and `wait` both, the wait counts (RFC 7240, 4.3). A preference that makes no
 * sense or is not known is ignored, as it must be (section 2).
 */
export function readPrefer(header: string | string[] | undefined): Preference {
  const preferences = new Map<string, string>()
  for (const preference of String(header ?? '').split(',')) {
    const [, name = '', value = ''] = /^\s*([\w-]+)\s*(?:=\s*"?([^";\s]*)"?)?/.exec(preference) ?? []
    // Of one that is given twice the first counts.
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
 * A signal that aborts when the client closes the connection before it has its answer. Fastify's `request.signal`
 * will not do: it aborts after a normal answer too.
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
