import { sameWords, traceIdWords } from '../columns/ids.ts'
import type { SpanTable } from '../spans/span-table.ts'
import type { CallObserver } from '../totals/call-totals.ts'
import { MessageColumns, Place } from './message-columns.ts'
import { MessageResolver, type Resolution } from './resolve-links.ts'

const none = -1
/** The number of all messages there was no room for. */
const dropped = 2 ** 31 - 1

/**
 * Messages whose two ends lie in different traces: a consumer is linked to its producer. They are put together when
 * all traces have been seen, since either end may come first. What is held grows with the messages, not with the
 * spans.
 */
export class LinkedCalls {
  observer: CallObserver | undefined
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

  /**
   * The messages of a span that is linked to those who sent them.
   *
   * @param above the row whose message it received besides, -1 where none is known; a link to it says nothing new
   * @returns the number of the first message, -1 where there is none
   */
  addReceiver(
    spans: SpanTable,
    row: number,
    node: number,
    broker: number,
    failed: boolean,
    sign: 1 | -1,
    above = none,
  ): number {
    let first = none
    for (const link of spans.peers?.linksOf(row) ?? []) {
      if (above !== none && isLinkTo(link, spans, above)) continue
      const at = this.add(this.receivers, spans, row, node, broker, failed, sign)
      if (first === none) first = at
      else if (at !== dropped && above === none) this.receivers.place[at] = Place.next
      if (at === dropped) continue
      this.receivers.ids.set(link, at * 6)
      if (above !== none) this.receivers.place[at] = Place.beside
      else this.observer?.awaitSender(row, at)
    }
    return first
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
    return new MessageResolver(this.senders, this.receivers, this.observer).resolve()
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
}

function isLinkTo(link: Float64Array, { traceId, spanIdHi, spanIdLo }: SpanTable, row: number): boolean {
  return (
    link[4] === spanIdHi[row] && link[5] === spanIdLo[row] && sameWords(link, 0, traceId, 0, traceIdWords)
  )
}
