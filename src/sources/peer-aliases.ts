import { BlockList, isIP, isIPv4 } from 'node:net'
import { compilePattern } from './tag-selector.ts'

interface PeerAlias {
  /** @param peer a name or address without port; hosts are in lower case */
  matches(peer: string): boolean
  name: string
}

/**
 * Parses a rule such as `10.0.0.0/8 = internal` or `^mongo-[0-9]+ = mongo`. The range of addresses (CIDR) or the RE2 pattern
 * selects peers, and the name replaces theirs. A pattern matches any part of a name.
 *
 * @throws {RangeError}
 */
export function parsePeerAlias(rule: string): PeerAlias {
  const [, match, name] = /^\s*(.+?)\s+=\s+(\S.*?)\s*$/s.exec(rule) ?? []
  if (match === undefined || name === undefined)
    throw new RangeError('must be a pattern or a CIDR range and a name, such as 10.0.0.0/8 = internal')
  const [, address = '', length] = /^([0-9a-fA-F:.]+)\/(\d{1,3})$/.exec(match) ?? []
  if (length === undefined) {
    const pattern = compilePattern(match)
    return { name, matches: (peer) => pattern.matcher(peer).find() }
  }
  const range = rangeOf(address, Number(length))
  return { name, matches: (peer) => isIP(peer) !== 0 && range.check(peer, familyOf(peer)) }
}

/** Returns the name of the first rule that matches a peer; undefined if there are no rules. @throws {RangeError} */
export function peerAliases(rules: readonly string[]): ((peer: string) => string | undefined) | undefined {
  const aliases = rules.map(parsePeerAlias)
  if (aliases.length === 0) return undefined
  return (peer) => aliases.find(({ matches }) => matches(peer))?.name
}

const familyOf = (address: string) => (isIPv4(address) ? 'ipv4' : 'ipv6')

function rangeOf(address: string, length: number): BlockList {
  const version = isIP(address)
  if (version === 0 || length > (version === 4 ? 32 : 128))
    throw new RangeError('must have an IPv4 address with /0 to /32, or an IPv6 address with /0 to /128')
  const range = new BlockList()
  range.addSubnet(address, length, familyOf(address))
  return range
}
