import { otherIndex, type StringTable } from '../columns/string-table.ts'
import type { Folding, GraphNode } from '../graph.ts'
import { compareTexts, leastCalled } from '../operations/fold-into-other.ts'
import { partsOf } from '../spans/node-name.ts'
import { mayBeService, otherPeerCode, roleOfCode, serviceCode } from '../spans/peer-codes.ts'
import { PeerRole } from '../spans/peer-columns.ts'
import { PeerPart, withoutPort } from '../spans/peer-naming.ts'
import type { CallTotals } from '../totals/call-totals.ts'
import { RedColumns } from '../totals/red.ts'
import type { PeerAliases } from './peer-aliases.ts'
import { DatabaseSystems } from './shown-peers.ts'

/**
 * The nodes of a service graph: the services, and one peer for each name and role, whichever attributes named it.
 *
 * A node of the totals is a pair of a name and a code (`peer-codes.ts`), so several of them may become one shown node. A
 * peer is shown as a service if all answers to clients that name it came from that service. So is a peer with the title
 * of one service only (`mayBeService`). An alias replaces a peer's name, and goes before both.
 */
export interface ServiceNodes {
  length: number
  role: GraphNode['role'][]
  /** Title and further parts; indexes into the strings. */
  name: number[]
  /** The nodes of the totals that are shown as this peer; empty for services. */
  peers: number[][]
  /** For each node of the totals the shown node; -1 if everything that was counted on it was removed again. */
  shownAs: Int32Array
  /** Whether a node of the totals is a peer. */
  isPeer(node: number): boolean
}

/** Names of peers, in addition to those that spans give them. */
export interface KnownPeers {
  /** The service that answered for a peer, by the peer's name; indexes into the strings. */
  answeredBy: Map<number, number>
  aliases: PeerAliases
}

const peerRoles: Record<number, GraphNode['role']> = {
  [PeerRole.database]: 'database',
  [PeerRole.messaging]: 'messaging',
  [PeerRole.external]: 'external',
  [PeerRole.user]: 'user',
}

/**
 * @param all the calls: first those whose nodes count, then further ones between these nodes
 */
export function serviceNodesOf(
  all: [CallTotals, ...CallTotals[]],
  { answeredBy, aliases }: KnownPeers,
  strings: StringTable,
): ServiceNodes {
  const [{ nodes, nodeRed }] = all
  const isPeer = (node: number) => nodes.second[node] !== serviceCode
  const shownAs = new Int32Array(nodes.length).fill(-1)
  const shown: ServiceNodes = { length: 0, role: [], name: [], peers: [], shownAs, isPeer }
  const overflow = [nodes.find(otherIndex, serviceCode), nodes.find(otherIndex, otherPeerCode)].filter(
    (node) => node >= 0,
  )
  if (overflow.length > 0) addOther(shown)
  for (const node of overflow) shownAs[node] = 0
  const services = new Services(strings)
  const called = calledNodes(all)
  for (let node = 0; node < nodes.length; node++) {
    // A service whose requests all began outside the counted time only makes calls.
    const isShown = nodeRed.countOf(node) > 0 || called.has(node)
    if (isPeer(node) || overflow.includes(node) || !isShown) continue
    shownAs[node] = addShown(shown, 'service', nodes.first[node]!)
    services.add(nodes.first[node]!, shownAs[node]!)
  }
  const peers = [...called].filter((node) => isPeer(node) && !overflow.includes(node))
  const systems = new DatabaseSystems(strings)
  for (const node of peers) systems.add(nodes.first[node]!, nodes.second[node]!)
  const shownPeers = new Map<string, number>()
  for (const node of peers) {
    const code = nodes.second[node]!
    const ownName = nodes.first[node]!
    const alias = aliases.of(ownName)
    const service =
      alias === undefined ? services.nodeOf(ownName, code, answeredBy) : services.titled(alias, code)
    if (service >= 0) {
      shownAs[node] = service
      continue
    }
    const name = alias === undefined ? systems.complete(ownName, code) : strings.internText(alias)
    const key = `${roleOfCode(code)} ${name}`
    const peer = shownPeers.get(key) ?? addShown(shown, peerRoles[roleOfCode(code)] ?? 'external', name)
    shownPeers.set(key, peer)
    shownAs[node] = peer
    shown.peers[peer]!.push(node)
  }
  return shown
}

/** Finds the service that a peer is. */
class Services {
  private readonly strings: StringTable
  private readonly byName = new Map<number, number>()
  /** Names and nodes of the services of each title. */
  private readonly byTitle = new Map<string, { name: number; node: number }[]>()

  constructor(strings: StringTable) {
    this.strings = strings
  }

  add(name: number, node: number): void {
    this.byName.set(name, node)
    const [title = ''] = partsOf(this.strings.text(name))
    const namesakes = this.byTitle.get(title)
    if (namesakes) namesakes.push({ name, node })
    else this.byTitle.set(title, [{ name, node }])
  }

  /** Returns the shown node of the service that the peer is, -1 if it is not a service or may be several. */
  nodeOf(name: number, code: number, answeredBy: Map<number, number>): number {
    const answering = this.byName.get(answeredBy.get(name) ?? -1)
    if (answering !== undefined) return answering
    if (!mayBeService(code)) return -1
    const parts = partsOf(this.strings.text(name))
    const namespace = parts[PeerPart.namespace] ?? ''
    const named = this.byTitle.get(withoutPort(parts)) ?? []
    const fitting =
      namespace === '' || named.length < 2
        ? named
        : named.filter(({ name }) => partsOf(this.strings.text(name)).slice(1).includes(namespace))
    return fitting.length === 1 ? fitting[0]!.node : -1
  }

  /** Returns the shown node of the only service with the title of an alias, otherwise -1. A broker stays a broker. */
  titled(alias: string, code: number): number {
    const named = this.byTitle.get(alias) ?? []
    return named.length === 1 && roleOfCode(code) !== PeerRole.messaging ? named[0]!.node : -1
  }
}

function addShown(shown: ServiceNodes, role: GraphNode['role'], name: number): number {
  shown.role.push(role)
  shown.name.push(name)
  shown.peers.push([])
  return shown.length++
}

/** Adds the node that everything folded becomes. */
function addOther(shown: ServiceNodes): number {
  return addShown(shown, 'other', otherIndex)
}

/** Returns the nodes at the ends of edges that still have calls. */
function calledNodes(all: CallTotals[]): Set<number> {
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
