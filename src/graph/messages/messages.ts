import type { PairIndex } from '../columns/hash-index.ts'
import type { SpanTable } from '../spans/span-table.ts'
import type { CallObserver } from '../totals/call-totals.ts'
import { MessageColumns, MessageFlag, type MessageSide } from './message-columns.ts'
import { MessageRouter, type Routing } from './route-messages.ts'

const none = -1

/**
 * The messages of all traces. A sender and its receivers may be in different traces, and either side may name the broker.
 * So both are kept until all traces have been read. Memory grows with the messages, not with the spans.
 *
 * A message is identified by the span that sent it.
 */
export class Messages {
  observer: CallObserver | undefined
  private readonly senders: MessageColumns
  private readonly receivers: MessageColumns
  private readonly nodes: PairIndex

  /**
   * @param nodes the pairs that nodes are numbers of
   * @param maxMessages most senders and most receivers that are kept; further ones are counted as dropped
   */
  constructor(nodes: PairIndex, maxMessages = 1_000_000) {
    this.nodes = nodes
    this.senders = new MessageColumns(maxMessages)
    this.receivers = new MessageColumns(maxMessages)
  }

  /**
   * Adds the message that a span sent.
   *
   * @param isPublished whether its call of the broker was counted already
   * @returns its number, -1 beyond the limit
   */
  addSender(spans: SpanTable, row: number, side: MessageSide, isPublished: boolean, sign: 1 | -1): number {
    const { senders } = this
    const at = senders.add(spans, row, side, isPublished ? MessageFlag.published : 0, sign)
    if (at === none) return none
    senders.setMessage(at, idOf(spans, row))
    if (!isPublished) this.observer?.awaitReceivers(row, at)
    return at
  }

  /** Adds another id of the message that `row` sent: that of the span `other`, from which receivers may know it. */
  addAlias(spans: SpanTable, row: number, other: number, side: MessageSide, sign: 1 | -1): void {
    const at = this.senders.add(spans, row, side, MessageFlag.alias, sign)
    if (at !== none) this.senders.setMessage(at, idOf(spans, other))
  }

  /** Adds that `row` sent the messages that the spans it is linked to created, in other traces. */
  addBatch(spans: SpanTable, row: number, side: MessageSide, sign: 1 | -1): void {
    for (const link of spans.peers?.linksOf(row) ?? []) {
      const at = this.senders.add(spans, row, side, MessageFlag.batch, sign)
      if (at !== none) this.senders.setMessage(at, link)
    }
  }

  /**
   * Adds a message that a span received.
   *
   * @param messageId trace id and span id of the span that sent it, six words
   * @param flags of `MessageFlag`: `linked`, `next`
   * @returns its number, -1 beyond the limit
   */
  addReceiver(
    spans: SpanTable,
    row: number,
    side: MessageSide,
    messageId: ArrayLike<number>,
    flags: number,
    sign: 1 | -1,
  ): number {
    const { receivers } = this
    const at = receivers.add(spans, row, side, flags, sign)
    if (at === none) return none
    receivers.setMessage(at, messageId)
    this.observer?.awaitSender(row, at)
    return at
  }

  /** Adds the time on the critical path that a received message caused, ns. */
  addReceiverTime(message: number, ns: number): void {
    this.receivers.criticalPathNs[message]! += ns
  }

  /** Adds the time on the critical path of a span that sent a message, ns. */
  addSenderTime(message: number, ns: number): void {
    this.senders.criticalPathNs[message]! += ns
  }

  merge(other: Messages, nodeOf: Int32Array): void {
    this.senders.append(other.senders, nodeOf)
    this.receivers.append(other.receivers, nodeOf)
  }

  /** Finds the way of each message. It may be called again after more messages were added. */
  route(): Routing {
    return new MessageRouter(this.senders, this.receivers, this.nodes, this.observer).route()
  }
}

/** Trace id and span id of a row, six words. */
export function idOf({ traceId, spanIdHi, spanIdLo }: SpanTable, row: number): number[] {
  return [traceId[0]!, traceId[1]!, traceId[2]!, traceId[3]!, spanIdHi[row]!, spanIdLo[row]!]
}
