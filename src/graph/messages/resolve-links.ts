import { PairIndex } from '../columns/hash-index.ts'
import { SpanKind } from '../spans/span-table.ts'
import type { MeasuredSpans } from '../spans/span-weights.ts'
import { type SideSpans, waitNs } from '../totals/call-sides.ts'
import type { CallObserver } from '../totals/call-totals.ts'
import { headsById, type MessageColumns, type MessageHeads, MessagePosition } from './message-columns.ts'

/** A call between two nodes that only a span link shows. */
export interface LinkedCall {
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
  sign: 1 | -1
}

interface Side {
  spans: SideSpans
  row: number
}

/** How long a message took. Its call is one of the linked ones, or was counted with the span that received it. */
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
  /** Received messages without a known broker or producer. */
  unresolved: number
  /** Spans that received messages known only from links. */
  linkedSpans: number
  /** Ends of messages beyond the limit. */
  dropped: number
}

const none = -1

/** Finds for each received message its sender, by the span link of the receiver. */
export class LinkResolver {
  private readonly senders: MessageColumns
  private readonly receivers: MessageColumns
  private readonly observer: CallObserver | undefined
  private readonly published = new PairIndex()
  private readonly publishedTimes: number[] = []
  private readonly result: Resolution
  /** Time on the critical path of the current span, ns, until its first call takes it. */
  private timeNs = 0
  /** Whether the delivery that was counted with the current span has found its sender. */
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
      this.startSpan(row)
      const own = receivers.broker[row]!
      const sender = senderOf[heads.headOf[row]!]!
      this.observer?.sentBy(row, ...this.routeOf(row, sender))
      if (sender !== none) {
        this.addGap(row, sender, result.gaps)
        this.deliver(row, sender)
        if (own !== none && senders.broker[sender] === none) this.publish(sender, own, receivers.sign[row]!)
      } else if (own === none && receivers.position[row] !== MessagePosition.additional) {
        result.unresolved += receivers.sign[row]!
      }
    }
    for (let index = 0; index < published.length; index++) {
      if (this.publishedTimes[index]! <= 0) continue
      result.calls.push(this.publication(published.first[index]!, published.second[index]!))
    }
    return result
  }

  /** Starts the next span if the message is the first of its span. */
  private startSpan(row: number): void {
    const { receivers, result } = this
    const place = receivers.position[row]!
    if (place === MessagePosition.next) return
    this.isDelivered = place === MessagePosition.additional
    this.timeNs = place === MessagePosition.additional ? 0 : receivers.criticalPathNs[row]!
    if (place === MessagePosition.first) result.linkedSpans += receivers.sign[row]!
  }

  /** Adds the delivery, except the first one from a broker that the span names: that was counted with the span. */
  private deliver(row: number, sender: number): void {
    const isNamed = this.receivers.broker[row] !== none
    if (!isNamed || this.isDelivered) {
      this.result.calls.push(this.delivery(row, sender, isNamed ? 0 : this.timeNs))
      this.timeNs = 0
    }
    this.isDelivered = true
  }

  private publish(sender: number, broker: number, sign: number): void {
    if (this.senders.isContext[sender] === 1) return
    const index = this.published.indexOf(sender, broker)
    this.publishedTimes[index] = (this.publishedTimes[index] ?? 0) + sign
  }

  /** Adds the time from the sender's end to the receiver's start to the last edge of the route. */
  private addGap(row: number, sender: number, gaps: LinkedGap[]): void {
    const { receivers, senders } = this
    if ((senders.skewed[sender]! | receivers.skewed[row]!) === 1) return
    const [from, broker] = this.routeOf(row, sender)
    gaps.push({
      caller: broker === none ? from : broker,
      callee: receivers.node[row]!,
      gapNs: waitNs(senders, sender, receivers, row),
      sign: receivers.sign[row]! > 0 ? 1 : -1,
    })
  }

  /** Returns the nodes of sender and broker of a message, -1 if unknown. */
  private routeOf(row: number, sender: number): [from: number, broker: number] {
    const { receivers, senders } = this
    const own = receivers.broker[row]!
    if (sender === none) return [none, own]
    return [senders.node[sender]!, own === none ? senders.broker[sender]! : own]
  }

  private delivery(row: number, sender: number, criticalPathNs: number): LinkedCall {
    const { receivers, senders } = this
    const [from, broker] = this.routeOf(row, sender)
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
   * Returns for each head the row of `senders` that it is linked to, or -1. If two senders share an id, the producer
   * counts. Senders of one id and kind are the same span, added several times or removed.
   */
  private findSenders(heads: MessageHeads): Int32Array {
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
