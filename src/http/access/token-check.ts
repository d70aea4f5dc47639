import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { TtaError } from '../../base/errors.ts'
import type { AccessToken } from '../../config/checks/access-tokens.ts'
import type { Scope } from '../../config/sections/access-schema.ts'
import { problems } from '../schema/responses.ts'

/** The tokens that are taken at the moment. A reload of the configuration replaces them. */
export class AcceptedTokens {
  private entries: { token: AccessToken; hash: Buffer }[] = []

  private listener = () => {}

  constructor(tokens: readonly AccessToken[] = []) {
    this.replace(tokens)
  }

  replace(tokens: readonly AccessToken[]): void {
    this.entries = tokens.map((token) => ({ token, hash: Buffer.from(token.sha256, 'hex') }))
    this.listener()
  }

  /** @param listener called whenever others have taken their place */
  whenReplaced(listener: () => void): void {
    this.listener = listener
  }

  /** No token is configured: everybody may call. */
  get isOpen(): boolean {
    return this.entries.length === 0
  }

  /**
   * Whose token this is. Hashes are compared, each with every one and in constant time: how long it takes tells
   * nothing about any token.
   */
  find(presented: string): AccessToken | undefined {
    const hash = createHash('sha256').update(presented).digest()
    let found: AccessToken | undefined
    for (const entry of this.entries) if (timingSafeEqual(hash, entry.hash)) found = entry.token
    return found
  }
}

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
export function requireTokens(app: FastifyInstance, tokens: AcceptedTokens): void {
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

/** 127.0.0.0/8 and ::1 (RFC 6890), also as an IPv4 address inside IPv6. */
const loopback = /^(::ffff:)?127\.|^::1$/

/**
 * Warns when the service listens on an address that others can reach and takes calls from everybody: at the start, and
 * after a reload that leaves no token.
 *
 * @returns what is to be warned of at the moment, in words
 */
export function warnOfOpenAccess(app: FastifyInstance, tokens: AcceptedTokens): () => string[] {
  const warnings = () => {
    const reachable = app
      .addresses()
      .map((bound) => (typeof bound === 'string' ? bound : bound.address))
      .filter((address) => !loopback.test(address))
    if (!tokens.isOpen || reachable.length === 0) return []
    return [
      `Everybody who can reach ${reachable.join(', ')} may build and remove graphs: server.auth.tokens is empty`,
    ]
  }
  const tell = () => {
    for (const warning of warnings()) app.log.warn(warning)
  }
  app.addHook('onListen', async () => tell())
  tokens.whenReplaced(tell)
  return warnings
}
