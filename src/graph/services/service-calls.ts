import { RowList } from '../columns/row-lists.ts'
import type { StringTable } from '../columns/string-table.ts'
import type { Messages } from '../messages/messages.ts'
import { serviceCode } from '../spans/peer-codes.ts'
import { PeerColumns } from '../spans/peer-columns.ts'
import { PeerRank } from '../spans/peer-naming.ts'
import { hasFailed, SpanKind, type SpanTable } from '../spans/span-table.ts'
import type { CallObserver, CallTotals } from '../totals/call-totals.ts'
import type { CriticalPath } from '../trace/critical-path.ts'
import type { SpanCounts } from '../trace/span-counts.ts'
import { ParentState, type TraceTree } from '../trace/trace-tree.ts'
import type { AnsweredPeers } from './answered-peers.ts'
import { CallNodes } from './call-nodes.ts'
import { DoubledServers } from './doubled-servers.ts'
import { ExitSpans } from './exit-spans.ts'
import type { PeerAliases } from './peer-aliases.ts'
import { ServiceEdges } from './service-edges.ts'
import { ServiceMessages } from './service-messages.ts'
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

  private observer: CallObserver | undefined
  private readonly tree = new ServiceTree()
  private readonly exits = new ExitSpans()
  private readonly doubled = new DoubledServers()
  private readonly edges: ServiceEdges
  private readonly totals: CallTotals
  private readonly nodes: CallNodes
  private readonly messages: ServiceMessages
  private readonly counts: SpanCounts
  private readonly answered: AnsweredPeers

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
    aliases: PeerAliases,
    userName = 0,
  ) {
    const { tree, exits } = this
    this.answered = answered
    this.totals = totals
    this.counts = counts
    this.edges = new ServiceEdges(totals, messages, tree)
    this.nodes = new CallNodes(totals, tree, exits, strings, aliases, userName)
    this.messages = new ServiceMessages(messages, this.edges, this.nodes, tree, exits)
  }

  /** Reports the exit spans of further traces to `observer` that are no calls. */
  watch(observer: CallObserver): void {
    this.observer = observer
    this.messages.watch(observer)
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
    this.messages.addAliases()
    this.edges.finish(criticalPath, this.nodeOf)
  }

  private start(spans: SpanTable, sign: 1 | -1): void {
    this.spans = spans
    this.peers = spans.enablePeers()
    this.sign = sign
    this.topRows.clear()
    this.exits.build(spans, this.peers, this.tree)
    this.nodes.start(this.peers)
    this.messages.start(spans, this.peers, sign)
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
    if (this.exits.isReceiver(row) || (isCalled && this.messages.isPushed(row, this.clientAbove(row)))) {
      if (this.messages.isProcessedBelow(row)) isRequest = false
      else isRequest = this.messages.addDelivery(row, node, caller) || isRequest
    } else if (this.doubled.has(row)) {
      isRequest = false
      if (!this.isContext(row)) this.counts.doubled += sign
    } else if (isCalled) this.addCall(row, node)
    else if (spans.kind[row] === SpanKind.server) isRequest = this.addServer(row, node, caller)
    if (isRequest) this.totals.addNodeCall(node, spans, row, hasFailed(spans, row), sign)
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
    const { tree, exits, spans } = this
    const above = this.clientAbove(row)
    const failed =
      (!exits.isExit(row) && hasFailed(spans, row)) || (exits.isExit(above) && hasFailed(spans, above))
    const caller = exits.isExit(above) ? above : this.parents[row]!
    this.edges.addCall(this.nodes.serviceOf(above), node, caller, row, failed)
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
    let peer = this.nodes.peerOf(row)
    if (peer < 0) peer = this.nodes.clientOf(row, caller)
    if (peer < 0) peer = this.nodes.userOf(caller)
    if (caller >= 0) tree.markAnswered(row)
    if (peer >= 0) edges.addCallFromPeer(peer, node, row, hasFailed(spans, row))
    else if (caller >= 0) {
      if (spans.kind[tree.parent[row]!] === SpanKind.server) return false
      this.totals.addSelfCall(node, spans, row, this.sign)
    }
    return true
  }

  /** Counts an exit span: a call of the peer that it names, unless spans of the callee were counted already. */
  private countExit(row: number): void {
    const { tree, exits, spans } = this
    if (!exits.isCall(row)) this.observer?.noCall(row, true)
    else if (exits.isSender(row)) this.messages.send(row)
    else {
      const answered =
        tree.answered[row] === 1 || this.messages.isOtherSender(row) || exits.isPartOfAnswered(row)
      const peer = this.nodes.peerOf(row)
      if (!answered && peer >= 0)
        this.edges.addPeerCall(this.nodes.serviceOf(row), peer, row, hasFailed(spans, row))
      else {
        const isCounted = spans.service[row] !== 0 && !this.isContext(row)
        if (!answered && isCounted) this.counts.unnamedPeers += this.sign
        this.observer?.noCall(row, answered)
      }
    }
  }

  /** Whether a span only says who called, and is not counted. */
  private isContext(row: number): boolean {
    const { context } = this.spans
    return context !== undefined && context[row] === 1
  }
}
