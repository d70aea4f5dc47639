import { PairIndex } from '../columns/hash-index.ts'
import { otherIndex, type StringTable } from '../columns/string-table.ts'
import type { Folding, GraphNode } from '../graph.ts'
import { compareTexts, leastCalled } from '../operations/fold-into-other.ts'
import { PeerRole } from '../spans/peer-columns.ts'
import { maskOfCode, mayBeService, otherPeerCode, roleOfCode, serviceCode } from '../spans/peer-naming.ts'
import type { CallTotals } from '../totals/call-totals.ts'
import { RedColumns } from '../totals/red.ts'

/**
 * The nodes of a service graph: the services, and one peer for each name and role, whichever attributes named it. A peer
 * with the name of a service in the graph may be that service (`mayBeService`).
 *
 * A node of the totals is a pair of a name and a code (`peer-naming.ts`), so several of them may become one shown node.
 */
export interface ServiceNodes {
  length: number
  role: GraphNode['role'][]
  /** Indexes into the strings. */
  name: number[]
  /** The attributes that named the peer: bit n is `peerAttributes[n]`; 0 for services. */
  attributeMask: number[]
  /** For each node of the totals the shown node; -1 if everything that was counted on it was removed again. */
  shownAs: Int32Array
  /** Whether a node of the totals is a peer. */
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
  const shownAs = new Int32Array(nodes.length).fill(-1)
  const shown: ServiceNodes = { length: 0, role: [], name: [], attributeMask: [], shownAs, isPeer }
  const overflow = [nodes.find(otherIndex, serviceCode), nodes.find(otherIndex, otherPeerCode)].filter(
    (node) => node >= 0,
  )
  if (overflow.length > 0) addOther(shown)
  for (const node of overflow) shownAs[node] = 0
  const services = new Map<number, number>()
  const called = calledNodes(totals, linked)
  for (let node = 0; node < nodes.length; node++) {
    // A service whose requests all began outside the counted time only makes calls.
    const isShown = nodeRed.countOf(node) > 0 || called.has(node)
    if (isPeer(node) || overflow.includes(node) || !isShown) continue
    shownAs[node] = addShown(shown, 'service', nodes.first[node]!)
    services.set(nodes.first[node]!, shownAs[node]!)
  }
  const peers = new PairIndex()
  const firstPeer = shown.length
  for (const node of called) {
    if (!isPeer(node) || overflow.includes(node)) continue
    const name = nodes.first[node]!
    const code = nodes.second[node]!
    const service = mayBeService(code) ? services.get(name) : undefined
    if (service !== undefined) {
      shownAs[node] = service
      continue
    }
    const peer = firstPeer + peers.indexOf(name, roleOfCode(code))
    if (peer === shown.length) addShown(shown, peerRoles[roleOfCode(code)] ?? 'external', name)
    shownAs[node] = peer
    shown.attributeMask[peer]! |= maskOfCode(code)
  }
  return shown
}

function addShown(shown: ServiceNodes, role: GraphNode['role'], name: number): number {
  shown.role.push(role)
  shown.name.push(name)
  shown.attributeMask.push(0)
  return shown.length++
}

/** Adds the node that everything folded becomes. */
function addOther(shown: ServiceNodes): number {
  return addShown(shown, 'other', otherIndex)
}

/** Returns the nodes at the ends of edges that still have calls. */
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

/** Calls that each shown node made and received. */
interface Calls {
  made: RedColumns
  received: RedColumns
}

/**
 * Folds the least called services and peers into one node, `other`, if there are more than `max`. Updates
 * `shown.shownAs`.
 *
 * @returns the node of everything folded, -1 if nothing was folded, and its calls in row 0 of `red`
 */
export function foldServiceNodes(
  shown: ServiceNodes,
  { made, received }: Calls,
  strings: StringTable,
  max: number,
): { other: number; red: RedColumns; folding: Folding } {
  const red = new RedColumns()
  const overflow = shown.name.indexOf(otherIndex)
  const countOf = (node: number) => received.countOf(node) || made.countOf(node) || 0
  const { least, total } = leastCalled(
    shown.length,
    (node) => (node === overflow ? 0 : countOf(node)),
    (a, b) => compareServiceNodes(shown, strings, a, b),
    max,
  )
  const overflowCalls = overflow < 0 ? 0 : countOf(overflow)
  const folding: Folding = { kind: 'services', folded: least.length, total, overflowCalls }
  if (overflow < 0 && least.length === 0) return { other: -1, red, folding }
  const other = overflow < 0 ? addOther(shown) : overflow
  const foldedInto = Int32Array.from({ length: shown.length }, (_, node) => node)
  for (const node of overflow < 0 ? least : [overflow, ...least]) {
    const isCalled = received.countOf(node) > 0
    if (countOf(node) > 0) red.addDependentRow(0, isCalled ? received : made, node, isCalled)
    foldedInto[node] = other
  }
  shown.shownAs.forEach((node, at) => {
    if (node >= 0) shown.shownAs[at] = foldedInto[node]!
  })
  return { other, red, folding }
}

function compareServiceNodes(
  { name, role }: ServiceNodes,
  strings: StringTable,
  a: number,
  b: number,
): number {
  return compareTexts(strings.text(name[a]!), strings.text(name[b]!)) || compareTexts(role[a]!, role[b]!)
}
