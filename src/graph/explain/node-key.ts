import type { StringTable } from '../columns/string-table.ts'
import type { Graph, GraphEdge, GraphNode } from '../graph.ts'
import type { PeerAliases } from '../services/peer-aliases.ts'
import { nameOfFields } from '../spans/node-name.ts'
import { indexOf } from '../spans/peer-attributes.ts'
import { mayBeService, roleOfCode, serviceCode } from '../spans/peer-codes.ts'
import { PeerRole } from '../spans/peer-columns.ts'
import type { SpanTable } from '../spans/span-table.ts'

/** The fields that identify a `GraphNode`. */
export interface NodeKey extends Pick<GraphNode, 'role' | 'title' | 'parts' | 'operation'> {
  /** Whether no other service has the title: a peer that is called by the title alone is this service. */
  isOnlyOfTitle?: boolean
}

const peerRoles: Record<string, number> = {
  database: PeerRole.database,
  messaging: PeerRole.messaging,
  external: PeerRole.external,
  user: PeerRole.user,
}

const clientAddress = indexOf('client.address')

/** Decides which spans, and which pairs of the totals, belong to a node. Strings are those of one build. */
export class NodeMatch {
  readonly key: NodeKey
  /** The name with all its parts. */
  private readonly name: number
  private readonly title: number
  private readonly operation: number
  private readonly aliases: PeerAliases

  /** @param strings those of the build */
  constructor(key: NodeKey, strings: StringTable, aliases: PeerAliases) {
    this.key = key
    this.name = strings.internText(nameOfFields(key))
    this.title = strings.internText(key.title)
    this.operation = strings.internText(key.operation)
    this.aliases = aliases
  }

  /** Whether the node sends no spans, and is only known from spans that name it. */
  get isPeer(): boolean {
    return this.key.role in peerRoles
  }

  /** Whether the node sends spans: it is neither a peer nor a value of the tag. */
  get sendsSpans(): boolean {
    return !this.isPeer && this.key.role !== 'tag'
  }

  /** Returns whether the span of `row` belongs to the node, or names it if it is a peer. */
  hasRow(spans: SpanTable, row: number): boolean {
    const { role } = this.key
    if (role === 'tag') return spans.tagValue[row] === this.title
    if (role === 'operation') return spans.service[row] === this.name && spans.name[row] === this.operation
    return this.isPeer ? this.isNamedBy(spans, row) : spans.service[row] === this.name
  }

  /** Returns whether the span of `row` names the node as its peer. */
  isNamedBy({ peers }: SpanTable, row: number): boolean {
    if (!peers || !this.isCalled(peers.name[row]!)) return false
    if (peers.attribute[row] === clientAddress && this.aliases.of(peers.name[row]!) === undefined)
      return false
    return !this.isPeer || peers.role[row] === peerRoles[this.key.role]
  }

  /** Returns whether a pair of the totals belongs to the node: (service, span name), or (name, code) of services. */
  hasPair(first: number, second: number): boolean {
    const { role } = this.key
    if (role === 'operation') return first === this.name && second === this.operation
    if (second === serviceCode) return !this.isPeer && first === this.name
    if (!this.isCalled(first)) return false
    if (this.isPeer) return roleOfCode(second) === peerRoles[role]
    return this.aliases.of(first) === undefined
      ? mayBeService(second)
      : roleOfCode(second) !== PeerRole.messaging
  }

  /** Whether the name of a peer may be that of this node. */
  private isCalled(peer: number): boolean {
    const alias = this.aliases.of(peer)
    if (alias !== undefined)
      return alias === this.key.title && (this.isPeer || this.key.isOnlyOfTitle === true)
    return peer === this.name || (this.key.isOnlyOfTitle === true && peer === this.title)
  }
}

/** Returns the edge from one node to another, if there is one. */
export function edgeBetween(
  { nodes, edges }: Graph,
  source: NodeKey,
  target: NodeKey,
): GraphEdge | undefined {
  const indexOf = (key: NodeKey) =>
    nodes.findIndex(
      (node) =>
        node.role === key.role &&
        node.operation === key.operation &&
        nameOfFields(node) === nameOfFields(key),
    )
  const from = indexOf(source)
  const to = indexOf(target)
  return edges.find((edge) => edge.source === from && edge.target === to)
}
