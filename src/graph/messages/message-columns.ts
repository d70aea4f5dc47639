import { resized } from '../columns/grow.ts'
import { HashSlots } from '../columns/hash-index.ts'
import { hashWords } from '../columns/hashing.ts'
import { copyWords, sameWords } from '../columns/ids.ts'
import { WeightColumns } from '../spans/span-weights.ts'

/** Position of a received message among those of its span. A span may receive several; their rows follow each other. */
export const MessagePosition = {
  /** The first or only one. */
  first: 0,
  /** Another one that is linked like the first. */
  next: 1,
  /** One that is linked, while the span above sent another message to this span. */
  additional: 2,
} as const

/** Ends of messages, a row for each, which are matched by trace id and span id. */
export class MessageColumns {
  length = 0
  /** Messages beyond the limit. */
  dropped = 0
  /** Trace id, four words, and span id, two: the sender's own, or those that a receiver is linked to. */
  ids = new Uint32Array(6 * 64)
  /** Trace id of the span itself, four words. */
  traceIds = new Uint32Array(4 * 64)
  /** Node that the span belongs to. */
  node = new Int32Array(64)
  /** Node of the broker, -1 if the span does not name it. */
  broker = new Int32Array(64)
  /** Start, Unix ns. */
  startHi = new Uint32Array(64)
  startLo = new Uint32Array(64)
  durationNs = new Float64Array(64)
  /** 1 if the span ends before it starts. */
  skewed = new Uint8Array(64)
  weights: WeightColumns | undefined
  /** Of a receiver: time on the critical path of its trace. */
  criticalPathNs = new Float64Array(64)
  /** Of a receiver: a `MessagePosition`. */
  position = new Uint8Array(64)
  /** 1 if the message failed. */
  failed = new Uint8Array(64)
  /** `SpanKind` of the span. */
  kind = new Uint8Array(64)
  /** 1 for a sender that is not counted: it only says who sent. */
  isContext = new Uint8Array(64)
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

  /** Appends a row of zeros. */
  addRow(): number {
    const row = this.length++
    if (row === this.node.length) this.grow(row * 2)
    this.weights?.reset(row)
    return row
  }

  /** Copies the weight of row `from` of `weights` to a row. */
  setWeight(row: number, weights: WeightColumns, from: number): void {
    if (!this.weights) {
      if (weights.countsOnce(from)) return
      this.weights = new WeightColumns()
      for (let before = 0; before < this.length; before++) this.weights.reset(before)
    }
    this.weights.copy(row, weights, from)
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
      copyWords(other.ids, from * 6, this.ids, row * 6, 6)
      copyWords(other.traceIds, from * 4, this.traceIds, row * 4)
      this.node[row] = nodeOf[other.node[from]!]!
      this.broker[row] = other.broker[from]! < 0 ? -1 : nodeOf[other.broker[from]!]!
      this.startHi[row] = other.startHi[from]!
      this.startLo[row] = other.startLo[from]!
      this.durationNs[row] = other.durationNs[from]!
      this.skewed[row] = other.skewed[from]!
      this.criticalPathNs[row] = other.criticalPathNs[from]!
      this.position[row] = other.position[from]!
      this.failed[row] = other.failed[from]!
      this.kind[row] = other.kind[from]!
      this.isContext[row] = other.isContext[from]!
      this.sign[row] = other.sign[from]!
      if (other.weights) this.setWeight(row, other.weights, from)
    }
  }

  traceIdOf(row: number): Uint32Array {
    return this.traceIds.subarray(row * 4, row * 4 + 4)
  }

  hash(row: number): number {
    return hashWords(this.ids, row * 6, 6)
  }

  hasIdOf(row: number, other: MessageColumns, from: number): boolean {
    return sameWords(this.ids, row * 6, other.ids, from * 6, 6)
  }

  private grow(capacity: number): void {
    this.ids = resized(this.ids, capacity * 6)
    this.traceIds = resized(this.traceIds, capacity * 4)
    this.node = resized(this.node, capacity)
    this.broker = resized(this.broker, capacity)
    this.startHi = resized(this.startHi, capacity)
    this.startLo = resized(this.startLo, capacity)
    this.durationNs = resized(this.durationNs, capacity)
    this.skewed = resized(this.skewed, capacity)
    this.criticalPathNs = resized(this.criticalPathNs, capacity)
    this.position = resized(this.position, capacity)
    this.failed = resized(this.failed, capacity)
    this.kind = resized(this.kind, capacity)
    this.isContext = resized(this.isContext, capacity)
    this.sign = resized(this.sign, capacity)
  }
}

/** Messages of one id have one head: the first of them. */
export interface MessageHeads {
  /** For each row the first row of the same id. */
  headOf: Int32Array
  /** Finds the first row with the id of a row of `other`; -1 if there is no such row. */
  find(other: MessageColumns, row: number): number
}

export function headsById(messages: MessageColumns): MessageHeads {
  const slots = new HashSlots(256)
  slots.clear(messages.length)
  const slotOf = (of: MessageColumns, row: number): number => {
    for (let slot = slots.start(of.hash(row)); ; slot = slots.next(slot)) {
      const head = slots.keyAt(slot)
      if (head < 0 || messages.hasIdOf(head, of, row)) return slot
    }
  }
  const headOf = new Int32Array(messages.length)
  for (let row = 0; row < messages.length; row++) {
    const slot = slotOf(messages, row)
    if (slots.keyAt(slot) < 0) slots.put(slot, row)
    headOf[row] = slots.keyAt(slot)
  }
  return { headOf, find: (other, row) => slots.keyAt(slotOf(other, row)) }
}
