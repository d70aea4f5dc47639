import { PairIndex } from '../columns/hash-index.ts'
import { MessageAction } from '../spans/message-action.ts'
import { PeerRank } from '../spans/peer-naming.ts'
import type { MeasuredSpans } from '../spans/span-weights.ts'
import { type SideSpans, waitNs } from '../totals/call-sides.ts'
import type { CallObserver } from '../totals/call-totals.ts'
import { type MessageColumns, MessageFlag } from './message-columns.ts'
import { ReceivedMessages } from './received-messages.ts'
import { SentMessages } from './sent-messages.ts'

/** A call between two nodes on the way of a message. */
export interface MessageCall {
  caller: number
  callee: number
  /** The span whose duration and weight are those of the call. */
  spans: MeasuredSpans
  row: number
  /** The trace of that span, four words. */
  traceId: Uint32Array
  /** The spans of both sides; null for a side without a span. */
  client: Side | null
  server: Side | null
  criticalPathNs: number
  failed: boolean
  /** Whether only a span link shows the call: no span names both its ends. */
  byLink: boolean
  /** Messages of the call. */
  messages: number
  /** Adjusted count of the call less 1, in whole millionths. */
  unrecorded: number
}

interface Side {
  spans: SideSpans
  row: number
}

/** How long a message took to its receiver. */
interface MessageGap {
  caller: number
  callee: number
  /** From the producer's end to the consumer's start, ns; may be negative. */
  gapNs: number
}

export interface Routing {
  calls: MessageCall[]
  gaps: MessageGap[]
  /** Received messages without a known broker or producer. */
  unresolved: number
  /** Spans that received messages known only from links. */
  linkedSpans: number
  /** Sides of messages beyond the limit. */
  dropped: number
}

const none = -1

/**
 * Finds the way of each message: sender, destination, perhaps a second destination, receiver. The message counts once on
 * each edge of its way.
 *
 * - The broker is what either side names. A destination outranks an address, and an address outranks a system. If both
 *   sides name different destinations, such as an exchange and a queue, an edge joins them.
 * - If a service both received and processed a message, the processing is the delivery.
 * - A batch is what its messages are: they count, and the span that sent them all has their duration.
 */
export class MessageRouter {
  private readonly senders: MessageColumns
  private readonly receivers: MessageColumns
  private readonly nodes: PairIndex
  private readonly observer: CallObserver | undefined
  private readonly sent: SentMessages
  private readonly published: Hops
  private readonly joined: Hops
  /** Senders whose messages go to a known broker. */
  private readonly routed = new Set<number>()
  private readonly result: Routing

  constructor(senders: MessageColumns, receivers: MessageColumns, nodes: PairIndex, observer?: CallObserver) {
    this.senders = senders
    this.receivers = receivers
    this.nodes = nodes
    this.observer = observer
    this.sent = new SentMessages(senders)
    this.published = new Hops(nodes)
    this.joined = new Hops(nodes)
    const dropped = Math.max(0, senders.dropped + receivers.dropped)
    this.result = { calls: [], gaps: [], unresolved: 0, linkedSpans: 0, dropped }
  }

  route(): Routing {
    const received = new ReceivedMessages(this.receivers, this.sent)
    for (const row of received.rows) this.deliver(row, received)
    for (const row of this.sent.rows) this.publishOwn(row)
    for (const hop of this.published.all) this.addPublication(hop)
    for (const hop of this.joined.all) this.addJoin(hop)
    return this.result
  }

  /** Counts the way of a message to one of its receivers. */
  private deliver(row: number, received: ReceivedMessages): void {
    const { receivers, senders, result } = this
    const sender = this.sent.senderOf(receivers, row)
    const isFirst = (receivers.flags[row]! & MessageFlag.next) === 0
    const isLinked = (receivers.flags[row]! & MessageFlag.linked) !== 0
    const isCounted = (receivers.flags[row]! & MessageFlag.context) === 0
    if (isFirst && isLinked && isCounted) result.linkedSpans++
    if (received.isRepeated(row)) return
    const brokers = this.brokersOf(row, sender)
    this.observer?.sentBy(row, sender === none ? none : senders.node[sender]!, brokers)
    if (sender === none && brokers.length === 0) {
      if (isCounted) result.unresolved++
      return
    }
    const last = brokers.at(-1) ?? senders.node[sender]!
    const timeNs = received.takeTime(row)
    if (isCounted) this.addDelivery(row, sender, last, brokers.length === 0, timeNs)
    if (sender === none) return
    if (isCounted && (senders.skewed[sender]! | receivers.skewed[row]!) === 0) {
      const gapNs = waitNs(senders, sender, receivers, row)
      result.gaps.push({ caller: last, callee: receivers.node[row]!, gapNs })
    }
    const [first, second] = brokers
    if (first !== undefined) this.publish(sender, first, isLinked)
    if ((senders.flags[sender]! & MessageFlag.context) !== 0) return
    const isJoined = receivers.brokerRank[row] === PeerRank.destination
    if (isJoined && first !== undefined && second !== undefined) {
      this.joined.add(sender, second, first, isLinked)
    }
  }

  /**
   * Returns the brokers between sender and receiver: none, one, or two. Two nodes of one cluster are one broker, that of
   * the sender.
   */
  private brokersOf(row: number, sender: number): number[] {
    const { receivers, senders } = this
    const own = receivers.broker[row]!
    const theirs = sender === none ? none : senders.broker[sender]!
    if (own === none || theirs === none) return own === none && theirs === none ? [] : [Math.max(own, theirs)]
    if (this.nodes.first[own] === this.nodes.first[theirs]) return [theirs]
    const difference = senders.brokerRank[sender]! - receivers.brokerRank[row]!
    if (difference === 0 && receivers.brokerRank[row]! >= PeerRank.destination) return [theirs, own]
    return [difference >= 0 ? theirs : own]
  }

  private addDelivery(
    row: number,
    sender: number,
    caller: number,
    isDirect: boolean,
    criticalPathNs: number,
  ): void {
    const { receivers, senders, result } = this
    const isLinked = (receivers.flags[row]! & MessageFlag.linked) !== 0
    result.calls.push({
      caller,
      callee: receivers.node[row]!,
      spans: receivers,
      row,
      traceId: receivers.traceIdOf(row),
      client: isDirect ? { spans: senders, row: sender } : null,
      server: { spans: receivers, row },
      criticalPathNs,
      failed: receivers.failed[row] === 1 || (isDirect && senders.failed[sender] === 1),
      byLink: isLinked && !this.isNamed(receivers.broker[row]!, caller),
      messages: this.messagesReceived(row),
      unrecorded: Math.max(
        unrecordedOf(receivers, row),
        isDirect && !isLinked ? unrecordedOf(senders, sender) : 0,
      ),
    })
  }

  /** Returns the messages of a delivery: a span that says how many it took has them all on its only delivery. */
  private messagesReceived(row: number): number {
    const { receivers } = this
    const isOnly =
      (receivers.flags[row]! & MessageFlag.next) === 0 && (receivers.flags[row + 1]! & MessageFlag.next) === 0
    return isOnly ? receivers.messagesOf(row) : 1
  }

  private isNamed(named: number, broker: number): boolean {
    return named !== none && this.nodes.first[named] === this.nodes.first[broker]
  }

  /** Counts the call of a broker that a sender names, if no receiver named a better one. */
  private publishOwn(sender: number): void {
    const broker = this.senders.broker[sender]!
    if (broker !== none && !this.routed.has(sender)) this.publish(sender, broker, false)
  }

  private publish(sender: number, broker: number, isLinked: boolean): void {
    const { senders } = this
    const isDone = MessageFlag.published | MessageFlag.context
    if ((senders.flags[sender]! & isDone) !== 0 || this.sent.isBatch(sender)) return
    this.routed.add(sender)
    this.published.add(sender, broker, none, isLinked)
  }

  private addPublication({ sender, to: broker, isLinked }: Hop): void {
    const { senders } = this
    const measured = this.sent.measuredBy(sender)
    this.observer?.sentTo(sender, broker)
    this.result.calls.push({
      caller: senders.node[sender]!,
      callee: broker,
      spans: senders,
      row: measured,
      traceId: senders.traceIdOf(measured),
      client: { spans: senders, row: measured },
      server: null,
      criticalPathNs: senders.criticalPathNs[sender]!,
      failed: senders.failed[measured] === 1,
      byLink: isLinked && !this.isNamed(senders.broker[sender]!, broker),
      messages: senders.action[sender] === MessageAction.create ? 1 : senders.messagesOf(sender),
      unrecorded: unrecordedOf(senders, measured),
    })
  }

  /** Counts a message on the edge from one destination to another. */
  private addJoin({ sender, from, to, isLinked }: Hop): void {
    const { senders } = this
    this.result.calls.push({
      caller: from,
      callee: to,
      spans: senders,
      row: sender,
      traceId: senders.traceIdOf(sender),
      client: null,
      server: null,
      criticalPathNs: 0,
      failed: false,
      byLink: isLinked,
      messages: 1,
      unrecorded: unrecordedOf(senders, sender),
    })
  }
}

const unrecordedOf = ({ weights }: MessageColumns, row: number) => weights?.unrecorded[row] ?? 0

/** One step on the way of a message that all its receivers share. */
interface Hop {
  sender: number
  /** Node of the broker before, -1 without one. */
  from: number
  to: number
  /** Whether only span links show it. */
  isLinked: boolean
}

/** Steps of messages, one for each sender and each name of a broker. Order does not matter. */
class Hops {
  readonly all: Hop[] = []
  private readonly pairs = new PairIndex()
  private readonly nodes: PairIndex

  constructor(nodes: PairIndex) {
    this.nodes = nodes
  }

  add(sender: number, to: number, from: number, isLinked: boolean): void {
    const { all, pairs } = this
    const { first, second } = this.nodes
    const pair = pairs.indexOf(sender, first[to]!)
    const known = all[pair]
    if (!known) {
      all[pair] = { sender, to, from, isLinked }
      return
    }
    known.isLinked &&= isLinked
    // Receivers may name the broker by several attributes.
    if (second[to]! < second[known.to]!) known.to = to
  }
}
