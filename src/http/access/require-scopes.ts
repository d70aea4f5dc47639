import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { TtaError } from '../../base/errors.ts'
import type { AccessToken } from '../../config/rules/access-tokens.ts'
import type { Scope } from '../../config/sections/access-schema.ts'
import { problems } from '../schema/responses.ts'
import type { AcceptedTokens } from './accepted-tokens.ts'

declare module 'fastify' {
  interface FastifyContextConfig {
    /**
     * What a token must allow for this route to take it; `none`: the route takes anybody, or checks callers itself.
     * Left out, GET and HEAD want `read` and everything else `write`.
     */
    scope?: Scope | 'none'
  }
  interface FastifyRequest {
    /** Whose token the request has; null where none is needed. */
    caller: AccessToken | null
  }
}

/** How the OpenAPI document says that a route wants a token; the scope stands beside it as a role. */
export const securitySchemes = {
  bearer: {
    type: 'http' as const,
    scheme: 'bearer',
    description:
      'A token of server.auth.tokens, with the scope the call names: read, write or webhook. Where no token is configured, none is wanted.',
  },
}

/**
 * Every route that is registered afterwards wants a bearer token (RFC 6750) with its scope, and says so in the
 * OpenAPI document. As long as no token is configured everybody may call.
 */
export function requireScopes(app: FastifyInstance, tokens: AcceptedTokens): void {
  app.decorateRequest('caller', null)

  app.addHook('onRoute', (route) => {
    const scope = route.config?.scope ?? defaultScope(route)
    route.config = { ...route.config, scope }
    const { schema } = route
    if (schema === undefined || schema.hide || scope === 'none') return
    const response = { ...problems(401, 403), ...(schema.response as object) }
    route.schema = { ...schema, response, security: [{ bearer: [scope] }] }
  })

  app.addHook('onRequest', async (request, reply) => {
    const { scope = 'write' } = request.routeOptions.config
    if (tokens.isOpen || request.is404 || scope === 'none') return
    request.caller = admitted(request, reply, tokens, scope)
  })
}

function defaultScope({ method }: Pick<RouteOptions, 'method'>): Scope {
  return [method].flat().every((name) => name === 'GET' || name === 'HEAD') ? 'read' : 'write'
}

/** @throws {TtaError} TTA_UNAUTHORIZED, TTA_FORBIDDEN */
function admitted(
  { headers }: FastifyRequest,
  reply: FastifyReply,
  tokens: AcceptedTokens,
  scope: Scope,
): AccessToken {
  const challenge = (parameters = '') => reply.header('www-authenticate', `Bearer realm="tta"${parameters}`)
  const presented = /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]
  if (presented === undefined) {
    challenge()
    throw new TtaError('TTA_UNAUTHORIZED', 'This call wants a token: Authorization: Bearer <token>')
  }
  const caller = tokens.find(presented)
  if (caller === undefined) {
    challenge(', error="invalid_token"')
    throw new TtaError('TTA_UNAUTHORIZED', 'This token is not one that is taken here')
  }
  if (!caller.scopes.includes(scope)) {
    challenge(`, error="insufficient_scope", scope="${scope}"`)
    const message = `This call wants a token with the scope ${scope}; ${caller.name} has ${caller.scopes.join(', ')}`
    throw new TtaError('TTA_FORBIDDEN', message, { details: { scope } })
  }
  return caller
}
