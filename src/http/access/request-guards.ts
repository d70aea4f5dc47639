import type { FastifyInstance } from 'fastify'
import { TtaError } from '../../base/errors.ts'

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses requests with an unsafe method from pages of other sites. Such a page could otherwise start builds through the
 * browser of a user who can reach tta. Browsers mark these requests (W3C Fetch Metadata); other programs do not.
 */
export function refuseCrossSite(app: FastifyInstance): void {
  app.addHook('onRequest', ({ method, headers }, _reply, done) => {
    if (safeMethods.has(method) || headers['sec-fetch-site'] !== 'cross-site') return done()
    done(new TtaError('TTA_FORBIDDEN', `Cross-site ${method} requests are not allowed`))
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
