import type { PeerAttribute } from './spans/peer-naming.ts'
import type { EdgeTotals } from './totals/call-totals.ts'
import type { Red } from './totals/red.ts'
import type { SpanCounts } from './trace/span-counts.ts'

/**
 * A (service, span name), or a value of the selected tag; at the service level a service, or a peer of services
 * that sends no spans.
 */
export interface GraphNode extends Red {
  role: 'operation' | 'tag' | 'service' | 'database' | 'messaging' | 'external' | 'user' | 'other'
  /**
   * Of a node `other` what is folded into it: operations of the service `title`, operations of any service where the
   * title is `other`, services and peers, or values of the tag.
   */
  folds?: 'operations' | 'operations of all' | 'services' | 'tag values'
  /** `service.name` of an operation or a service, the value of a tag node, the name of a peer. */
  title: string
  /** Span name of an operation, '' for all else. */
  operation: string
  /** Calls whose caller is the same node. They are no edge: a node graph cannot draw them. */
  selfCalls: number
  /** The attributes that named a peer, in order of `peerAttributes`; absent or empty for other nodes. */
  namedBy?: PeerAttribute[]
}

/**
 * Calls from one node to another. Duration and failures are those of the callee; at the service level a call has
 * failed if either side says so, and the duration of one to a peer is the caller's; its time on the critical path is
 * that of all the callee did until it answered, less what others did for it.
 */
export interface GraphEdge extends EdgeTotals {
  /** Index into `Graph.nodes`: the caller. */
  source: number
  /** Index into `Graph.nodes`: the callee. */
  target: number
  /** Between services and peers: what tells of the calls. */
  evidence?: CallEvidence
}

/** What tells of the calls between two nodes of the service level, so that they can be found again. */
export interface CallEvidence {
  /** Spans of both ends, the callee's below the caller's. */
  spans: boolean
  /** Span links between traces. */
  links: boolean
  /** Attributes that named the callee, in order of `peerAttributes`. */
  calleeNamedBy: PeerAttribute[]
  /** Attributes that named the caller. */
  callerNamedBy: PeerAttribute[]
}

/** Nodes that are drawn as one, called `other`, because there are more of their kind than may be. */
export interface Folding {
  kind: 'operations' | 'services' | 'tag values'
  /** How many nodes were folded, at the end of the read. */
  folded: number
  /** How many nodes there were, those included. */
  of: number
  /** Calls that found no room for a node of their own while traces were read. */
  late: number
}

/** A finished graph. Nodes and edges are sorted, so equal input gives an equal graph. */
export interface Graph {
  nodes: GraphNode[]
  edges: GraphEdge[]
  /** Sum of the durations of all roots, ns: what the critical paths of all traces add up to. */
  endToEndNs: number
  spans: SpanCounts
  /** Of each kind of node how many are drawn as one; absent or empty where all are drawn. */
  foldings?: Folding[]
  /** At the service level: messages whose producer, named by a span link, was not among the spans. */
  unresolvedLinks?: number
  /** At the service level: ends of messages there was no room for, so that links to or from them lead nowhere. */
  droppedMessages?: number
  /** At the service level: spans that received messages which only links tell of. */
  linkedSpans?: number
}
