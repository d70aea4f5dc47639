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
