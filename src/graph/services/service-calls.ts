import { RowList } from '../columns/row-lists.ts'
import type { StringTable } from '../columns/string-table.ts'
import { MessageFlag, type MessageSide } from '../messages/message-columns.ts'
import type { Messages } from '../messages/messages.ts'
import { MessageAction } from '../spans/message-action.ts'
import { NodeNames } from '../spans/node-name.ts'
import { peerCode, serviceCode, userCode } from '../spans/peer-codes.ts'
import { PeerColumns, PeerRole } from '../spans/peer-columns.ts'
import { PeerPart, PeerRank } from '../spans/peer-naming.ts'
import { SpanKind, SpanStatus, type SpanTable } from '../spans/span-table.ts'
import type { CallObserver, CallTotals } from '../totals/call-totals.ts'
import type { CriticalPath } from '../trace/critical-path.ts'
import type { SpanCounts } from '../trace/span-counts.ts'
import { ParentState, type TraceTree } from '../trace/trace-tree.ts'
import type { AnsweredPeers } from './answered-peers.ts'
import { Deliveries } from './deliveries.ts'
import { DoubledServers } from './doubled-servers.ts'
import { ExitSpans } from './exit-spans.ts'
import { ServiceEdges } from './service-edges.ts'
import { ServiceTree } from './service-tree.ts'

/**
 * Finds the calls between services in one trace after another and adds them up. A node is a service, counted once for
 * each request that reached it, or a peer, which sends no spans.
 *
 * The rules extend those of Zipkin's DependencyLinker (openzipkin/zipkin internal/DependencyLinker.java):
 * - A span below a span of another service is a call, whatever their kinds. A client without spans of its callee below
 *   it calls the peer that it names. Of nested clients the innermost calls (`ExitSpans`).
 * - If the span that reached a service is itself a client, its status belongs to the call that it makes. It does not
 *   fail the call that reached the service. A call has also failed if the client right above says so.
 * - A message goes through its broker if either side names it, otherwise directly from producer to consumer. Its way is
 *   known after all traces have been read (`MessageRouter`).
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
  private readonly exits = new ExitSpans()
  private readonly deliveries = new Deliveries()
  private readonly doubled = new DoubledServers()
  private readonly edges: ServiceEdges
  private readonly totals: CallTotals
  private readonly messages: Messages
  private readonly counts: SpanCounts
  private readonly answered: AnsweredPeers
  private readonly names: NodeNames
  /** Name of the user node; 0 without a user node. */
  private readonly userName: number
  /** Rows of this trace that are no exit spans but sent a message. */
  private readonly otherSenders = new Set<number>()

  private spans!: SpanTable
  private peers = new PeerColumns()
  private sign: 1 | -1 = 1

  /** @param userName name of the user node, index into the strings; 0: there is no user node */
  constructor(
    totals: CallTotals,
    messages: Messages,
    counts: SpanCounts,
    answered: AnsweredPeers,
    strings: StringTable,
    userName = 0,
  ) {
    this.answered = answered
    this.names = new NodeNames(strings)
    this.userName = userName
    this.totals = totals
    this.messages = messages
    this.counts = counts
    this.edges = new ServiceEdges(totals, messages, this.tree)
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
    for (let row = 0; row < spans.length; row++) if (this.exits.isExit(row)) this.countExit(row)
    this.addAliases()
    this.edges.finish(criticalPath, this.nodeOf)
  }

  private start(spans: SpanTable, sign: 1 | -1): void {
    this.spans = spans
    this.peers = spans.enablePeers()
    this.sign = sign
    if (this.otherSenders.size > 0) this.otherSenders.clear()
    this.topRows.clear()
    this.exits.build(spans, this.peers, this.tree)
    this.deliveries.build(spans, this.peers, this.tree, this.exits)
    this.doubled.build(spans, this.tree, this.exits)
    this.edges.start(spans, sign)
    if (this.nodeOf.length >= spans.length) return
    this.nodeOf = new Int32Array(spans.length * 2)
    this.parents = new Int32Array(spans.length * 2)
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
    if (this.exits.isReceiver(row) || (isCalled && this.isPushed(row))) {
      if (this.deliveries.isProcessedBelow(row)) isRequest = false
      else isRequest = this.addDelivery(row, node, caller) || isRequest
    } else if (this.doubled.has(row)) {
      isRequest = false
      if (!this.isContext(row)) this.counts.doubled += sign
    } else if (isCalled) this.addCall(row, node)
    else if (spans.kind[row] === SpanKind.server) isRequest = this.addServer(row, node, caller)
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
    const { tree, exits } = this
    const above = this.clientAbove(row)
    const failed =
      (!exits.isExit(row) && this.hasFailed(row)) || (exits.isExit(above) && this.hasFailed(above))
    const caller = exits.isExit(above) ? above : this.parents[row]!
    this.edges.addCall(this.serviceNode(above), node, caller, row, failed)
    tree.markAnswered(row)
    exits.markAnswered(above)
    if (exits.isExit(above)) this.addAnswer(exits.namerOf(above), row)
  }

  /** Returns the client of the calling service. The spans in between, such as those of a proxy, have no service. */
  private clientAbove(row: number): number {
    const owner = this.parents[row]!
    return owner >= 0 && this.exits.isExit(owner) ? owner : this.tree.parent[row]!
  }

  /** Records that the service of `callee` answered a client that names the address of its peer. */
  private addAnswer(namer: number, callee: number): void {
    const { peers, spans, sign } = this
    const rank = peers.rank[namer]!
    const isAddress = rank === PeerRank.address || rank === PeerRank.host || rank === PeerRank.store
    if (isAddress && peers.local[namer] === 0)
      this.answered.add(peers.name[namer]!, spans.service[callee]!, sign)
  }

  /**
   * Adds a request whose caller sent no span, or is the service itself.
   *
   * @returns whether it is a request: a server span right below another one of its service is the same request
   */
  private addServer(row: number, node: number, caller: number): boolean {
    const { spans, tree, edges } = this
    let peer = this.peerNode(row)
    if (peer < 0) peer = this.userOf(caller)
    if (caller >= 0) tree.markAnswered(row)
    if (peer >= 0) edges.addCallFromPeer(peer, node, row, this.hasFailed(row))
    else if (caller >= 0) {
      if (spans.kind[tree.parent[row]!] === SpanKind.server) return false
      this.totals.addSelfCall(node, spans, row, this.sign)
    }
    return true
  }

  /** Returns whether a broker pushed a message to a server: the span right above sent it and names the broker. */
  private isPushed(row: number): boolean {
    const above = this.clientAbove(row)
    if (this.spans.kind[row] !== SpanKind.server || !this.exits.isSender(above)) return false
    return this.brokerOf(above).node >= 0
  }

  /**
   * Adds the messages that a span received.
   *
   * @returns whether their origin is known
   */
  private addDelivery(row: number, node: number, caller: number): boolean {
    const { spans, deliveries, edges, sign } = this
    const broker = this.brokerOf(row)
    const failed = this.hasFailed(row)
    const received = deliveries.messagesOf(row)
    if (received.length === 0) {
      if (broker.node >= 0) edges.addDelivery(broker.node, node, row, failed)
      else if (this.userOf(caller) >= 0) edges.addCallFromPeer(this.userOf(caller), node, row, failed)
      return broker.node >= 0
    }
    const sender = deliveries.senderAbove(row)
    if (sender >= 0) this.addOtherSender(sender)
    const action = this.exits.actionOf(row) || MessageAction.process
    const side: MessageSide = { node, broker, failed, action }
    let flags = 0
    for (const { id, isLinked } of received) {
      const linked = isLinked ? MessageFlag.linked : 0
      const message = this.messages.addReceiver(spans, row, side, id, flags | linked, sign)
      if (flags === 0) edges.setReceived(row, message)
      flags = MessageFlag.next
    }
    return true
  }

  /** Adds a span as the sender of a message if it is not one by its kind: a consumer is right below it. */
  private addOtherSender(row: number): void {
    const { exits, spans } = this
    if ((exits.isExit(row) && exits.isSender(row)) || this.otherSenders.has(row)) return
    this.otherSenders.add(row)
    const failed = exits.isExit(row) && this.hasFailed(row)
    const side: MessageSide = {
      node: this.serviceNode(row),
      broker: { node: -1, rank: PeerRank.none },
      failed,
      action: MessageAction.send,
    }
    this.tree.markAnswered(row)
    this.messages.addSender(spans, row, side, false, this.sign)
  }

  /** Counts an exit span: a call of the peer that it names, unless spans of the callee were counted already. */
  private countExit(row: number): void {
    const { tree, exits } = this
    if (!exits.isCall(row)) this.observer?.noCall(row, true)
    else if (exits.isSender(row)) this.sendMessage(row)
    else {
      const answered = tree.answered[row] === 1 || this.otherSenders.has(row) || exits.isPartOfAnswered(row)
      const peer = this.peerNode(row)
      if (!answered && peer >= 0)
        this.edges.addPeerCall(this.serviceNode(row), peer, row, this.hasFailed(row))
      else {
        if (!answered && !this.isContext(row)) this.counts.unnamedPeers += this.sign
        this.observer?.noCall(row, answered)
      }
    }
  }

  /** Adds a sent message, and its publication if the sender names the destination. */
  private sendMessage(row: number): void {
    const { exits, spans, peers, edges, sign } = this
    const measured = exits.measuredBy(row)
    const action = exits.actionOf(row)
    const side: MessageSide = {
      node: this.serviceNode(row),
      broker: this.brokerOf(row),
      failed: this.hasFailed(measured),
      action,
      measured,
    }
    const isCreated = action === MessageAction.create && measured === row
    const isPublished = side.broker.rank === PeerRank.destination && !isCreated && !peers.hasLink(row)
    const isAnswered = this.tree.answered[row] === 1 && side.broker.node < 0
    if (isPublished) {
      const messages =
        action === MessageAction.create || measured !== row ? 1 : Math.max(1, peers.messages[row]!)
      edges.addPublication(side.node, side.broker.node, row, measured, side.failed, messages)
    } else if (side.broker.node < 0) this.observer?.noCall(row, isAnswered)
    const message = this.messages.addSender(spans, row, side, isPublished, sign)
    if (!isPublished && message >= 0 && side.broker.node >= 0) edges.setSent(row, message)
    if (!isPublished && peers.hasLink(row)) this.messages.addBatch(spans, row, side, sign)
  }

  /** Adds the ids of outer spans from which receivers may know a message. */
  private addAliases(): void {
    const { exits, spans, sign } = this
    const { aliases } = exits
    for (let at = 0; at < aliases.length; at += 2) {
      const row = aliases.rows[at]!
      if (!exits.isCall(row)) continue
      const side: MessageSide = {
        node: this.serviceNode(row),
        broker: { node: -1, rank: PeerRank.none },
        failed: false,
        action: exits.actionOf(row),
      }
      this.messages.addAlias(spans, row, aliases.rows[at + 1]!, side, sign)
    }
  }

  /** Returns the broker that a span names. */
  private brokerOf(row: number): { node: number; rank: number } {
    const namer = this.exits.namerOf(row)
    if (this.peers.role[namer] !== PeerRole.messaging) return { node: -1, rank: PeerRank.none }
    return { node: this.peerNode(row), rank: this.peers.rank[namer]! }
  }

  /** Returns the node of the service that a span works for. The span must have an owner. */
  private serviceNode(row: number): number {
    return this.totals.nodeOf(this.tree.serviceOf(row), serviceCode)
  }

  /** Returns the node of the peer that a span names, or -1. */
  private peerNode(row: number): number {
    const { peers, names, tree } = this
    const namer = this.exits.namerOf(row)
    let name = peers.name[namer]!
    if (name === 0) return -1
    if (peers.local[namer] === 1) name = names.withPart(name, tree.serviceOf(row), PeerPart.caller)
    return this.totals.nodeOf(name, peerCode(peers.role[namer]!, peers.attribute[namer]!))
  }

  /** Returns the user node for a root, otherwise -1. */
  private userOf(caller: number): number {
    if (caller !== ParentState.root || this.userName === 0) return -1
    return this.totals.nodeOf(this.userName, userCode)
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
