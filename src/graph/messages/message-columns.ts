import { resized } from '../columns/grow.ts'
import { copyWords } from '../columns/ids.ts'
import type { SpanTable } from '../spans/span-table.ts'
import { WeightColumns } from '../spans/span-weights.ts'
import { spanIdWords } from './span-id-index.ts'

/** Node and rank of a broker, as one side of a message names it. */
interface NamedBroker {
  /** Node of the broker, -1 if the side does not name it. */
  node: number
  /** How much the name says, a `PeerRank`. */
  rank: number
}

/** One side of a message as a level counts it, in addition to the fields of its span. */
export interface MessageSide {
  /** Node that the span belongs to. */
  node: number
  broker: NamedBroker
  failed: boolean
  /** A `MessageAction`. */
  action: number
  /** The row whose duration and weight are those of the message, if it is not the span itself. */
  measured?: number
}

/** Sides of messages, a row for each pair of a span and a message. */
export class MessageColumns {
  length = 0
  /** Messages beyond the limit. */
  dropped = 0
  /** Trace id and span id that identify the message: those of the span that sent it. */
  messageIds = new Uint32Array(spanIdWords * 64)
  /** Trace id and span id of the span itself. */
  spanIds = new Uint32Array(spanIdWords * 64)
  node = new Int32Array(64)
  broker = new Int32Array(64)
  brokerRank = new Uint8Array(64)
  action = new Uint8Array(64)
  /** Start, Unix ns. */
  startHi = new Uint32Array(64)
  startLo = new Uint32Array(64)
  durationNs = new Float64Array(64)
  /** 1 if the span ends before it starts. */
  skewed = new Uint8Array(64)
  weights: WeightColumns | undefined
  /** Time of the span on the critical path of its trace. */
  criticalPathNs = new Float64Array(64)
  /** A `MessageFlag`, or several. */
  flags = new Uint8Array(64)
  /** 1 if the message failed. */
  failed = new Uint8Array(64)
  /** `SpanKind` of the span. */
  kind = new Uint8Array(64)
  /** How many messages the span says it moves, -1 if it does not say. */
  messages = new Float64Array(64)
  /** 1, or -1 if the message is removed. */
  sign = new Int8Array(64)

  private readonly max: number

  /** @param max most rows */
  constructor(max: number) {
    this.max = max
  }

  get isFull(): boolean {
    return this.length >= this.max
  }

  /**
   * Appends a side of a message whose id is still to be set; returns -1 beyond the limit.
   *
   * @param row the row of the span
   */
  add(spans: SpanTable, row: number, side: MessageSide, flags: number, sign: 1 | -1): number {
    if (this.isFull) {
      this.dropped += sign
      return -1
    }
    const at = this.addRow()
    const measured = side.measured ?? row
    this.spanIds.set(spans.traceId, at * spanIdWords)
    this.spanIds[at * spanIdWords + 4] = spans.spanIdHi[row]!
    this.spanIds[at * spanIdWords + 5] = spans.spanIdLo[row]!
    this.node[at] = side.node
    this.broker[at] = side.broker.node
    this.brokerRank[at] = side.broker.rank
    this.action[at] = side.action
    this.startHi[at] = spans.startHi[measured]!
    this.startLo[at] = spans.startLo[measured]!
    this.durationNs[at] = spans.durationNs[measured]!
    this.skewed[at] = spans.skewed[measured]!
    this.flags[at] = spans.context?.[row] === 1 ? flags | MessageFlag.context : flags
    this.failed[at] = side.failed ? 1 : 0
    this.kind[at] = spans.kind[row]!
    this.messages[at] = spans.peers?.messages[row] ?? -1
    this.sign[at] = sign
    if (spans.weights) this.setWeight(at, spans.weights, measured)
    return at
  }

  /** Sets the message of a row: it is identified by the span that sent it. */
  setMessage(at: number, words: ArrayLike<number>): void {
    for (let word = 0; word < spanIdWords; word++) this.messageIds[at * spanIdWords + word] = words[word]!
  }

  /** Appends the rows of `other`; `nodeOf` maps its nodes to those of this side. */
  append(other: MessageColumns, nodeOf: Int32Array): void {
    this.dropped += other.dropped
    for (let from = 0; from < other.length; from++) {
      if (this.isFull) {
        this.dropped += other.sign[from]!
        continue
      }
      const row = this.addRow()
      copyWords(other.messageIds, from * spanIdWords, this.messageIds, row * spanIdWords, spanIdWords)
      copyWords(other.spanIds, from * spanIdWords, this.spanIds, row * spanIdWords, spanIdWords)
      this.node[row] = nodeOf[other.node[from]!]!
      this.broker[row] = other.broker[from]! < 0 ? -1 : nodeOf[other.broker[from]!]!
      this.brokerRank[row] = other.brokerRank[from]!
      this.action[row] = other.action[from]!
      this.startHi[row] = other.startHi[from]!
      this.startLo[row] = other.startLo[from]!
      this.durationNs[row] = other.durationNs[from]!
      this.skewed[row] = other.skewed[from]!
      this.criticalPathNs[row] = other.criticalPathNs[from]!
      this.flags[row] = other.flags[from]!
      this.failed[row] = other.failed[from]!
      this.kind[row] = other.kind[from]!
      this.messages[row] = other.messages[from]!
      this.sign[row] = other.sign[from]!
      if (other.weights) this.setWeight(row, other.weights, from)
    }
  }

  /** Returns the trace id of a span, four words. */
  traceIdOf(row: number): Uint32Array {
    return this.spanIds.subarray(row * spanIdWords, row * spanIdWords + 4)
  }

  /** Returns how many messages a span moves that takes or sends one at a time, unless it says otherwise. */
  messagesOf(row: number): number {
    return Math.max(1, this.messages[row]!)
  }

  private addRow(): number {
    const row = this.length++
    if (row === this.node.length) this.grow(row * 2)
    this.weights?.reset(row)
    return row
  }

  /** Copies the weight of row `from` of `weights` to a row. */
  private setWeight(row: number, weights: WeightColumns, from: number): void {
    if (!this.weights) {
      if (weights.countsOnce(from)) return
      this.weights = new WeightColumns()
      for (let before = 0; before < this.length; before++) this.weights.reset(before)
    }
    this.weights.copy(row, weights, from)
  }

  private grow(capacity: number): void {
    this.messageIds = resized(this.messageIds, capacity * spanIdWords)
    this.spanIds = resized(this.spanIds, capacity * spanIdWords)
    this.node = resized(this.node, capacity)
    this.broker = resized(this.broker, capacity)
    this.brokerRank = resized(this.brokerRank, capacity)
    this.action = resized(this.action, capacity)
    this.startHi = resized(this.startHi, capacity)
    this.startLo = resized(this.startLo, capacity)
    this.durationNs = resized(this.durationNs, capacity)
    this.skewed = resized(this.skewed, capacity)
    this.criticalPathNs = resized(this.criticalPathNs, capacity)
    this.flags = resized(this.flags, capacity)
    this.failed = resized(this.failed, capacity)
    this.kind = resized(this.kind, capacity)
    this.messages = resized(this.messages, capacity)
    this.sign = resized(this.sign, capacity)
  }
}

/** Further facts about a side of a message. */
export const MessageFlag = {
  /** Sender: its call of the broker was counted with its trace. */
  published: 1,
  /** Sender: the row gives another id of the message that `spanIds` sent. */
  alias: 2,
  /** Sender: the row says that `spanIds` sent the message that `messageIds` created. */
  batch: 4,
  /** Receiver: another message of the span of the row before. */
  next: 8,
  /** Receiver: a span link names the message. Without it the message was sent by a span above. */
  linked: 16,
  /** The span is not to be counted. It only says who sent, or received, a message. */
  context: 32,
} as const
