import type { FastifyInstance } from 'fastify'
import type { AcceptedTokens } from './accepted-tokens.ts'

/** 127.0.0.0/8 and ::1 (RFC 6890), also as an IPv4 address inside IPv6. */
const loopback = /^(::ffff:)?127\.|^::1$/

/**
 * Warns when the service listens on an address that others can reach and takes calls from everybody: at the start, and
 * after a reload that leaves no token.
 *
 * @returns what is to be warned of at the moment, in words
 */
export function watchExposure(app: FastifyInstance, tokens: AcceptedTokens): () => string[] {
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
