import { withRoom } from '../columns/grow.ts'
import { PairIndex } from '../columns/hash-index.ts'
import type { StringTable } from '../columns/string-table.ts'

/**
 * Counts which services answered the clients that name a peer. If all answers came from one service, the peer is that
 * service, and so are the calls that it did not answer. It is decided at the end, so that order does not matter.
 */
export class AnsweredPeers {
  /** Pairs of a peer's name and a service's name, indexes into the strings. */
  private readonly pairs = new PairIndex()
  private answers = new Float64Array(64)

  /** Adds an answer of a service to a client that names the peer, or removes it if `sign` is -1. */
  add(peer: number, service: number, sign: number): void {
    const pair = this.pairs.indexOf(peer, service)
    this.answers = withRoom(this.answers, pair + 1)
    this.answers[pair]! += sign
  }

  merge(other: AnsweredPeers, strings: StringTable, otherStrings: StringTable): void {
    for (let pair = 0; pair < other.pairs.length; pair++) {
      const peer = strings.internFrom(otherStrings, other.pairs.first[pair]!)
      const service = strings.internFrom(otherStrings, other.pairs.second[pair]!)
      this.add(peer, service, other.answers[pair]!)
    }
  }

  /** Returns the service of each peer that exactly one service answered for. */
  read(): Map<number, number> {
    const services = new Map<number, number>()
    const shared = new Set<number>()
    for (let pair = 0; pair < this.pairs.length; pair++) {
      if (!(this.answers[pair]! > 0)) continue
      const peer = this.pairs.first[pair]!
      if (services.has(peer)) shared.add(peer)
      else services.set(peer, this.pairs.second[pair]!)
    }
    for (const peer of shared) services.delete(peer)
    return services
  }
}
