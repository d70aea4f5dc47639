import { MessageFlag, type MessageSide } from '../messages/message-columns.ts'
import type { Messages } from '../messages/messages.ts'
import { MessageAction } from '../spans/message-action.ts'
import { PeerColumns } from '../spans/peer-columns.ts'
import { PeerRank } from '../spans/peer-naming.ts'
import { hasFailed, SpanKind, type SpanTable } from '../spans/span-table.ts'
import type { CallObserver } from '../totals/call-totals.ts'
import type { CallNodes } from './call-nodes.ts'
import { Deliveries } from './deliveries.ts'
import type { ExitSpans } from './exit-spans.ts'
import type { ServiceEdges } from './service-edges.ts'
import type { ServiceTree } from './service-tree.ts'

/** Adds the messages that the spans of one trace sent and received. Their ways are found after all traces. */
export class ServiceMessages {
  private observer: CallObserver | undefined
  private readonly messages: Messages
  private readonly edges: ServiceEdges
  private readonly nodes: CallNodes
  private readonly tree: ServiceTree
  private readonly exits: ExitSpans
  private readonly deliveries = new Deliveries()
  /** Rows of this trace that are no senders by their kind but sent a message. */
  private readonly otherSenders = new Set<number>()
  private spans!: SpanTable
  private peers = new PeerColumns()
  private sign: 1 | -1 = 1

  /** `edges`, `nodes`, `tree` and `exits` are those of the current trace. */
  constructor(
    messages: Messages,
    edges: ServiceEdges,
    nodes: CallNodes,
    tree: ServiceTree,
    exits: ExitSpans,
  ) {
    this.messages = messages
    this.edges = edges
    this.nodes = nodes
    this.tree = tree
    this.exits = exits
  }

  /** Reports the senders of further traces to `observer` that name no broker. */
  watch(observer: CallObserver): void {
    this.observer = observer
  }

  start(spans: SpanTable, peers: PeerColumns, sign: 1 | -1): void {
    this.spans = spans
    this.peers = peers
    this.sign = sign
    if (this.otherSenders.size > 0) this.otherSenders.clear()
    this.deliveries.build(spans, peers, this.tree, this.exits)
  }

  /** Returns whether spans below process all that a span received, so that it is no delivery itself. */
  isProcessedBelow(row: number): boolean {
    return this.deliveries.isProcessedBelow(row)
  }

  /** Returns whether a span that is no sender by its kind sent a message. */
  isOtherSender(row: number): boolean {
    return this.otherSenders.has(row)
  }

  /** Returns whether a broker pushed a message to a server: `client`, right above, sent it and names the broker. */
  isPushed(row: number, client: number): boolean {
    if (this.spans.kind[row] !== SpanKind.server || !this.exits.isSender(client)) return false
    return this.nodes.brokerOf(client).node >= 0
  }

  /**
   * Adds the messages that a span received.
   *
   * @returns whether their origin is known
   */
  addDelivery(row: number, node: number, caller: number): boolean {
    const { spans, deliveries, edges, sign } = this
    const broker = this.nodes.brokerOf(row)
    const failed = hasFailed(spans, row)
    const received = deliveries.messagesOf(row)
    if (received.length === 0) {
      if (broker.node >= 0) edges.addDelivery(broker.node, node, row, failed)
      else if (this.nodes.userOf(caller) >= 0)
        edges.addCallFromPeer(this.nodes.userOf(caller), node, row, failed)
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
    const failed = exits.isExit(row) && hasFailed(spans, row)
    const side: MessageSide = {
      node: this.nodes.serviceOf(row),
      broker: { node: -1, rank: PeerRank.none },
      failed,
      action: MessageAction.send,
    }
    this.tree.markAnswered(row)
    this.messages.addSender(spans, row, side, false, this.sign)
  }

  /** Adds a sent message, and its publication if the sender names the destination. */
  send(row: number): void {
    const { exits, spans, peers, edges, sign } = this
    const measured = exits.measuredBy(row)
    const action = exits.actionOf(row)
    const side: MessageSide = {
      node: this.nodes.serviceOf(row),
      broker: this.nodes.brokerOf(row),
      failed: hasFailed(spans, measured),
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
  addAliases(): void {
    const { exits, spans, sign } = this
    const { aliases } = exits
    for (let at = 0; at < aliases.length; at += 2) {
      const row = aliases.rows[at]!
      if (!exits.isCall(row)) continue
      const side: MessageSide = {
        node: this.nodes.serviceOf(row),
        broker: { node: -1, rank: PeerRank.none },
        failed: false,
        action: exits.actionOf(row),
      }
      this.messages.addAlias(spans, row, aliases.rows[at + 1]!, side, sign)
    }
  }
}
