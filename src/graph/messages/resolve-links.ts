import { PairIndex } from '../columns/hash-index.ts'
import { SpanKind } from '../spans/span-table.ts'
import type { MeasuredSpans } from '../spans/span-weights.ts'
import { type SideSpans, waitNs } from '../totals/call-sides.ts'
import type { CallObserver } from '../totals/call-totals.ts'
import { type Heads, headsById, type MessageColumns, Place } from './message-columns.ts'

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
  /** Spans that received messages which only links tell of. */
  linkedSpans: number
  /** Ends of messages there was no room for. */
  dropped: number
}

const none = -1

/** Puts messages that were received together with those who sent them. */
export class MessageResolver {
  private readonly senders: MessageColumns
  private readonly receivers: MessageColumns
  private readonly observer: CallObserver | undefined
  private readonly published = new PairIndex()
  private readonly publishedTimes: number[] = []
  private readonly result: Resolution
  /** Of the span at hand: time on the critical path that no call has yet, that of the first one that is found. */
  private timeNs = 0
  /** Of the span at hand: whether the delivery that was counted with it has found its sender. */
  private isDelivered = false

  constructor(senders: MessageColumns, receivers: MessageColumns, observer?: CallObserver) {
    this.senders = senders
    this.receivers = receivers
    this.observer = observer
    const dropped = Math.max(0, senders.dropped + receivers.dropped)
    this.result = { calls: [], gaps: [], unresolved: 0, linkedSpans: 0, dropped }
  }

  resolve(): Resolution {
    const { receivers, senders, published, result } = this
    const heads = headsById(receivers)
    const senderOf = this.findSenders(heads)
    for (let row = 0; row < receivers.length; row++) {
      this.enter(row)
      const own = receivers.broker[row]!
      const sender = senderOf[heads.of[row]!]!
      this.observer?.sentBy(row, ...this.wayOf(row, sender))
      if (sender !== none) {
        this.addGap(row, sender, result.gaps)
        this.deliver(row, sender)
        if (own !== none && senders.broker[sender] === none) this.publish(sender, own, receivers.sign[row]!)
      } else if (own === none && receivers.place[row] !== Place.beside) {
        result.unresolved += receivers.sign[row]!
      }
    }
    for (let index = 0; index < published.length; index++) {
      if (this.publishedTimes[index]! <= 0) continue
      result.calls.push(this.publication(published.first[index]!, published.second[index]!))
    }
    return result
  }

  /** The first message of a span begins what its others go on with. */
  private enter(row: number): void {
    const { receivers, result } = this
    const place = receivers.place[row]!
    if (place === Place.next) return
    this.isDelivered = place === Place.beside
    this.timeNs = place === Place.beside ? 0 : receivers.criticalPathNs[row]!
    if (place === Place.first) result.linkedSpans += receivers.sign[row]!
  }

  /** The first one from a broker that the span itself names has been counted with the span, as has its time. */
  private deliver(row: number, sender: number): void {
    const isNamed = this.receivers.broker[row] !== none
    if (!isNamed || this.isDelivered) {
      this.result.calls.push(this.delivery(row, sender, isNamed ? 0 : this.timeNs))
      this.timeNs = 0
    }
    this.isDelivered = true
  }

  private publish(sender: number, broker: number, sign: number): void {
    const index = this.published.indexOf(sender, broker)
    this.publishedTimes[index] = (this.publishedTimes[index] ?? 0) + sign
  }

  /** The way ends with the delivery, whoever names the broker. */
  private addGap(row: number, sender: number, gaps: LinkedGap[]): void {
    const { receivers, senders } = this
    if ((senders.skewed[sender]! | receivers.skewed[row]!) === 1) return
    const [from, broker] = this.wayOf(row, sender)
    gaps.push({
      caller: broker === none ? from : broker,
      callee: receivers.node[row]!,
      gapNs: waitNs(senders, sender, receivers, row),
      sign: receivers.sign[row]! > 0 ? 1 : -1,
    })
  }

  /** The nodes of sender and broker of a message, -1 where they are not known. */
  private wayOf(row: number, sender: number): [from: number, broker: number] {
    const { receivers, senders } = this
    const own = receivers.broker[row]!
    if (sender === none) return [none, own]
    return [senders.node[sender]!, own === none ? senders.broker[sender]! : own]
  }

  private delivery(row: number, sender: number, criticalPathNs: number): LinkedCall {
    const { receivers, senders } = this
    const [from, broker] = this.wayOf(row, sender)
    const isDirect = broker === none
    return {
      caller: isDirect ? from : broker,
      callee: receivers.node[row]!,
      spans: receivers,
      row,
      traceId: receivers.traceIdOf(row),
      client: isDirect ? { spans: senders, row: sender } : null,
      server: { spans: receivers, row },
      criticalPathNs,
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
