import { createHash, timingSafeEqual } from 'node:crypto'
import type { FastifyInstance, FastifyReply, FastifyRequest, RouteOptions } from 'fastify'
import { TtaError } from '../../base/errors.ts'
import type { AccessToken } from '../../config/checks/access-tokens.ts'
import type { Scope } from '../../config/sections/server.ts'
import { problems } from '../schema/responses.ts'

/** The valid tokens. A reload of the configuration replaces them. */
export class AcceptedTokens {
  private entries: { token: AccessToken; hash: Buffer }[] = []

  private readonly listeners = new Set<() => void>()

  constructor(tokens: readonly AccessToken[] = []) {
    this.replace(tokens)
  }

  replace(tokens: readonly AccessToken[]): void {
    this.entries = tokens.map((token) => ({ token, hash: Buffer.from(token.sha256, 'hex') }))
    for (const listener of this.listeners) listener()
  }

  /**
   * @param listener called after every replacement
   * @returns a function that ends the calls
   */
  whenReplaced(listener: () => void): () => void {
    this.listeners.add(listener)
    return () => void this.listeners.delete(listener)
  }

  /** Whether no token is configured, so that every request is accepted. */
  get isOpen(): boolean {
    return this.entries.length === 0
  }

  /** Whether the token still gives access to routes of the scope; null is a caller without a token. */
  accepts(caller: AccessToken | null, scope: Scope): boolean {
    if (caller === null) return this.isOpen
    return this.entries.some(({ token }) => token.sha256 === caller.sha256 && token.scopes.includes(scope))
  }

  /**
   * Finds a token. The hash is compared with every known hash in constant time, so that the duration reveals nothing
   * about a token.
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
     * The scope that a token must have for this route. `none`: the route is public, or checks its clients itself.
     * Default: `read` for GET and HEAD, `write` for all other methods.
     */
    scope?: Scope | 'none'
  }
  interface FastifyRequest {
    /** The token of the request; null if the route needs none. */
    caller: AccessToken | null
    /**
     * Calls the listener when a reload takes away the access to this route.
     *
     * @returns a function that ends the calls
     */
    whenRevoked(listener: () => void): () => void
    /** Whether the request has a token with the scope, or none is needed. For routes that are public in part. */
    hasScope(scope: Scope): boolean
  }
}

/** The security scheme of the OpenAPI document. Each route lists its scope as a role. */
export const securitySchemes = {
  bearer: {
    type: 'http' as const,
    scheme: 'bearer',
    description:
      'A token of server.auth.tokens with the scope that the operation lists: read, write or webhook. No token is required if none is configured.',
  },
}

/**
 * Requires a bearer token (RFC 6750) with the right scope for every route that is registered afterwards, and documents
 * that in the OpenAPI document. If no token is configured, every request is accepted.
 */
export function requireTokens(app: FastifyInstance, tokens: AcceptedTokens): void {
  app.decorateRequest('caller', null)
  app.decorateRequest('whenRevoked', function (this: FastifyRequest, listener: () => void) {
    const { scope = 'write' } = this.routeOptions.config
    return tokens.whenReplaced(() => {
      if (scope !== 'none' && !tokens.accepts(this.caller, scope)) listener()
    })
  })

  app.decorateRequest('hasScope', function (this: FastifyRequest, scope: Scope) {
    const presented = presentedToken(this)
    return (
      tokens.isOpen || (presented !== undefined && tokens.find(presented)?.scopes.includes(scope) === true)
    )
  })

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

/** The token of the Authorization header. */
const presentedToken = ({ headers }: FastifyRequest) =>
  /^Bearer +(\S+)$/i.exec(headers.authorization ?? '')?.[1]

/** @throws {TtaError} TTA_UNAUTHORIZED, TTA_FORBIDDEN */
function admitted(
  request: FastifyRequest,
  reply: FastifyReply,
  tokens: AcceptedTokens,
  scope: Scope,
): AccessToken {
  const challenge = (parameters = '') => reply.header('www-authenticate', `Bearer realm="tta"${parameters}`)
  const presented = presentedToken(request)
  if (presented === undefined) {
    challenge()
    throw new TtaError('TTA_UNAUTHORIZED', 'Authentication required: send Authorization: Bearer <token>')
  }
  const caller = tokens.find(presented)
  if (caller === undefined) {
    challenge(', error="invalid_token"')
    throw new TtaError('TTA_UNAUTHORIZED', 'Unknown token')
  }
  if (!caller.scopes.includes(scope)) {
    challenge(`, error="insufficient_scope", scope="${scope}"`)
    const message = `The token ${caller.name} lacks the scope ${scope}; it has ${caller.scopes.join(', ')}`
    throw new TtaError('TTA_FORBIDDEN', message, { details: { scope } })
  }
  return caller
}

/** 127.0.0.0/8 and ::1 (RFC 6890), also as an IPv4 address inside IPv6. */
const loopback = /^(::ffff:)?127\.|^::1$/

/**
 * Warns if the service listens on an address other than loopback and no token is configured.
 *
 * @returns a function that returns the current warnings, as sentences
 */
export function warnOfOpenAccess(app: FastifyInstance, tokens: AcceptedTokens): () => string[] {
  const warnings = () => {
    const reachable = app
      .addresses()
      .map((bound) => (typeof bound === 'string' ? bound : bound.address))
      .filter((address) => !loopback.test(address))
    if (!tokens.isOpen || reachable.length === 0) return []
    return [
      `Every client that can reach ${reachable.join(', ')} can build and remove graphs: server.auth.tokens is empty`,
    ]
  }
  app.addHook('onListen', async () => {
    for (const warning of warnings()) app.log.warn(warning)
  })
  return warnings
}
