import type { Graph, GraphEdge, GraphNode } from '../graph.ts'
import { PeerRole } from '../spans/peer-columns.ts'
import { mayBeService, roleOfCode, serviceCode } from '../spans/peer-naming.ts'
import type { SpanTable } from '../spans/span-table.ts'

/** The fields that identify a `GraphNode`. */
export type NodeKey = Pick<GraphNode, 'role' | 'title' | 'operation'>

const peerRoles: Record<string, number> = {
  database: PeerRole.database,
  messaging: PeerRole.messaging,
  external: PeerRole.external,
  user: PeerRole.user,
}

/** Decides which spans, and which pairs of the totals, belong to a node. Strings are those of one build. */
export class NodeMatch {
  readonly key: NodeKey
  private readonly title: number
  private readonly operation: number

  /** @param intern returns the index of a text in the strings of the build */
  constructor(key: NodeKey, intern: (text: string) => number) {
    this.key = key
    this.title = intern(key.title)
    this.operation = intern(key.operation)
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
    if (role === 'operation') return spans.service[row] === this.title && spans.name[row] === this.operation
    return this.isPeer ? this.isNamedBy(spans, row) : spans.service[row] === this.title
  }

  /** Returns whether the span of `row` names the node as its peer. */
  isNamedBy({ peers }: SpanTable, row: number): boolean {
    if (!peers || peers.name[row] !== this.title) return false
    return !this.isPeer || peers.role[row] === peerRoles[this.key.role]
  }

  /** Returns whether a pair of the totals belongs to the node: (service, span name), or (name, code) of services. */
  hasPair(first: number, second: number): boolean {
    if (first !== this.title) return false
    const { role } = this.key
    if (role === 'operation') return second === this.operation
    if (this.isPeer) return second !== serviceCode && roleOfCode(second) === peerRoles[role]
    return second === serviceCode || mayBeService(second)
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
      ({ role, title, operation }) => role === key.role && title === key.title && operation === key.operation,
    )
  const from = indexOf(source)
  const to = indexOf(target)
  return edges.find((edge) => edge.source === from && edge.target === to)
}
