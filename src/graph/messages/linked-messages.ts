import { sameWords, traceIdWords } from '../columns/ids.ts'
import type { SpanTable } from '../spans/span-table.ts'
import type { CallObserver } from '../totals/call-totals.ts'
import { MessageColumns, MessagePosition } from './message-columns.ts'
import { LinkResolver, type Resolution } from './resolve-links.ts'

const none = -1
/** The number of every message beyond the limit. */
const dropped = 2 ** 31 - 1

/**
 * Messages whose ends are in different traces: the consumer has a span link to its producer. Both ends are kept until
 * all traces have been read, because either may come first. Memory grows with the messages, not with the spans.
 */
export class LinkedMessages {
  observer: CallObserver | undefined
  private readonly senders: MessageColumns
  private readonly receivers: MessageColumns

  /**
   * @param maxMessages most senders and most receivers that are kept; further ones are counted as dropped
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
   * Adds the messages that a span received, one for each span link. A span that is not to be counted has none.
   *
   * @param above the row that sent a further message to it, -1 if unknown; a link to that row is ignored
   * @returns the number of the first message, -1 if the span has no further links
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
    if (spans.context?.[row] === 1) return first
    for (const link of spans.peers?.linksOf(row) ?? []) {
      if (above !== none && isLinkTo(link, spans, above)) continue
      const at = this.add(this.receivers, spans, row, node, broker, failed, sign)
      if (first === none) first = at
      else if (at !== dropped && above === none) this.receivers.position[at] = MessagePosition.next
      if (at === dropped) continue
      this.receivers.ids.set(link, at * 6)
      if (above !== none) this.receivers.position[at] = MessagePosition.additional
      else this.observer?.awaitSender(row, at)
    }
    return first
  }

  /** Adds the time on the critical path that a received message caused, ns. */
  addCriticalPath(message: number, ns: number): void {
    if (message !== dropped) this.receivers.criticalPathNs[message]! += ns
  }

  merge(other: LinkedMessages, nodeOf: Int32Array): void {
    this.senders.append(other.senders, nodeOf)
    this.receivers.append(other.receivers, nodeOf)
  }

  /** Matches the ends. It may be called again after more messages were added. */
  resolve(): Resolution {
    return new LinkResolver(this.senders, this.receivers, this.observer).resolve()
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
    to.isContext[at] = spans.context?.[row] ?? 0
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
