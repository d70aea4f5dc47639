import type { StringTable } from '../columns/string-table.ts'
import type { PeerName } from '../graph.ts'
import { compareTexts } from '../operations/fold-into-other.ts'
import { joinParts, partsOf } from '../spans/node-name.ts'
import { peerAttributes } from '../spans/peer-attributes.ts'
import { namingAttributeOf, roleOfCode } from '../spans/peer-codes.ts'
import { PeerRole } from '../spans/peer-columns.ts'
import { PeerPart, withoutPort } from '../spans/peer-naming.ts'
import type { CallTotals } from '../totals/call-totals.ts'

/** Most names of one peer that are shown. */
const maxNames = 20

/** Returns how spans named the peers among some nodes of the totals, in order of `peerAttributes`. */
export function peerNames({ nodes }: CallTotals, among: Iterable<number>, strings: StringTable): PeerName[] {
  const found = new Map<string, PeerName>()
  for (const node of among) {
    const attribute = namingAttributeOf(nodes.second[node]!)
    if (attribute === undefined) continue
    const parts = partsOf(strings.text(nodes.first[node]!))
    const port = parts[PeerPart.port] ?? ''
    const name = withoutPort(parts)
    found.set(`${attribute} ${port} ${name}`, { attribute, name, ...(port === '' ? {} : { port }) })
  }
  const order = (peer: PeerName) => peerAttributes.indexOf(peer.attribute)
  return [...found.values()]
    .sort(
      (a, b) =>
        order(a) - order(b) || compareTexts(a.name, b.name) || compareTexts(a.port ?? '', b.port ?? ''),
    )
    .slice(0, maxNames)
}

/**
 * Finds the system of databases whose spans do not all name it. A database of the same name and port is the same one if
 * only one system is known.
 */
export class DatabaseSystems {
  private readonly systems = new Map<string, Set<string>>()
  private readonly strings: StringTable

  constructor(strings: StringTable) {
    this.strings = strings
  }

  add(name: number, code: number): void {
    if (roleOfCode(code) !== PeerRole.database) return
    const [key, system] = this.split(name)
    if (system === '') return
    this.systems.set(key, (this.systems.get(key) ?? new Set()).add(system))
  }

  /** Returns the name with its system, if exactly one is known. */
  complete(name: number, code: number): number {
    if (roleOfCode(code) !== PeerRole.database) return name
    const [key, system] = this.split(name)
    const known = this.systems.get(key)
    if (system !== '' || known?.size !== 1) return name
    const parts = partsOf(this.strings.text(name))
    while (parts.length <= PeerPart.system) parts.push('')
    parts[PeerPart.system] = [...known][0]!
    return this.strings.internText(joinParts(parts))
  }

  private split(name: number): [key: string, system: string] {
    const parts = partsOf(this.strings.text(name))
    const system = parts[PeerPart.system] ?? ''
    if (system !== '') parts[PeerPart.system] = ''
    return [joinParts(parts), system]
  }
}
