import { PairIndex } from '../columns/hash-index.ts'
import { folded, type StringTable } from '../columns/string-table.ts'
import type { Folding, GraphNode } from '../graph.ts'
import { compareTexts, leastCalled } from '../operations/fold-nodes.ts'
import { PeerRole } from '../spans/peer-columns.ts'
import { foldedPeer, maskOfCode, mayBeService, roleOfCode, serviceCode } from '../spans/peer-naming.ts'
import type { CallTotals } from '../totals/call-totals.ts'
import { RedColumns } from '../totals/red.ts'

/**
 * Who takes part in the calls of a graph: the services, and the peers of each name and role, whichever attributes
 * named them. A peer with the name of a service that is in the graph may be that service.
 */
export interface ServiceNodes {
  length: number
  role: GraphNode['role'][]
  /** Indexes into the strings. */
  name: number[]
  /** The attributes that named the party: bit n is that of index n; 0 for services. */
  sources: number[]
  /** The party of each node of the totals, -1 where it has none: what it was made for was taken back. */
  of: Int32Array
  isPeer(node: number): boolean
}

const peerRoles: Record<number, GraphNode['role']> = {
  [PeerRole.database]: 'database',
  [PeerRole.messaging]: 'messaging',
  [PeerRole.external]: 'external',
  [PeerRole.user]: 'user',
}

/** @param linked further calls between the nodes of `totals` */
export function serviceNodesOf(totals: CallTotals, linked: CallTotals): ServiceNodes {
  const { nodes, nodeRed } = totals
  const isPeer = (node: number) => nodes.second[node] !== serviceCode
  const of = new Int32Array(nodes.length).fill(-1)
  const parties: ServiceNodes = { length: 0, role: [], name: [], sources: [], of, isPeer }
  const late = [nodes.find(folded, serviceCode), nodes.find(folded, foldedPeer)].filter((node) => node >= 0)
  if (late.length > 0) addOther(parties)
  for (const node of late) of[node] = 0
  const services = new Map<number, number>()
  for (let node = 0; node < nodes.length; node++) {
    if (isPeer(node) || late.includes(node) || !(nodeRed.countOf(node) > 0)) continue
    of[node] = parties.length++
    parties.role.push('service')
    parties.name.push(nodes.first[node]!)
    parties.sources.push(0)
    services.set(nodes.first[node]!, of[node]!)
  }
  const peers = new PairIndex()
  const firstPeer = parties.length
  for (const node of calledNodes(totals, linked)) {
    if (!isPeer(node) || late.includes(node)) continue
    const name = nodes.first[node]!
    const code = nodes.second[node]!
    const service = mayBeService(code) ? services.get(name) : undefined
    if (service !== undefined) {
      of[node] = service
      continue
    }
    const party = firstPeer + peers.indexOf(name, roleOfCode(code))
    of[node] = party
    if (party === parties.length) {
      parties.length++
      parties.role.push(peerRoles[roleOfCode(code)] ?? 'external')
      parties.name.push(name)
      parties.sources.push(0)
    }
    parties.sources[party]! |= maskOfCode(code)
  }
  return parties
}

/** The party of all that is folded, which is added to the others. */
export function addOther(parties: ServiceNodes): number {
  parties.role.push('other')
  parties.name.push(folded)
  parties.sources.push(0)
  return parties.length++
}

/** The nodes at the ends of calls that were not taken back. */
function calledNodes(...all: CallTotals[]): Set<number> {
  const called = new Set<number>()
  for (const { edges, edgeRed } of all) {
    for (let edge = 0; edge < edges.length; edge++) {
      if (!(edgeRed.countOf(edge) > 0)) continue
      called.add(edges.first[edge]!)
      called.add(edges.second[edge]!)
    }
  }
  return called
}

/** Calls that each party received, and made. */
interface Calls {
  made: RedColumns
  received: RedColumns
}

/**
 * Adds up the least called services and peers where there are more than `max`: they become one party, in `parties.of`
 * too.
 *
 * @returns the party of all that is folded, -1 where there is none, and in row 0 of `red` its calls
 */
export function foldServiceNodes(
  parties: ServiceNodes,
  { made, received }: Calls,
  strings: StringTable,
  max: number,
): { other: number; red: RedColumns; folding: Folding } {
  const red = new RedColumns()
  const late = parties.name.indexOf(folded)
  const countOf = (party: number) => received.countOf(party) || made.countOf(party) || 0
  const { least, of } = leastCalled(
    parties.length,
    (party) => (party === late ? 0 : countOf(party)),
    (a, b) => compareParties(parties, strings, a, b),
    max,
  )
  const lateCalls = late < 0 ? 0 : countOf(late)
  const folding: Folding = { kind: 'services', folded: least.length, of, late: lateCalls }
  if (late < 0 && least.length === 0) return { other: -1, red, folding }
  const other = late < 0 ? addOther(parties) : late
  const partyOf = Int32Array.from({ length: parties.length }, (_, party) => party)
  for (const party of late < 0 ? least : [late, ...least]) {
    const isCalled = received.countOf(party) > 0
    if (countOf(party) > 0) red.addRow(0, isCalled ? received : made, party, isCalled)
    partyOf[party] = other
  }
  parties.of.forEach((party, node) => {
    if (party >= 0) parties.of[node] = partyOf[party]!
  })
  return { other, red, folding }
}

function compareParties({ name, role }: ServiceNodes, strings: StringTable, a: number, b: number): number {
  const roleOf = (party: number): GraphNode['role'] => role[party]!
  return compareTexts(strings.text(name[a]!), strings.text(name[b]!)) || compareTexts(roleOf(a), roleOf(b))
}
