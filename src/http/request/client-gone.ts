import type { FastifyReply } from 'fastify'
import { TtaError } from '../../base/errors.ts'

/**
 * A signal that aborts when the client closes the connection before it has its answer. Fastify's `request.signal`
 * will not do: it aborts after a normal answer too.
 */
export function clientGone({ raw, request }: FastifyReply): AbortSignal {
  const controller = new AbortController()
  const abort = () => {
    if (!raw.writableEnded)
      controller.abort(new TtaError('TTA_CANCELLED', 'The client closed the connection'))
  }
  if (request.raw.socket.destroyed) abort()
  else raw.once('close', abort)
  return controller.signal
}
