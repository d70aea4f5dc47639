import { sameWords } from '../columns/ids.ts'
import { idOf } from '../messages/messages.ts'
import { spanIdWords } from '../messages/span-id-index.ts'
import type { PeerColumns } from '../spans/peer-columns.ts'
import { PeerRank } from '../spans/peer-naming.ts'
import { compareSpans, SpanKind, type SpanTable } from '../spans/span-table.ts'
import type { ExitSpans } from './exit-spans.ts'
import type { ServiceTree } from './service-tree.ts'

const none = -1
const unknown = -2

/** A message that a span received. */
export interface ReceivedMessage {
  /** Trace id and span id of the span that sent it. */
  id: ArrayLike<number>
  /** Whether a span link names it. */
  isLinked: boolean
}

/**
 * The messages that the spans of one trace received.
 *
 * A span that receives or dispatches messages may have spans below it that process them: these are the deliveries. The
 * span above counts only for messages that none of them names.
 */
export class Deliveries {
  private spans!: SpanTable
  private peers!: PeerColumns
  private tree!: ServiceTree
  private exits!: ExitSpans
  /** For each row that processes what a row above received: that row. */
  private readonly below = new Map<number, number[]>()
  /** For each row the nearest receiver at or above it, `unknown` until it is searched. */
  private nearest = new Int32Array(64)
  private readonly path: number[] = []
  private readonly assigned = new Map<number, ReceivedMessage[]>()

  build(spans: SpanTable, peers: PeerColumns, tree: ServiceTree, exits: ExitSpans): void {
    this.spans = spans
    this.peers = peers
    this.tree = tree
    this.exits = exits
    if (this.below.size > 0) this.below.clear()
    if (this.assigned.size > 0) this.assigned.clear()
    if (!exits.hasReceivers) return
    if (this.nearest.length < spans.length) this.nearest = new Int32Array(spans.length * 2)
    this.nearest.fill(unknown, 0, spans.length)
    for (let row = 0; row < spans.length; row++) {
      if (!this.isCountedReceiver(row)) continue
      const above = this.receiverAbove(row)
      if (above >= 0) addTo(this.below, above, row)
    }
    if (this.below.size > 0) this.assign()
  }

  /** Returns whether spans below process all that a span received, so that it is no delivery itself. */
  isProcessedBelow(row: number): boolean {
    const below = this.below.get(row)
    if (below === undefined || this.messagesOf(row).length > 0) return false
    return below.some((other) => this.peers.name[other] !== 0 || this.messagesOf(other).length > 0)
  }

  /** Returns the messages of known senders that a span received. */
  messagesOf(row: number): ReceivedMessage[] {
    return this.assigned.get(row) ?? this.ownMessagesOf(row)
  }

  /** Returns the row above whose span sent the message that `row` received, or -1. */
  senderAbove(row: number): number {
    const { tree, spans, exits } = this
    const above = tree.parent[row]!
    if (above < 0) return -1
    if (exits.isExit(above)) return above
    const owner = tree.ownerOf(above)
    if (owner >= 0 && exits.isExit(owner)) return owner
    return owner >= 0 && spans.service[owner] !== spans.service[row] ? owner : -1
  }

  private ownMessagesOf(row: number): ReceivedMessage[] {
    const { spans, peers } = this
    const sender = this.senderAbove(row)
    if (sender < 0 && !peers.hasLink(row)) return []
    const messages: ReceivedMessage[] = sender < 0 ? [] : [{ id: idOf(spans, sender), isLinked: false }]
    for (const link of peers.linksOf(row)) {
      if (sender < 0 || !isSame(messages[0]!.id, link)) messages.push({ id: link, isLinked: true })
    }
    return messages
  }

  /** Returns the nearest row above that received, for the same service, what `row` may process; -1 without one. */
  private receiverAbove(row: number): number {
    const found = this.nearestFrom(this.within(row))
    return found >= 0 && this.isSameDestination(row, found) ? found : none
  }

  /** Returns the nearest receiver at or above a row, in the same work. Each row is walked once. */
  private nearestFrom(row: number): number {
    const { nearest, path } = this
    path.length = 0
    let at = row
    while (at >= 0 && nearest[at] === unknown && !this.isCountedReceiver(at)) {
      path.push(at)
      at = this.isEnd(at) ? none : this.within(at)
    }
    const found = at < 0 ? none : this.isCountedReceiver(at) ? at : nearest[at]!
    for (const below of path) nearest[below] = found
    return found
  }

  /** Returns the parent of a row if both work for one service. */
  private within(row: number): number {
    const { tree } = this
    const above = tree.parent[row]!
    return above >= 0 && tree.serviceOf(above) === tree.serviceOf(row) ? above : none
  }

  /** Returns whether the work of a receiver above ends here: the span calls another service, or serves a request. */
  private isEnd(row: number): boolean {
    return this.exits.isExit(row) || this.spans.kind[row] === SpanKind.server
  }

  private isCountedReceiver(row: number): boolean {
    return this.exits.isReceiver(row) && this.spans.service[row] !== 0
  }

  private isSameDestination(a: number, b: number): boolean {
    const { name, rank } = this.peers
    if (rank[a] !== PeerRank.destination || rank[b] !== PeerRank.destination) return true
    return name[a] === name[b]
  }

  /**
   * Divides the messages among the spans that received them and the spans below that process them. Messages that none of
   * these names go to those that name nothing, one each and the rest to the last.
   */
  private assign(): void {
    for (const [above, rows] of this.below) {
      const claimed = new Set(rows.flatMap((row) => this.ownMessagesOf(row).map(keyOf)))
      const open = rows.filter((row) => this.ownMessagesOf(row).length === 0 && !this.below.has(row))
      open.sort((a, b) => compareSpans(this.spans, a, b))
      const left = this.ownMessagesOf(above).filter((message) => !claimed.has(keyOf(message)))
      this.assigned.set(above, open.length === 0 ? left : [])
      if (open.length === 0) continue
      for (const [at, message] of left.entries()) {
        addTo(this.assigned, open[Math.min(at, open.length - 1)]!, message)
      }
    }
  }
}

function addTo<Value>(lists: Map<number, Value[]>, key: number, value: Value): void {
  const list = lists.get(key)
  if (list) list.push(value)
  else lists.set(key, [value])
}

const keyOf = ({ id }: ReceivedMessage) => Array.prototype.join.call(id)
const isSame = (a: ArrayLike<number>, b: ArrayLike<number>) => sameWords(a, 0, b, 0, spanIdWords)
