import { withRoom } from '../columns/grow.ts'
import { PairIndex } from '../columns/hash-index.ts'
import type { Steps } from '../columns/steps.ts'
import { otherIndex, type StringTable } from '../columns/string-table.ts'
import { otherPeerCode, serviceCode } from '../spans/peer-naming.ts'
import type { SpanTable } from '../spans/span-table.ts'
import type { MeasuredSpans } from '../spans/span-weights.ts'
import { type CallPattern, CallPatterns } from './call-patterns.ts'
import { CallSides, type Sides } from './call-sides.ts'
import { CurrentTrace } from './exemplars.ts'
import { type Red, RedColumns } from './red.ts'

/**
 * Sees what becomes of the spans of a trace while they are added up, or taken back: whoever explains a graph learns
 * it from what builds the graph. Rows are those of the trace at hand.
 */
export interface CallObserver {
  /** Before anything else: the pairs that nodes are numbers of. */
  observe(nodes: PairIndex): void
  /** The span of `row` tells of a call; of a node by itself, where `caller` is `callee`. */
  call(caller: number, callee: number, row: number): void
  /** A client makes no call by itself: the spans of its callee told of it, or nobody answered. */
  noCall(row: number, answered: boolean): void
  /** A received message waits for its sender, which may be in another trace. */
  awaitSender(row: number, message: number): void
  /** When the graph is read: the nodes that sent a message and that it went through, each -1 where it is not known. */
  sentBy(message: number, sender: number, broker: number): void
}

/** Totals of the calls from one node to another. */
export interface EdgeTotals extends Red {
  sides: Sides
  pattern: CallPattern
}

/**
 * Totals of the nodes and edges at one level of detail. A node is a pair of strings, here (service, span
 * name); an edge is a pair of nodes.
 */
export class CallTotals {
  readonly nodes = new PairIndex()
  readonly nodeRed: RedColumns
  readonly edges = new PairIndex()
  readonly edgeRed: RedColumns
  readonly sides = new CallSides()
  readonly patterns = new CallPatterns()
  /** Calls of each node from itself. */
  selfCalls = new Float64Array(64)

  private readonly slowThresholdNs: number
  private observer: CallObserver | undefined
  private readonly secondKind: 'text' | 'code'
  private readonly maxNodes: number

  /**
   * @param trace the trace whose calls are added; may be left out where only whole edges are
   * @param second whether the second of a node's pair is a string as well, or a number that is the same everywhere
   * @param maxNodes most nodes that get one of their own; there may be twice as many, with those for all others
   */
  constructor(
    slowThresholdNs: number,
    trace = new CurrentTrace(),
    second: 'text' | 'code' = 'text',
    maxNodes = Number.POSITIVE_INFINITY,
  ) {
    this.secondKind = second
    this.maxNodes = maxNodes
    this.slowThresholdNs = slowThresholdNs
    this.nodeRed = new RedColumns(trace)
    this.edgeRed = new RedColumns(trace)
  }

  /**
   * The node (first, second). Where there is no room for another, the one of all others with the same `first`, and
   * where there are too many of these or `second` is no string, one for all.
   */
  nodeOf(first: number, second: number): number {
    const { nodes, maxNodes } = this
    if (nodes.length < maxNodes) return nodes.indexOf(first, second)
    const known = nodes.find(first, second)
    if (known >= 0) return known
    if (this.secondKind === 'code')
      return nodes.indexOf(otherIndex, second === serviceCode ? serviceCode : otherPeerCode)
    const ofFirst = nodes.find(first, otherIndex)
    if (ofFirst >= 0) return ofFirst
    return nodes.indexOf(nodes.length < 2 * maxNodes ? first : otherIndex, otherIndex)
  }

  /** From now on tells of each call. */
  watch(observer: CallObserver): void {
    this.observer = observer
    observer.observe(this.nodes)
  }

  /** Counts a span on a node. */
  addToNode(node: number, spans: SpanTable, row: number, sign: 1 | -1): void {
    this.nodeRed.addSpan(node, spans, row, this.slowThresholdNs, sign)
  }

  /** Counts a span as a call of `callee` by `caller` and returns the edge. */
  addToEdge(caller: number, callee: number, spans: SpanTable, row: number, sign: 1 | -1): number {
    const edge = this.edges.indexOf(caller, callee)
    this.edgeRed.addSpan(edge, spans, row, this.slowThresholdNs, sign)
    this.observer?.call(caller, callee, row)
    return edge
  }

  /** Counts the calls that a span stands for on a node. */
  addNodeCall(node: number, spans: MeasuredSpans, row: number, failed: boolean, sign: 1 | -1): void {
    this.nodeRed.addCall(node, spans, row, failed, this.slowThresholdNs, sign)
  }

  /** Counts the calls that a span stands for as calls of `callee` by `caller` and returns the edge. */
  addCall(
    caller: number,
    callee: number,
    spans: MeasuredSpans,
    row: number,
    failed: boolean,
    sign: 1 | -1,
  ): number {
    const edge = this.edges.indexOf(caller, callee)
    this.edgeRed.addCall(edge, spans, row, failed, this.slowThresholdNs, sign)
    this.observer?.call(caller, callee, row)
    return edge
  }

  /** Counts the calls that a span stands for as calls of the node by itself. */
  addSelfCall(node: number, { weights }: MeasuredSpans, row: number, sign: 1 | -1): void {
    this.addSelfCalls(node, sign * (weights?.calls[row] ?? 1))
    this.observer?.call(node, node, row)
  }

  private addSelfCalls(node: number, calls: number): void {
    if (node >= this.selfCalls.length) {
      this.selfCalls = withRoom(this.selfCalls, node + 1)
    }
    this.selfCalls[node]! += calls
  }

  /**
   * Adds the totals of `other`, whose nodes are pairs of `otherStrings`.
   *
   * @returns for each node of `other` the node here
   */
  merge(other: CallTotals, strings: StringTable, otherStrings: StringTable): Int32Array {
    const nodeOf = new Int32Array(other.nodes.length)
    for (let node = 0; node < other.nodes.length; node++) {
      const firstHere = strings.internFrom(otherStrings, other.nodes.first[node]!)
      const second = other.nodes.second[node]!
      nodeOf[node] = this.nodeOf(
        firstHere,
        this.secondKind === 'text' ? strings.internFrom(otherStrings, second) : second,
      )
    }
    this.addAll(other, nodeOf)
    return nodeOf
  }

  /** Adds the totals of `other`; `nodeOf` says for each of its nodes which one it is here. */
  addAll(other: CallTotals, nodeOf: Int32Array): void {
    for (let node = 0; node < other.nodes.length; node++) {
      if (node < other.nodeRed.length) this.nodeRed.addRow(nodeOf[node]!, other.nodeRed, node)
      this.addSelfCalls(nodeOf[node]!, other.selfCalls[node] ?? 0)
    }
    for (let edge = 0; edge < other.edges.length; edge++) {
      const caller = nodeOf[other.edges.first[edge]!]!
      const callee = nodeOf[other.edges.second[edge]!]!
      if (caller === callee) this.addSelfCalls(callee, other.edgeRed.countOf(edge))
      else this.addEdge(caller, callee, other, edge)
    }
  }

  /** Adds the calls on edge `from` of `other` to those of `callee` by `caller`, and returns the edge. */
  addEdge(caller: number, callee: number, other: CallTotals, from: number): number {
    const edge = this.edges.indexOf(caller, callee)
    this.edgeRed.addRow(edge, other.edgeRed, from)
    this.sides.addRow(edge, other.sides, from)
    this.patterns.addRow(edge, other.patterns, from)
    return edge
  }

  /**
   * These totals with the calls on each edge counted on the callee as well, for those that count a call on its edge
   * alone: all figures of a row can be added up, so a span need not be counted twice.
   */
  *withCallsOnCallees(): Steps<CallTotals> {
    const nodeRed = new RedColumns()
    for (let node = 0; node < this.nodeRed.length; node++) {
      nodeRed.addRow(node, this.nodeRed, node)
      yield
    }
    for (let edge = 0; edge < this.edges.length; edge++) {
      nodeRed.addRow(this.edges.second[edge]!, this.edgeRed, edge)
      yield
    }
    return Object.assign(new CallTotals(this.slowThresholdNs), this, { nodeRed })
  }

  /** The figures of an edge. */
  readEdge(edge: number): EdgeTotals {
    return {
      ...this.edgeRed.read(edge),
      sides: this.sides.read(edge),
      pattern: this.patterns.read(edge),
    }
  }
}
