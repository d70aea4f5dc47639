import { PairIndex } from '../columns/hash-index.ts'
import { MessageAction } from '../spans/message-action.ts'
import { liveRows } from './live-rows.ts'
import { type MessageColumns, MessageFlag } from './message-columns.ts'
import type { SentMessages } from './sent-messages.ts'
import { SpanIdIndex, spanIdWords } from './span-id-index.ts'

const none = -1

/** The receivers that were added and not removed. */
export class ReceivedMessages {
  /** Rows of the receivers, one for each pair of span and message. */
  readonly rows: number[]
  private readonly receivers: MessageColumns
  private readonly sent: SentMessages
  /** Pairs (message, node) whose message was processed there. */
  private readonly processed = new PairIndex()
  private readonly messages = new SpanIdIndex()
  /** For each row the first row of its span, which holds the time of the span. */
  private readonly firstOf: Int32Array
  private readonly timeTaken = new Set<number>()

  constructor(receivers: MessageColumns, sent: SentMessages) {
    this.receivers = receivers
    this.sent = sent
    this.rows = liveRows(receivers)
    this.firstOf = new Int32Array(receivers.length)
    for (let row = 0; row < receivers.length; row++) {
      const isNext = (receivers.flags[row]! & MessageFlag.next) !== 0
      this.firstOf[row] = isNext ? this.firstOf[row - 1]! : row
    }
    for (const row of this.rows) {
      if (receivers.action[row] === MessageAction.process) {
        this.processed.indexOf(this.messageOf(row), receivers.node[row]!)
      }
    }
  }

  /** Returns whether the message was received by a span of a service that also processed it. */
  isRepeated(row: number): boolean {
    const { receivers } = this
    if (receivers.action[row] === MessageAction.process) return false
    return this.processed.find(this.messageOf(row), receivers.node[row]!) >= 0
  }

  /** Returns the time on the critical path of a span, ns, for the first of its messages and 0 for the others. */
  takeTime(row: number): number {
    const first = this.firstOf[row]!
    if (this.timeTaken.has(first)) return 0
    this.timeTaken.add(first)
    return this.receivers.criticalPathNs[first]!
  }

  /** Returns a number for the message: two ids of one sender are one message. */
  private messageOf(row: number): number {
    const sender = this.sent.senderOf(this.receivers, row)
    if (sender !== none) return -1 - sender
    return this.messages.indexOf(this.receivers.messageIds, row * spanIdWords)
  }
}
