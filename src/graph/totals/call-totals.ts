import { withRoom } from '../columns/grow.ts'
import { PairIndex } from '../columns/hash-index.ts'
import type { Steps } from '../columns/steps.ts'
import { otherIndex, type StringTable } from '../columns/string-table.ts'
import { otherPeerCode, serviceCode } from '../spans/peer-codes.ts'
import { hasFailed, type SpanTable } from '../spans/span-table.ts'
import type { MeasuredSpans } from '../spans/span-weights.ts'
import { type CallPattern, CallPatterns } from './call-patterns.ts'
import { CallSides, type Sides } from './call-sides.ts'
import { type ClockOffset, ClockOffsets } from './clock-offsets.ts'
import { CurrentTrace } from './exemplars.ts'
import { PassedServices } from './passed-services.ts'
import { type Red, RedColumns } from './red.ts'

/**
 * Observes how the spans of a trace are counted, while it is added or removed. An explanation of a graph uses it, so
 * that it cannot differ from the graph. Rows are those of the current trace.
 */
export interface CallObserver {
  /** Called first, with the pairs that nodes are numbers of. */
  observe(nodes: PairIndex): void
  /** The span of `row` was counted as a call; a self call if `caller` is `callee`. */
  call(caller: number, callee: number, row: number): void
  /** A client span was not counted as a call: spans of its callee were (`answered`), or it names no peer. */
  noCall(row: number, answered: boolean): void
  /** A span received a message whose way is found when the graph is read. */
  awaitSender(row: number, message: number): void
  /** A span sent a message whose way is found when the graph is read. */
  awaitReceivers(row: number, message: number): void
  /** Called when the graph is read, with the nodes of a received message's sender, -1 if unknown, and of its brokers. */
  sentBy(message: number, sender: number, brokers: number[]): void
  /** Called when the graph is read, with the node of a broker that a sent message went to. */
  sentTo(message: number, broker: number): void
}

/** Totals of the calls from one node to another. */
export interface EdgeTotals extends Red {
  sides: Sides
  pattern: CallPattern
  /** Transparent services that calls passed on their way, sorted; absent if no service is transparent. */
  via?: string[]
  /** Messages that the calls moved; 0 if they are not known to move any. */
  messages: number
  /** At the service level: calls in which the server starts before its client; absent without any. */
  clockOffset?: ClockOffset
}

/**
 * Totals of nodes and edges at one level. A node is a pair: (service, span name), or (name, code) at the service level.
 * An edge is a pair of nodes.
 */
export class CallTotals {
  readonly nodes = new PairIndex()
  readonly nodeRed: RedColumns
  readonly edges = new PairIndex()
  readonly edgeRed: RedColumns
  /** Adjusted counts of the calls that each node received and made, for nodes whose calls count on edges only. */
  readonly received: RedColumns
  readonly made: RedColumns
  readonly sides = new CallSides()
  readonly patterns = new CallPatterns()
  /** Self calls of each node. */
  selfCalls = new Float64Array(64)
  /** The transparent services that calls passed; undefined if there are none. */
  passed: PassedServices | undefined
  /** Calls in which the server starts before its client; undefined if they are not looked for. */
  offsets: ClockOffsets | undefined
  /** Messages on each edge. */
  private messages = new Float64Array(0)

  private readonly slowThresholdNs: number
  private observer: CallObserver | undefined
  private readonly secondKind: 'text' | 'code'
  private readonly maxNodes: number

  /**
   * @param trace the trace whose calls are added; optional if only whole edges are added
   * @param secondKind whether the second number of a node's pair is a string index or a code
   * @param maxNodes most nodes; as many again may be `other` nodes, which count all further pairs
   */
  constructor(
    slowThresholdNs: number,
    trace = new CurrentTrace(),
    secondKind: 'text' | 'code' = 'text',
    maxNodes = Number.POSITIVE_INFINITY,
  ) {
    this.secondKind = secondKind
    this.maxNodes = maxNodes
    this.slowThresholdNs = slowThresholdNs
    this.nodeRed = new RedColumns(trace)
    this.edgeRed = new RedColumns(trace)
    this.received = new RedColumns(trace)
    this.made = new RedColumns(trace)
  }

  /**
   * Returns the node (first, second). A new pair beyond `maxNodes` is counted on the `other` node of its `first`. If
   * there are too many of those, or if `second` is a code, all such pairs share one node.
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

  /** Reports each further call to `observer`. */
  watch(observer: CallObserver): void {
    this.observer = observer
    observer.observe(this.nodes)
  }

  /** Counts a span on a node. */
  addToNode(node: number, spans: SpanTable, row: number, sign: 1 | -1): void {
    this.nodeRed.addSpan(node, spans, row, this.slowThresholdNs, sign)
  }

  /**
   * Counts a span as a call of `callee` by `caller`, and returns the edge. A call is recorded if both of its spans are.
   * The node counts the span also without its caller, so its adjusted count may be smaller.
   */
  addToEdge(caller: number, callee: number, spans: SpanTable, row: number, sign: 1 | -1): number {
    const edge = this.edges.indexOf(caller, callee)
    const { weights } = spans
    if (weights === undefined) this.edgeRed.addSpan(edge, spans, row, this.slowThresholdNs, sign)
    else {
      this.edgeRed.addSpan(edge, spans, row, this.slowThresholdNs, sign, weights.unrecordedOnEdge[row])
      this.nodeRed.addWeight(
        callee,
        weights.unrecorded[row]!,
        weights.calls[row]!,
        hasFailed(spans, row),
        sign,
      )
    }
    this.passed?.add(edge, row, true, sign * (weights?.calls[row] ?? 1))
    this.observer?.call(caller, callee, row)
    return edge
  }

  /** Counts the calls that a span represents on a node, unless it is not to be counted. */
  addNodeCall(node: number, spans: MeasuredSpans, row: number, failed: boolean, sign: 1 | -1): void {
    if (spans.context?.[row] === 1) return
    this.nodeRed.addCall(node, spans, row, failed, this.slowThresholdNs, sign)
  }

  /**
   * Counts the calls that a span represents as calls of `callee` by `caller`, and returns the edge.
   *
   * @param unrecorded adjusted count of each call less 1, in whole millionths; by default that of the span
   */
  addCall(
    caller: number,
    callee: number,
    spans: MeasuredSpans,
    row: number,
    failed: boolean,
    sign: 1 | -1,
    unrecorded = spans.weights?.unrecorded[row] ?? 0,
  ): number {
    const edge = this.edges.indexOf(caller, callee)
    this.edgeRed.addCall(edge, spans, row, failed, this.slowThresholdNs, sign, unrecorded)
    if (unrecorded !== 0) {
      const calls = spans.weights?.calls[row] ?? 1
      this.received.addWeight(callee, unrecorded, calls, failed, sign)
      this.made.addWeight(caller, unrecorded, calls, failed, sign)
    }
    if (this.passed) {
      // The row of a call to a peer is that of the caller.
      const isCallee = this.nodes.second[callee] === serviceCode
      this.passed.add(edge, row, isCallee, sign * (spans.weights?.calls[row] ?? 1))
    }
    this.observer?.call(caller, callee, row)
    return edge
  }

  /** Counts the calls that a span represents as self calls of the node, unless it is not to be counted. */
  addSelfCall(node: number, { weights, context }: MeasuredSpans, row: number, sign: 1 | -1): void {
    if (context?.[row] === 1) return
    this.addSelfCalls(node, sign * (weights?.calls[row] ?? 1))
    this.observer?.call(node, node, row)
  }

  private addSelfCalls(node: number, calls: number): void {
    if (node >= this.selfCalls.length) {
      this.selfCalls = withRoom(this.selfCalls, node + 1)
    }
    this.selfCalls[node]! += calls
  }

  /** Adds the messages that a call on the edge moved. */
  addMessages(edge: number, messages: number, sign: 1 | -1): void {
    this.messages = withRoom(this.messages, edge + 1)
    this.messages[edge]! += sign * messages
  }

  /**
   * Adds the totals of `other`, whose nodes are pairs of `otherStrings`.
   *
   * @returns for each node of `other` its node in these totals
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
    this.addAll(other, nodeOf, 'addRow', (name) => strings.internFrom(otherStrings, name))
    return nodeOf
  }

  /**
   * Adds the totals of `other`.
   *
   * @param nodeOf maps its nodes to those of these totals
   * @param addRow how rows are added: `addDependentRow` if several nodes of the same traces become one
   * @param nameOf maps its strings to those of these totals
   */
  addAll(
    other: CallTotals,
    nodeOf: Int32Array,
    addRow: 'addRow' | 'addDependentRow',
    nameOf = (name: number) => name,
  ): void {
    for (let node = 0; node < other.nodes.length; node++) {
      if (node < other.nodeRed.length) this.nodeRed[addRow](nodeOf[node]!, other.nodeRed, node)
      if (node < other.received.length) this.received[addRow](nodeOf[node]!, other.received, node)
      if (node < other.made.length) this.made[addRow](nodeOf[node]!, other.made, node)
      this.addSelfCalls(nodeOf[node]!, other.selfCalls[node] ?? 0)
    }
    for (let edge = 0; edge < other.edges.length; edge++) {
      const caller = nodeOf[other.edges.first[edge]!]!
      const callee = nodeOf[other.edges.second[edge]!]!
      if (caller === callee) this.addSelfCalls(callee, other.edgeRed.countOf(edge))
      else this.addEdge(caller, callee, other, edge, addRow, nameOf)
    }
  }

  /** Adds the calls on edge `from` of `other` to the edge from `caller` to `callee`, and returns the latter. */
  addEdge(
    caller: number,
    callee: number,
    other: CallTotals,
    from: number,
    addRow: 'addRow' | 'addDependentRow',
    nameOf = (name: number) => name,
  ): number {
    const edge = this.edges.indexOf(caller, callee)
    this.edgeRed[addRow](edge, other.edgeRed, from)
    this.sides.addRow(edge, other.sides, from)
    this.patterns.addRow(edge, other.patterns, from)
    if (other.passed) {
      this.passed ??= new PassedServices()
      this.passed.addEdge(edge, other.passed, from, nameOf)
    }
    if (other.offsets) {
      this.offsets ??= new ClockOffsets()
      this.offsets.addRow(edge, other.offsets, from)
    }
    const messages = other.messages[from] ?? 0
    if (messages !== 0) this.addMessages(edge, messages, 1)
    return edge
  }

  /**
   * Returns these totals with the calls on each edge added to the callee, for totals that count a call on its edge only.
   * All figures but the adjusted counts can be added up, so a span need not be counted twice.
   */
  *withCallsOnCallees(): Steps<CallTotals> {
    const nodeRed = new RedColumns()
    for (let node = 0; node < this.nodeRed.length; node++) {
      nodeRed.addRow(node, this.nodeRed, node)
      yield
    }
    for (let edge = 0; edge < this.edges.length; edge++) {
      nodeRed.addRecorded(this.edges.second[edge]!, this.edgeRed, edge)
      yield
    }
    return Object.assign(new CallTotals(this.slowThresholdNs), this, { nodeRed })
  }

  /** Returns the figures of an edge. @param strings those of the nodes */
  readEdge(edge: number, strings: StringTable): EdgeTotals {
    const clockOffset = this.offsets?.read(edge)
    return {
      ...this.edgeRed.read(edge),
      sides: this.sides.read(edge),
      pattern: this.patterns.read(edge),
      ...(this.passed ? { via: this.passed.read(edge, strings) } : {}),
      messages: this.messages[edge] ?? 0,
      ...(clockOffset ? { clockOffset } : {}),
    }
  }
}
