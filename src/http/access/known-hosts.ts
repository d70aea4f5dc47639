import { isIP } from 'node:net'
import type { FastifyInstance } from 'fastify'
import { TtaError } from '../../base/errors.ts'
import type { AcceptedTokens } from './token-check.ts'

export interface KnownHosts {
  /** Names and `*.name` that clients may use for tta, in addition to those that no other site can have. */
  allowedHosts: readonly string[]
  /** The address or name to listen on. */
  host: string
}

/**
 * Refuses requests for a host that is not known, and requests from pages of other origins, while no token is configured.
 * A page could otherwise read graphs under a name of its own that resolves to the address of tta (DNS rebinding). With
 * tokens it applies only if `allowedHosts` lists hosts, since no other page has a token.
 *
 * A public DNS server cannot answer for an address, a name without a dot, or `*.localhost` (RFC 6761), so these are known.
 */
export function refuseForeignHosts(app: FastifyInstance, known: KnownHosts, tokens: AcceptedTokens): void {
  const allowed = known.allowedHosts.map((name) => name.toLowerCase())
  const isAllowed = (name: string) =>
    allowed.includes(name) || allowed.some((entry) => entry.startsWith('*.') && name.endsWith(entry.slice(1)))
  const isKnown = (name: string) =>
    isIP(name) !== 0 ||
    (name !== '' && !name.includes('.')) ||
    name.endsWith('.localhost') ||
    name === known.host.toLowerCase() ||
    isAllowed(name)

  let lastKnown: string | undefined
  app.addHook('onRequest', ({ headers }, _reply, done) => {
    const { host, origin } = headers
    if (host === undefined || (!tokens.isOpen && allowed.length === 0)) return done()
    if (host !== lastKnown && !isKnown(nameOf(host))) return done(foreign('Host', host))
    lastKnown = host
    if (origin === undefined) return done()
    const [, from = ''] = /^https?:\/\/([^/]*)$/.exec(origin) ?? []
    done(from === host || isAllowed(nameOf(from)) ? undefined : foreign('Origin', origin))
  })
}

/** Returns the name or address in a Host header, in lower case, without brackets, port and the dot of the root. */
function nameOf(host: string): string {
  const [, address, name = ''] = /^(?:\[([^\]]*)\]|([^:]*))(?::\d*)?$/.exec(host.toLowerCase()) ?? []
  return address ?? name.replace(/\.$/, '')
}

const foreign = (header: string, value: string) =>
  new TtaError(
    'TTA_FORBIDDEN',
    `${header} ${JSON.stringify(value)} is not allowed: server.allowed_hosts can list it`,
  )
