import type { StringTable } from '../columns/string-table.ts'
import { partsOf } from '../spans/node-name.ts'
import { withoutPort } from '../spans/peer-naming.ts'

/** The aliases of peers: names that replace their own. Each peer is looked up once. */
export class PeerAliases {
  /** The name that replaces that of a peer, which has no port here; undefined: it stays. */
  aliasOf: ((peer: string) => string | undefined) | undefined
  private readonly strings: StringTable
  private readonly known = new Map<number, string | undefined>()

  constructor(strings: StringTable, aliasOf?: (peer: string) => string | undefined) {
    this.strings = strings
    this.aliasOf = aliasOf
  }

  /** Returns the name that replaces that of a peer, undefined if it stays. @param name index into the strings */
  of(name: number): string | undefined {
    if (this.aliasOf === undefined) return undefined
    if (!this.known.has(name))
      this.known.set(name, this.aliasOf(withoutPort(partsOf(this.strings.text(name)))))
    return this.known.get(name)
  }
}
