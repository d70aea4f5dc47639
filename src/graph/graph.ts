import type { PeerAttribute } from './spans/peer-attributes.ts'
import type { EdgeTotals } from './totals/call-totals.ts'
import type { Red } from './totals/red.ts'
import type { SpanCounts } from './trace/span-counts.ts'

/**
 * An operation, which is a pair of service and span name, or a value of the selected tag. At the service level: a
 * service, or a peer of services that sends no spans.
 */
export interface GraphNode extends Red {
  role: 'operation' | 'tag' | 'service' | 'database' | 'messaging' | 'external' | 'user' | 'other'
  /**
   * Present on a node with role `other`: the kind of nodes that it replaces. `operations` are those of the service
   * `title`; `operations of all` are those of several services. `services` includes peers.
   */
  folds?: 'operations' | 'operations of all' | 'services' | 'tag values'
  /** `service.name` of an operation or a service, the value of a tag node, the name of a peer. */
  title: string
  /** Distinguishes nodes with one title: the further parts of the name, '' for an absent one; absent without parts. */
  parts?: readonly string[]
  /** Span name of an operation, '' for all other nodes. */
  operation: string
  /** The most frequent value of the grouping attribute among its spans; absent without one. */
  group?: string
  /** Calls whose caller is the same node. They have no edge, because a node graph cannot draw one. */
  selfCalls: number
  /** How spans named a peer, in order of `peerAttributes`; absent or empty for other nodes. */
  namedBy?: PeerName[]
}

/** One way in which spans name a peer. */
export interface PeerName {
  attribute: PeerAttribute
  /** Value of the attribute. Of a URL: its host. Host names are in lower case. */
  name: string
  /** Present if it is not the default of the system. */
  port?: string
}

/**
 * Calls from one node to another. Duration and failures are the callee's.
 *
 * At the service level a call has failed if either side says so, and the duration of a call to a peer is the caller's.
 * The time on the critical path is that of all the callee did until it answered, less the time of other services.
 */
export interface GraphEdge extends EdgeTotals {
  /** Index into `Graph.nodes`: the caller. */
  source: number
  /** Index into `Graph.nodes`: the callee. */
  target: number
  /** Between services and peers: the kinds of data that show the calls. */
  evidence?: CallEvidence
}

/** The data that shows the calls between two nodes of the service level, from which a query can find them again. */
export interface CallEvidence {
  /** Spans of both ends, the callee's below the caller's. */
  spans: boolean
  /** Span links between traces. */
  links: boolean
  /** How spans named the callee, in order of `peerAttributes`. */
  calleeNamedBy: PeerName[]
  /** How spans named the caller. */
  callerNamedBy: PeerName[]
}

/** Nodes that are drawn as one, called `other`, because there are more of their kind than the limit. */
export interface Folding {
  kind: 'operations' | 'services' | 'tag values'
  /** How many nodes were folded at the end of the read. */
  folded: number
  /** How many nodes there were, those included. */
  total: number
  /** Calls counted on `other` while traces were read, because the limit of nodes was reached. */
  overflowCalls: number
}

/** A finished graph. Nodes and edges are sorted, so equal input gives an equal graph. */
export interface Graph {
  nodes: GraphNode[]
  edges: GraphEdge[]
  /** Sum of the durations of all roots, ns. The critical paths of all traces add up to it. */
  endToEndNs: number
  spans: SpanCounts
  /** For each kind of node how many are drawn as one; absent or empty if all are drawn. */
  foldings?: Folding[]
  /** At the service level: messages whose producer, named by a span link, was not among the spans. */
  unresolvedLinks?: number
  /** At the service level: ends of messages beyond the limit, whose links were not resolved. */
  droppedMessages?: number
  /** At the service level: spans that received messages known only from links. */
  linkedSpans?: number
}
