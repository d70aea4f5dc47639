import type { StringTable } from '../columns/string-table.ts'
import { NodeNames } from '../spans/node-name.ts'
import { indexOf } from '../spans/peer-attributes.ts'
import { peerCode, serviceCode, userCode } from '../spans/peer-codes.ts'
import { PeerColumns, PeerRole } from '../spans/peer-columns.ts'
import { PeerPart, PeerRank } from '../spans/peer-naming.ts'
import type { CallTotals } from '../totals/call-totals.ts'
import { ParentState } from '../trace/trace-tree.ts'
import type { ExitSpans } from './exit-spans.ts'
import type { PeerAliases } from './peer-aliases.ts'
import type { ServiceTree } from './service-tree.ts'

const clientAddress = indexOf('client.address')

/** The nodes at the ends of the calls of one trace: services, the peers that spans name, and the user. */
export class CallNodes {
  private readonly totals: CallTotals
  private readonly tree: ServiceTree
  private readonly exits: ExitSpans
  private readonly names: NodeNames
  private readonly aliases: PeerAliases
  /** Name of the user node; 0 without a user node. */
  private readonly userName: number
  private peers = new PeerColumns()

  /**
   * @param tree the tree of the current trace
   * @param exits the exit spans of the current trace
   * @param userName name of the user node, index into the strings; 0: there is no user node
   */
  constructor(
    totals: CallTotals,
    tree: ServiceTree,
    exits: ExitSpans,
    strings: StringTable,
    aliases: PeerAliases,
    userName: number,
  ) {
    this.totals = totals
    this.tree = tree
    this.exits = exits
    this.names = new NodeNames(strings)
    this.aliases = aliases
    this.userName = userName
  }

  start(peers: PeerColumns): void {
    this.peers = peers
  }

  /** Returns the broker that a span names. */
  brokerOf(row: number): { node: number; rank: number } {
    const namer = this.exits.namerOf(row)
    if (this.peers.role[namer] !== PeerRole.messaging) return { node: -1, rank: PeerRank.none }
    return { node: this.peerOf(row), rank: this.peers.rank[namer]! }
  }

  /** Returns the node of the service that a span works for. The span must have an owner. */
  serviceOf(row: number): number {
    return this.totals.nodeOf(this.tree.serviceOf(row), serviceCode)
  }

  /** Returns the node of the peer that a span names, or -1. */
  peerOf(row: number): number {
    const { peers, names, tree } = this
    const namer = this.exits.namerOf(row)
    let name = peers.name[namer]!
    if (name === 0 || peers.attribute[namer] === clientAddress) return -1
    if (peers.local[namer] === 1) name = names.withPart(name, tree.serviceOf(row), PeerPart.caller)
    return this.totals.nodeOf(name, peerCode(peers.role[namer]!, peers.attribute[namer]!))
  }

  /** Returns the node of a root's client if its address has an alias, otherwise -1. Other clients are not nodes. */
  clientOf(row: number, caller: number): number {
    const { peers, aliases } = this
    if (caller !== ParentState.root || peers.attribute[row] !== clientAddress) return -1
    const name = peers.name[row]!
    if (name === 0 || aliases.of(name) === undefined) return -1
    return this.totals.nodeOf(name, peerCode(PeerRole.external, clientAddress))
  }

  /** Returns the user node for a root, otherwise -1. */
  userOf(caller: number): number {
    if (caller !== ParentState.root || this.userName === 0) return -1
    return this.totals.nodeOf(this.userName, userCode)
  }
}
