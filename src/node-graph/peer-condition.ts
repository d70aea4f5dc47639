import type { PeerAttribute } from '../graph/spans/peer-naming.ts'
import { attributeTerm, hasValue, matchesPattern, patternOf } from '../model/traceql-terms.ts'

/**
 * A TraceQL condition on spans that name a peer by one of these attributes: the reverse of how the peer was named
 * (`PeerNaming`; of a URL and of the header Host its host alone).
 *
 * @param namedBy at least one attribute
 */
export function peerCondition(name: string, namedBy: PeerAttribute[]): string {
  const conditions = namedBy.map((attribute) => namedAs(name, attribute))
  return conditions.length === 1 ? `${conditions[0]}` : `(${conditions.join(' || ')})`
}

function namedAs(name: string, attribute: PeerAttribute): string {
  const term = attributeTerm('span', attribute)
  const host = `([^@/?#]*@)?\\[?${patternOf(name)}\\]?(:[0-9]*)?`
  switch (attribute) {
    case 'url.full':
    case 'http.url':
      return matchesPattern(term, `[^/]*://${host}([/?#].*)?`)
    case 'http.host':
      return matchesPattern(term, host)
    case 'network.peer.address':
      return withPort(term, name)
    default:
      return hasValue(term, name)
  }
}

/** An address goes with its port where that is known: `10.0.0.7:5432`. */
function withPort(term: string, name: string): string {
  const [, address, port] = /^(.+):([0-9]{1,5})$/.exec(name) ?? []
  if (address === undefined || port === undefined) return hasValue(term, name)
  const parts = `${hasValue(term, address)} && ${hasValue(attributeTerm('span', 'network.peer.port'), port)}`
  return `(${hasValue(term, name)} || (${parts}))`
}
