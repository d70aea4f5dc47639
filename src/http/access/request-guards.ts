import type { FastifyInstance } from 'fastify'
import { TtaError } from '../../base/errors.ts'
import { readsTraces } from './rate-limit.ts'

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses requests from pages of other origins that have an unsafe method or read the trace source. Such a page, or an
 * image of it, could otherwise start builds through the browser of a user who can reach tta. Browsers mark these requests
 * (W3C Fetch Metadata); other programs do not.
 */
export function refuseCrossSite(app: FastifyInstance): void {
  app.addHook('onRequest', (request, _reply, done) => {
    const { method, headers } = request
    const site = headers['sec-fetch-site']
    if (site !== 'cross-site' && site !== 'same-site') return done()
    if (safeMethods.has(method) && !readsTraces(request)) return done()
    const what = safeMethods.has(method) ? 'requests that read traces' : `${method} requests`
    done(
      new TtaError('TTA_FORBIDDEN', `${what} from other origins (sec-fetch-site: ${site}) are not allowed`),
    )
  })
}

/**
 * Refuses new requests with 503 during shutdown and closes their connections. Requests in progress still get their
 * responses. Call this before any other request hook is added.
 */
export function refuseWhenClosing(app: FastifyInstance): void {
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onRequest', (_request, reply, done) => {
    if (!closing) return done()
    // The retry should reach another instance.
    reply.header('connection', 'close').header('retry-after', 1)
    done(new TtaError('TTA_CLOSING', 'The service is shutting down'))
  })
}
