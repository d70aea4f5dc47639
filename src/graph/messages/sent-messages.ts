import { liveRows } from './live-rows.ts'
import { type MessageColumns, MessageFlag } from './message-columns.ts'
import { SpanIdIndex, spanIdWords } from './span-id-index.ts'

const none = -1
/** Flags of rows that are no messages, but say more about one. */
const kinds = MessageFlag.alias | MessageFlag.batch

/** The senders that were added and not removed. */
export class SentMessages {
  /** Rows of the senders, one for each message. */
  readonly rows: number[] = []
  /** Ids of spans that sent messages, and of spans from which receivers know these messages. */
  private readonly ids = new SpanIdIndex()
  /** By id: the row that sent the message, -1 without one. */
  private readonly rowOf: number[] = []
  /** By row: the row that sent it together with others. */
  private readonly batchOf = new Map<number, number>()
  /** Rows that sent messages which other spans created. */
  private readonly batches = new Set<number>()

  constructor(senders: MessageColumns) {
    for (const row of liveRows(senders, kinds)) {
      const id = this.ids.indexOf(senders.messageIds, row * spanIdWords)
      // If a client and a producer share an id, the producer sent the message.
      const known = this.rowOf[id]
      if (known === undefined || senders.kind[row]! > senders.kind[known]!) this.rowOf[id] = row
      this.rows.push(row)
    }
    const own = this.rowOf.length
    for (const alias of liveRows(senders, kinds, MessageFlag.alias)) {
      const row = this.rowOf[this.ids.find(senders.spanIds, alias * spanIdWords)]
      const id = this.ids.indexOf(senders.messageIds, alias * spanIdWords)
      if (row === undefined || id < own) continue
      const known = this.rowOf[id]
      if (known === undefined || isEarlier(senders, row, known)) this.rowOf[id] = row
    }
    for (const batch of liveRows(senders, kinds, MessageFlag.batch)) {
      const created = this.rowOf[this.ids.find(senders.messageIds, batch * spanIdWords)]
      const row = this.rowOf[this.ids.find(senders.spanIds, batch * spanIdWords)]
      if (created === undefined || row === undefined || created === row) continue
      if (senders.node[created] !== senders.node[row]) continue
      this.batches.add(row)
      const known = this.batchOf.get(created)
      if (known === undefined || isEarlier(senders, row, known)) this.batchOf.set(created, row)
    }
  }

  /** Returns the row that sent a received message, -1 if it is unknown. */
  senderOf(receivers: MessageColumns, receiver: number): number {
    const id = this.ids.find(receivers.messageIds, receiver * spanIdWords)
    return this.rowOf[id] ?? none
  }

  /** Returns whether the messages that a row sent were created, and are counted, by other spans. */
  isBatch(row: number): boolean {
    return this.batches.has(row)
  }

  /** Returns the row whose duration is that of sending the message. */
  measuredBy(row: number): number {
    return this.batchOf.get(row) ?? row
  }
}

/** Compares senders by start and id, so that the order of traces does not decide between them. */
function isEarlier({ startHi, startLo, spanIds }: MessageColumns, row: number, other: number): boolean {
  const byStart = startHi[row]! - startHi[other]! || startLo[row]! - startLo[other]!
  if (byStart !== 0) return byStart < 0
  for (let word = 0; word < spanIdWords; word++) {
    const difference = spanIds[row * spanIdWords + word]! - spanIds[other * spanIdWords + word]!
    if (difference !== 0) return difference < 0
  }
  return false
}
