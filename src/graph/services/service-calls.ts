import { PairIndex } from '../columns/hash-index.ts'
import { RowList } from '../columns/row-lists.ts'
import type { LinkedMessages } from '../messages/linked-messages.ts'
import { PeerColumns, PeerRole } from '../spans/peer-columns.ts'
import { peerCode, serviceCode, userCode } from '../spans/peer-naming.ts'
import { SpanKind, SpanStatus, type SpanTable } from '../spans/span-table.ts'
import type { CallObserver, CallTotals } from '../totals/call-totals.ts'
import type { CriticalPath } from '../trace/critical-path.ts'
import type { SpanCounts } from '../trace/span-counts.ts'
import { ParentState, type TraceTree } from '../trace/trace-tree.ts'
import { ServiceEdges } from './service-edges.ts'
import { ServiceTree } from './service-tree.ts'

/**
 * Finds the calls between services in one trace after another and adds them up. A node is a service, counted once for
 * each request that reached it, or a peer, which sends no spans.
 *
 * The rules extend those of Zipkin's DependencyLinker (openzipkin/zipkin internal/DependencyLinker.java):
 * - A span below a span of another service is a call, whatever their kinds. A client without spans of its callee below
 *   it calls the peer that it names.
 * - If the span that reached a service is itself a client, its status belongs to the call that it makes. It does not
 *   fail the call that reached the service. A call has also failed if the client right above says so.
 * - A message goes through its broker if either side names it, otherwise directly from producer to consumer.
 * - A server without a span of another service above it may name its caller. A root server that names none was called
 *   by the user node, if there is one.
 */
export class ServiceCalls {
  /** Rows of the last trace without a caller; `parents` has the reason. Also rows whose caller is not counted. */
  readonly topRows = new RowList()
  /** Node of each row of the last trace that has a service; other rows keep old values. */
  nodeOf = new Int32Array(64)
  /** For each row of the last trace the row that called it, or a `ParentState`. */
  parents = new Int32Array(64)

  observer: CallObserver | undefined
  private readonly tree = new ServiceTree()
  private readonly edges: ServiceEdges
  private readonly totals: CallTotals
  private readonly links: LinkedMessages
  private readonly counts: SpanCounts
  /** Name of the user node; 0 without a user node. */
  private readonly userName: number
  private readonly noPeers = new PeerColumns()
  /** Messages to brokers that were counted in this trace already: (sender row, broker node). */
  private published: PairIndex | undefined

  private spans!: SpanTable
  private peers: PeerColumns = this.noPeers
  private sign: 1 | -1 = 1

  /** @param userName name of the user node, index into the strings; 0: there is no user node */
  constructor(totals: CallTotals, links: LinkedMessages, counts: SpanCounts, userName = 0) {
    this.userName = userName
    this.totals = totals
    this.links = links
    this.counts = counts
    this.edges = new ServiceEdges(totals, links, this.tree)
  }

  /** Counts one trace, or removes it if `sign` is -1. */
  add(spans: SpanTable, traceTree: TraceTree, criticalPath: CriticalPath, sign: 1 | -1): void {
    this.tree.build(spans, traceTree)
    this.start(spans, sign)
    const { counts, tree } = this
    counts.traces += sign
    counts.received += sign * spans.length
    counts.duplicates += sign * traceTree.duplicates
    for (let row = 0; row < spans.length; row++) {
      this.parents[row] = tree.ownerOf(tree.parent[row]!)
      const isContext = this.isContext(row)
      if (isContext) counts.outsideWindow += sign
      if (tree.parent[row] === ParentState.duplicate) {
        if (isContext) counts.duplicates -= sign
      } else if (spans.service[row] !== 0) this.countSpan(row)
      else if (!isContext) counts.withoutService += sign
    }
    for (let row = 0; row < spans.length; row++) if (this.isCountedCaller(row)) this.skipOuterClient(row)
    for (let row = 0; row < spans.length; row++) if (this.isCountedCaller(row)) this.callPeer(row)
    this.edges.finish(criticalPath, this.nodeOf)
  }

  private start(spans: SpanTable, sign: 1 | -1): void {
    this.spans = spans
    this.peers = spans.enablePeers()
    this.sign = sign
    this.published = undefined
    this.topRows.clear()
    this.edges.start(spans, sign)
    if (this.nodeOf.length >= spans.length) return
    this.nodeOf = new Int32Array(spans.length * 2)
    this.parents = new Int32Array(spans.length * 2)
  }

  private isCountedCaller(row: number): boolean {
    return this.tree.parent[row] !== ParentState.duplicate && this.isCaller(row)
  }

  /** Skips a client span above another one for the same peer: an attempt counts, the span around all attempts does not. */
  private skipOuterClient(row: number): void {
    const { tree, peers } = this
    const above = tree.parent[row]!
    if (above < 0 || peers.name[row] === 0 || peers.name[row] !== peers.name[above]) return
    if (peers.role[row] !== peers.role[above] || !this.isCaller(above)) return
    if (tree.serviceOf(row) === tree.serviceOf(above)) tree.answered[above] = 1
  }

  /** Counts a span that has a service, with the call that reached it, if any. */
  private countSpan(row: number): void {
    const { spans, sign } = this
    const caller = this.parents[row]!
    const service = spans.service[row]!
    const node = this.totals.nodeOf(service, serviceCode)
    this.nodeOf[row] = node
    if (!this.isContext(row)) this.countParent(row, caller)
    const isCalled = caller >= 0 && spans.service[caller] !== service
    let isRequest = caller < 0 || isCalled
    if (spans.kind[row] === SpanKind.consumer) isRequest = this.addMessage(row, node, caller) || isRequest
    else if (isCalled) this.addCall(row, node)
    else if (spans.kind[row] === SpanKind.server) isRequest = this.addServer(row, node, caller) || isRequest
    if (isRequest) this.totals.addNodeCall(node, spans, row, this.hasFailed(row), sign)
  }

  private countParent(row: number, caller: number): void {
    const { counts, sign, spans } = this
    counts.counted += sign
    counts.skewed += sign * spans.skewed[row]!
    if (spans.weights?.invalid[row] === 1) counts.badWeights += sign
    if (caller < 0 || this.isContext(caller)) this.topRows.push(row)
    if (caller < 0) {
      if (caller === ParentState.root) counts.roots += sign
      else if (caller === ParentState.orphan) counts.orphans += sign
      else counts.cycles += sign
    } else if (spans.service[caller] === spans.service[row]) counts.selfCalls += sign
    else counts.edgeCalls += sign
  }

  /** Adds a call by the service above. */
  private addCall(row: number, node: number): void {
    const { tree } = this
    const above = this.clientAbove(row)
    const failed =
      (!this.isCaller(row) && this.hasFailed(row)) || (this.isCaller(above) && this.hasFailed(above))
    const caller = this.isCaller(above) ? above : this.parents[row]!
    this.edges.addCall(this.serviceNode(above), node, caller, row, failed)
    tree.markAnswered(row)
  }

  /** Returns the client of the calling service. The spans in between, such as those of a proxy, have no service. */
  private clientAbove(row: number): number {
    const owner = this.parents[row]!
    return owner >= 0 && this.isCaller(owner) ? owner : this.tree.parent[row]!
  }

  /** Adds a request whose caller sent no span, or is the service itself. */
  private addServer(row: number, node: number, caller: number): boolean {
    let peer = this.peerNode(row)
    if (peer < 0) peer = this.userOf(caller)
    if (caller >= 0) this.tree.markAnswered(row)
    if (peer >= 0) this.edges.addCallFromPeer(peer, node, row, this.hasFailed(row))
    else if (caller >= 0) this.totals.addSelfCall(node, this.spans, row, this.sign)
    return true
  }

  /**
   * Adds a received message.
   *
   * @returns whether its origin is known
   */
  private addMessage(row: number, node: number, caller: number): boolean {
    const { spans, tree, peers } = this
    const above = tree.parent[row]!
    const isOwn = caller >= 0 && spans.service[caller] === spans.service[row]
    let sender = caller >= 0 && !isOwn ? caller : -1
    if (caller >= 0 && this.isCaller(above)) sender = above
    const own = this.peerNode(row)
    const producer = sender >= 0 && this.isCaller(sender) ? sender : -1
    const sent = producer >= 0 ? this.peerNode(producer) : -1
    const broker = own >= 0 ? own : sent
    if (broker >= 0) this.edges.addDelivery(broker, node, producer, row, this.hasFailed(row))
    if (sender < 0) {
      if (peers.hasLink(row)) {
        const message = this.links.addReceiver(spans, row, node, own, this.hasFailed(row), this.sign)
        this.edges.setMessage(row, message)
      } else if (own < 0 && this.userOf(caller) >= 0) {
        this.edges.addCallFromPeer(this.userOf(caller), node, row, this.hasFailed(row))
      }
      return own >= 0 || peers.hasLink(row)
    }
    if (peers.hasLink(row)) {
      this.links.addReceiver(spans, row, node, own, this.hasFailed(row), this.sign, sender)
    }
    if (broker < 0) this.sendDirectly(row, node, sender)
    else if (sent < 0) this.publish(sender, own)
    return true
  }

  private sendDirectly(row: number, node: number, sender: number): void {
    const from = this.serviceNode(sender)
    const failed = this.hasFailed(row) || (this.isCaller(sender) && this.hasFailed(sender))
    if (from === node) this.totals.addSelfCall(node, this.spans, row, this.sign)
    else this.edges.addCall(from, node, sender, row, failed)
    this.tree.markAnswered(row)
  }

  /** Adds a message to a broker that only the consumers name: once for all consumers. */
  private publish(sender: number, broker: number): void {
    this.published ??= new PairIndex()
    const known = this.published.length
    this.published.indexOf(sender, broker)
    if (this.published.length === known) return
    const failed = this.isCaller(sender) && this.hasFailed(sender)
    this.edges.addPublication(this.serviceNode(sender), broker, sender, failed)
  }

  /** Adds a call to the peer that a client names, unless spans of the callee were counted already. */
  private callPeer(row: number): void {
    const { spans, tree, peers, sign } = this
    if (tree.ownerOf(row) < 0) return
    const node = this.serviceNode(row)
    const peer = this.peerNode(row)
    const failed = this.hasFailed(row)
    const isMessage = spans.kind[row] === SpanKind.producer || peers.role[row] === PeerRole.messaging
    if (isMessage) this.links.addSender(spans, row, node, peer, failed, sign)
    const answered = tree.answered[row] === 1
    if (peer >= 0 && (isMessage || !answered)) this.edges.addPeerCall(node, peer, row, failed)
    else if (!isMessage) this.observer?.noCall(row, answered)
  }

  /** Returns the node of the service that a span works for. The span must have an owner. */
  private serviceNode(row: number): number {
    return this.totals.nodeOf(this.tree.serviceOf(row), serviceCode)
  }

  /** Returns the node of the peer that a span names, or -1. */
  private peerNode(row: number): number {
    const { peers } = this
    const name = peers.name[row]!
    return name === 0 ? -1 : this.totals.nodeOf(name, peerCode(peers.role[row]!, peers.attribute[row]!))
  }

  /** Returns the user node for a root, otherwise -1. */
  private userOf(caller: number): number {
    if (caller !== ParentState.root || this.userName === 0) return -1
    return this.totals.nodeOf(this.userName, userCode)
  }

  /** Returns whether a span is a call: by its kind, or because it names a peer and is neither server nor consumer. */
  private isCaller(row: number): boolean {
    const kind = this.spans.kind[row]!
    if (kind === SpanKind.client || kind === SpanKind.producer) return true
    return kind !== SpanKind.server && kind !== SpanKind.consumer && this.peers.name[row] !== 0
  }

  /** Whether a span only says who called, and is not counted. */
  private isContext(row: number): boolean {
    const { context } = this.spans
    return context !== undefined && context[row] === 1
  }

  private hasFailed(row: number): boolean {
    return this.spans.status[row] === SpanStatus.error
  }
}
