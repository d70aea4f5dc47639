import type { CallEvidence } from './call-evidence.ts'
import type { CallPattern } from './call-patterns.ts'
import type { Sides } from './call-sides.ts'
import type { PeerAttribute } from './peer-naming.ts'
import type { Red } from './red.ts'

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
  /** The attribute that named a peer; absent or '' for what is no peer. */
  source?: string
  /** All attributes that named a peer, the one of `source` first; absent or empty for what is no peer. */
  namedBy?: PeerAttribute[]
}

/**
 * Calls from one node to another. Duration and failures are those of the callee; at the service level a call has
 * failed if either side says so, and the duration of one to a peer is the caller's; its time on the critical path is
 * that of all the callee did until it answered, less what others did for it.
 */
export interface GraphEdge extends Red {
  /** Index into `Graph.nodes`: the caller. */
  source: number
  /** Index into `Graph.nodes`: the callee. */
  target: number
  sides: Sides
  pattern: CallPattern
  /** Between services and peers: what tells of the calls. */
  evidence?: CallEvidence
}

/**
 * What became of the spans. Two sums always hold:
 * `received = counted + duplicates + unnamed` and
 * `counted = edgeCalls + selfCalls + roots + orphans + cycles`.
 *
 * A node is what the level has nodes for. At the service level work inside a service counts among its self calls
 * here, though not on its node, and all members of a cycle count as such.
 */
export interface SpanCounts {
  traces: number
  /** Spans handed to the builder. */
  received: number
  /** Spans that are on a node. */
  counted: number
  /** Repetitions of a span that counts already. */
  duplicates: number
  /** Spans without `service.name`: no node, but their children hang on the nearest named ancestor. */
  unnamed: number
  /** Counted spans without a parent. */
  roots: number
  /** Counted spans whose parent never arrived. */
  orphans: number
  /** Counted spans whose ancestors lead back to themselves. */
  cycles: number
  /** Counted spans called from the same node. */
  selfCalls: number
  /** Counted spans called from another node. */
  edgeCalls: number
  /** Counted spans that end before they start: their duration is taken as 0. */
  skewed: number
  /** Counted spans that say of their sampling or pruning what cannot be: they stand for themselves. */
  badWeights: number
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

export function emptyCounts(): SpanCounts {
  return {
    traces: 0,
    received: 0,
    counted: 0,
    duplicates: 0,
    unnamed: 0,
    roots: 0,
    orphans: 0,
    cycles: 0,
    selfCalls: 0,
    edgeCalls: 0,
    skewed: 0,
    badWeights: 0,
  }
}
