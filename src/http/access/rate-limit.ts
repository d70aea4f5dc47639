import rateLimit from '@fastify/rate-limit'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { TtaError } from '../../base/errors.ts'
import { buildParameters, takesBuildParameters } from '../request/query-parameters.ts'
import { problems } from '../schema/responses.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * Whether a request has the source of traces read, and counts against the limit of its caller. Left out: a
     * route that takes build parameters in its query does when it is given some.
     */
    costsTempo?: boolean | 'with parameters'
  }
}

export interface RateLimit {
  /** Most requests in the window; 0: any number. */
  max: number
  windowSec: number
}

/**
 * Limits how often one caller may have the source of traces read: per token, or where there are none per address
 * (an IPv6 network of 64 bits counts as one). To be called before the routes are registered.
 *
 * @param limit asked at every request
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
    const who = request.caller ? `the token ${request.caller.name}` : 'this address'
    throw new TtaError(
      'TTA_RATE_LIMITED',
      `Of ${who} only ${max} requests in ${windowSec} s may have traces read (server.rate_limit)`,
      { details: { retryAfterSec: use.ttlInSeconds } },
    )
  }
  app.addHook('preHandler', (request, reply, done) => {
    if (limit().max === 0 || !costs(request)) return done()
    take(request, reply).then(() => done(), done)
  })
}

function costs({ routeOptions, query }: FastifyRequest): boolean {
  const { costsTempo = false } = routeOptions.config
  return costsTempo === 'with parameters' ? buildParameters(query as object) !== undefined : costsTempo
}
