import type { FastifyInstance } from 'fastify'
import { TtaError } from '../../base/errors.ts'

const safeMethods = new Set(['GET', 'HEAD', 'OPTIONS'])

/**
 * Refuses what a page of another site sends with anything but a safe method: opened by somebody whose browser can reach
 * tta, it could have graphs built. Browsers say where a request comes from (W3C Fetch Metadata); programs say nothing.
 */
export function refuseCrossSite(app: FastifyInstance): void {
  app.addHook('onRequest', ({ method, headers }, _reply, done) => {
    if (safeMethods.has(method) || headers['sec-fetch-site'] !== 'cross-site') return done()
    done(new TtaError('TTA_FORBIDDEN', `A page of another site may not ${method} here`))
  })
}

/**
 * From the moment the service is asked to end, new requests are answered 503 and their connections closed; those
 * under way get their answers. To be called before anything else hooks into requests.
 */
export function refuseWhenClosing(app: FastifyInstance): void {
  let closing = false
  app.addHook('preClose', async () => {
    closing = true
  })
  app.addHook('onRequest', (_request, reply, done) => {
    if (!closing) return done()
    // Whoever comes again should come to another instance.
    reply.header('connection', 'close').header('retry-after', 1)
    done(new TtaError('TTA_CLOSING', 'The service is about to end and takes no more requests'))
  })
}
