import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { TtaError } from '../../base/errors.ts'
import { buildParameters, takesBuildParameters } from '../request/query-parameters.ts'
import { problems } from '../schema/responses.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Whether a request reads the trace source, and so counts against the rate limit of its client.
     * Default: requests with build parameters in the query string do.
     */
    costsTempo?: boolean | 'with parameters'
  }
}

export interface RateLimit {
  /** Maximum number of requests in the window; 0 for no limit. */
  max: number
  windowSec: number
}

/**
 * Limits how often one client can make tta read the trace source: per token, or per address if no token is configured.
 * An IPv6 network of 64 bits counts as one address. Call this before the routes are registered.
 *
 * @param limit called for every request
 */
export async function limitRates(app: FastifyInstance, limit: () => RateLimit): Promise<void> {
  app.addHook('onRoute', (route) => {
    const { schema, config } = route
    const byQuery = takesBuildParameters(schema?.querystring) ? 'with parameters' : false
    const costsTempo = config?.costsTempo ?? byQuery
    route.config = { ...config, costsTempo }
    if (schema === undefined || costsTempo === false) return
    route.schema = { ...schema, response: { ...problems(429), ...(schema.response as object) } }
  })

  await app.register(rateLimit, {
    global: false,
    max: () => limit().max,
    timeWindow: () => limit().windowSec * 1000,
  })
  const byAddress = app.createRateLimit()
  const byToken = app.createRateLimit({ keyGenerator: ({ caller }) => caller?.name ?? '' })

  const take = async (request: FastifyRequest, reply: FastifyReply) => {
    const { max, windowSec } = limit()
    const use = await (request.caller ? byToken(request) : byAddress(request))
    if (use.isAllowed || !use.isExceeded) return
    reply.header('retry-after', use.ttlInSeconds)
    const client = request.caller ? `token ${request.caller.name}` : 'this address'
    throw new TtaError(
      'TTA_RATE_LIMITED',
      `Rate limit of ${max} requests per ${windowSec} s exceeded for ${client} (server.rate_limit)`,
      { details: { retryAfterSec: use.ttlInSeconds } },
    )
  }
  app.addHook('preHandler', (request, reply, done) => {
    if (limit().max === 0 || !readsTraces(request)) return done()
    take(request, reply).then(() => done(), done)
  })
}

/** Returns whether a request reads the trace source. */
export function readsTraces({ routeOptions, query }: FastifyRequest): boolean {
  const { costsTempo = false } = routeOptions.config
  return costsTempo === 'with parameters' ? buildParameters(query as object) !== undefined : costsTempo
}
