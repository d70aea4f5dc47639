import { type SideSpans, waitNs } from './call-sides.ts'
import { MessageColumns } from './message-columns.ts'
import { type Heads, headsById } from './message-heads.ts'
import { PairIndex } from './pair-index.ts'
import { SpanKind, type SpanTable } from './span-table.ts'
import type { MeasuredSpans } from './weight-columns.ts'

/** A call between two nodes that only a span link tells of. */
export interface LinkedCall {
  caller: number
  callee: number
  /** The span whose duration and weight are those of the call. */
  spans: MeasuredSpans
  row: number
  /** The trace of that span, four words. */
  traceId: Uint32Array
  /** The spans of both sides, null where there is none. */
  client: Side | null
  server: Side | null
  criticalPathNs: number
  failed: boolean
  sign: 1 | -1
}

interface Side {
  spans: SideSpans
  row: number
}

/** How long a message was on its way, of a call that is counted already or among the linked ones. */
export interface LinkedGap {
  caller: number
  callee: number
  /** From the producer's end to the consumer's start, ns; may be negative. */
  gapNs: number
  sign: 1 | -1
}

export interface Resolution {
  calls: LinkedCall[]
  gaps: LinkedGap[]
  /** Messages that arrived and of which neither broker nor producer is known. */
  unresolved: number
  /** Ends of messages there was no room for. */
  dropped: number
}

const none = -1
/** The number of all messages there was no room for. */
const dropped = 2 ** 31 - 1

/**
 * Messages whose two ends lie in different traces: a consumer is linked to its producer. They are put together when
 * all traces have been seen, since either end may come first. What is held grows with the messages, not with the
 * spans.
 */
export class LinkedCalls {
  private readonly senders: MessageColumns
  private readonly receivers: MessageColumns

  /**
   * @param maxMessages most messages that are held of either end. What comes when there is no room for more, or is
   * taken back then, only counts as dropped.
   */
  constructor(maxMessages = 1_000_000) {
    this.senders = new MessageColumns(maxMessages)
    this.receivers = new MessageColumns(maxMessages)
  }

  addSender(
    spans: SpanTable,
    row: number,
    node: number,
    broker: number,
    failed: boolean,
    sign: 1 | -1,
  ): void {
    const at = this.add(this.senders, spans, row, node, broker, failed, sign)
    if (at === dropped) return
    this.senders.ids.set(spans.traceId, at * 6)
    this.senders.ids[at * 6 + 4] = spans.spanIdHi[row]!
    this.senders.ids[at * 6 + 5] = spans.spanIdLo[row]!
  }

  /** A message of which no span above tells the sender; the span has a link. Returns the number of the message. */
  addReceiver(
    spans: SpanTable,
    row: number,
    node: number,
    broker: number,
    failed: boolean,
    sign: 1 | -1,
  ): number {
    const at = this.add(this.receivers, spans, row, node, broker, failed, sign)
    if (at === dropped) return at
    const link = spans.peers?.link.subarray(row * 6, row * 6 + 6)
    if (link) this.receivers.ids.set(link, at * 6)
    return at
  }

  /** The time on the critical path that a received message brought about. */
  addCriticalPath(message: number, ns: number): void {
    if (message !== dropped) this.receivers.criticalPathNs[message]! += ns
  }

  merge(other: LinkedCalls, nodeOf: Int32Array): void {
    this.senders.append(other.senders, nodeOf)
    this.receivers.append(other.receivers, nodeOf)
  }

  /** Puts the ends together; may be asked again after more were added. */
  resolve(): Resolution {
    const { receivers, senders } = this
    const heads = headsById(receivers)
    const senderOf = this.findSenders(heads)
    const published = new PairIndex()
    const publishedTimes: number[] = []
    const result: Resolution = {
      calls: [],
      gaps: [],
      unresolved: 0,
      dropped: Math.max(0, senders.dropped + receivers.dropped),
    }
    for (let row = 0; row < receivers.length; row++) {
      const sign = receivers.sign[row]!
      const own = receivers.broker[row]!
      const sender = senderOf[heads.of[row]!]!
      if (sender !== none) this.addGap(row, sender, result.gaps)
      if (sender === none) result.unresolved += own === none ? sign : 0
      else if (own === none) result.calls.push(this.delivery(row, sender))
      else if (senders.broker[sender] === none) {
        const index = published.indexOf(sender, own)
        publishedTimes[index] = (publishedTimes[index] ?? 0) + sign
      }
    }
    for (let index = 0; index < published.length; index++) {
      if (publishedTimes[index]! <= 0) continue
      result.calls.push(this.publication(published.first[index]!, published.second[index]!))
    }
    return result
  }

  private add(
    to: MessageColumns,
    spans: SpanTable,
    row: number,
    node: number,
    broker: number,
    failed: boolean,
    sign: 1 | -1,
  ): number {
    if (to.isFull) {
      to.dropped += sign
      return dropped
    }
    const at = to.addRow()
    to.traceIds.set(spans.traceId, at * 4)
    to.node[at] = node
    to.broker[at] = broker
    to.startHi[at] = spans.startHi[row]!
    to.startLo[at] = spans.startLo[row]!
    to.durationNs[at] = spans.durationNs[row]!
    to.skewed[at] = spans.skewed[row]!
    to.failed[at] = failed ? 1 : 0
    to.kind[at] = spans.kind[row]!
    to.sign[at] = sign
    if (spans.weights) to.setWeight(at, spans.weights, row)
    return at
  }

  /** The way ends with the delivery, whoever names the broker. */
  private addGap(row: number, sender: number, gaps: LinkedGap[]): void {
    const { receivers, senders } = this
    if ((senders.skewed[sender]! | receivers.skewed[row]!) === 1) return
    const own = receivers.broker[row]!
    const broker = own === none ? senders.broker[sender]! : own
    gaps.push({
      caller: broker === none ? senders.node[sender]! : broker,
      callee: receivers.node[row]!,
      gapNs: waitNs(senders, sender, receivers, row),
      sign: receivers.sign[row]! > 0 ? 1 : -1,
    })
  }

  private delivery(row: number, sender: number): LinkedCall {
    const { receivers, senders } = this
    const broker = senders.broker[sender]!
    const isDirect = broker === none
    return {
      caller: isDirect ? senders.node[sender]! : broker,
      callee: receivers.node[row]!,
      spans: receivers,
      row,
      traceId: receivers.traceIdOf(row),
      client: isDirect ? { spans: senders, row: sender } : null,
      server: { spans: receivers, row },
      criticalPathNs: receivers.criticalPathNs[row]!,
      failed: receivers.failed[row] === 1 || (isDirect && senders.failed[sender] === 1),
      sign: receivers.sign[row]! > 0 ? 1 : -1,
    }
  }

  private publication(sender: number, broker: number): LinkedCall {
    const { senders } = this
    return {
      caller: senders.node[sender]!,
      callee: broker,
      spans: senders,
      row: sender,
      traceId: senders.traceIdOf(sender),
      client: { spans: senders, row: sender },
      server: null,
      criticalPathNs: 0,
      failed: senders.failed[sender] === 1,
      sign: 1,
    }
  }

  /**
   * The sender that each head is linked to, a row of `senders`, or -1. Of two that share an id the producer is meant;
   * senders of one id and kind are the same one, added again or taken back.
   */
  private findSenders(heads: Heads): Int32Array {
    const { receivers, senders } = this
    const producer = new Int32Array(receivers.length).fill(none)
    const client = new Int32Array(receivers.length).fill(none)
    const producerTimes = new Int32Array(receivers.length)
    const clientTimes = new Int32Array(receivers.length)
    for (let row = 0; row < senders.length; row++) {
      const head = heads.find(senders, row)
      if (head === none) continue
      const isProducer = senders.kind[row] === SpanKind.producer
      const found = isProducer ? producer : client
      const times = isProducer ? producerTimes : clientTimes
      found[head] = row
      times[head]! += senders.sign[row]!
    }
    return producer.map((row, head) => {
      if (producerTimes[head]! > 0) return row
      return clientTimes[head]! > 0 ? client[head]! : none
    })
  }
}
