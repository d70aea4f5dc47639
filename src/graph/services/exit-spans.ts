import { scratchCapacity } from '../columns/grow.ts'
import { RowList } from '../columns/row-lists.ts'
import { isReceiving, isSending, MessageAction } from '../spans/message-action.ts'
import { type PeerColumns, PeerRole } from '../spans/peer-columns.ts'
import { SpanKind, type SpanTable } from '../spans/span-table.ts'
import { ParentState } from '../trace/trace-tree.ts'
import type { ServiceTree } from './service-tree.ts'

const none = -1
const unknown = -2

/** State of an exit span. */
const Exit = {
  none: 0,
  /** It is a call, or sends a message. */
  call: 1,
  /** The exit spans below it are the calls. */
  outer: 2,
} as const

/**
 * The spans of one trace that leave their service, and which of them are calls. One instance serves all traces.
 *
 * Instrumentations of several layers record one request as client spans below each other. The innermost ones are the
 * calls: of an SDK call and its three tries the tries count. The nearest span above that says more about the peer names
 * it. So a database client above its HTTP client is one call of the database. The client spans below a span that sends a
 * message carry the message and are no calls.
 */
export class ExitSpans {
  /** Pairs of a sending span and a span above it from which receivers may know the message. */
  readonly aliases = new RowList()
  /** Whether a span of the trace takes a message from a queue or topic. */
  hasReceivers = false
  private spans!: SpanTable
  private peers!: PeerColumns
  private tree!: ServiceTree
  private exit = new Uint8Array(64)
  private action = new Uint8Array(64)
  /** The nearest exit span above, in the same request. */
  private outer = new Int32Array(64)
  /** For an exit span the nearest one above that says more about its peer. */
  private better = new Int32Array(64)
  /** The nearest exit span at or above a row, in the same request; `unknown` until it is searched. */
  private nearest = new Int32Array(64)
  private measured = new Int32Array(64)
  /** 1 if a span of the callee is below the exit span, with no other exit span between. */
  private answeredItself = new Uint8Array(64)
  private related = new Uint8Array(64)
  /** 1 if the span carries the message that an exit span above it sends. */
  private transport = new Uint8Array(64)
  private readonly path: number[] = []
  /** Rows of the spans that may have created messages, by span id; made when a batch needs it. */
  private creators: Map<string, number> | undefined

  build(spans: SpanTable, peers: PeerColumns, tree: ServiceTree): void {
    this.spans = spans
    this.peers = peers
    this.tree = tree
    this.reserve(spans.length)
    this.aliases.clear()
    let mayNest = false
    let mayBeBatch = false
    for (let row = 0; row < spans.length; row++) this.classify(row)
    for (let row = 0; row < spans.length; row++) {
      if (this.exit[row] === Exit.none) continue
      const outer = this.findOuter(row)
      this.outer[row] = outer
      mayNest ||= outer !== none
      mayBeBatch ||= this.isSender(row) && peers.hasLink(row)
    }
    if (mayNest) for (let row = 0; row < spans.length; row++) if (this.outer[row] !== none) this.relate(row)
    if (mayBeBatch) this.joinBatches()
  }

  /** Joins the spans that send a batch with the spans of this trace that created its messages. */
  private joinBatches(): void {
    for (let row = 0; row < this.spans.length; row++) {
      if (this.exit[row] === Exit.call && this.isSender(row) && this.peers.hasLink(row)) this.joinBatch(row)
    }
  }

  /** Returns whether a span leaves its service. */
  isExit(row: number): boolean {
    return this.exit[row] !== Exit.none
  }

  /** Returns whether an exit span is a call, or sends a message. */
  isCall(row: number): boolean {
    return this.exit[row] === Exit.call && this.transport[row] === 0
  }

  /** Returns what a span does with messages, a `MessageAction`. */
  actionOf(row: number): number {
    return this.action[row]!
  }

  /** Returns whether a span takes a message from a queue or topic. */
  isReceiver(row: number): boolean {
    return isReceiving(this.action[row]!)
  }

  /** Returns whether a span brings a message to a queue or topic. */
  isSender(row: number): boolean {
    return isSending(this.action[row]!)
  }

  /** Returns the row that names the peer of a span: the span itself, or an exit span above that says more. */
  namerOf(row: number): number {
    if (this.exit[row] === Exit.none) return row
    const better = this.better[row]!
    if (better === none) return row
    const { role } = this.peers
    const isOpen = role[row] === PeerRole.none || role[row] === PeerRole.external
    return isOpen || role[row] === role[better] ? better : row
  }

  /** Returns the row whose duration is that of sending a message: the batch of a created message, or the row itself. */
  measuredBy(row: number): number {
    return this.measured[row] === none ? row : this.measured[row]!
  }

  /** Marks the nearest exit span at or above `row`: a span of its callee was found below it. */
  markAnswered(row: number): void {
    const nearest = this.nearestFrom(row)
    if (nearest !== none) this.answeredItself[nearest] = 1
  }

  /** Returns whether a call without an answer belongs to a span above it that was answered. */
  isPartOfAnswered(row: number): boolean {
    const outer = this.outer[row]!
    if (outer === none || this.answeredItself[outer] === 0) return false
    const { name } = this.peers
    return name[row] === 0 || name[row] === name[outer]
  }

  private reserve(rows: number): void {
    if (rows > this.exit.length) {
      const capacity = scratchCapacity(rows)
      this.exit = new Uint8Array(capacity)
      this.action = new Uint8Array(capacity)
      this.answeredItself = new Uint8Array(capacity)
      this.related = new Uint8Array(capacity)
      this.transport = new Uint8Array(capacity)
      this.outer = new Int32Array(capacity)
      this.better = new Int32Array(capacity)
      this.nearest = new Int32Array(capacity)
      this.measured = new Int32Array(capacity)
    }
    this.creators = undefined
    this.hasReceivers = false
  }

  /** Sets all columns of a row. */
  private classify(row: number): void {
    const { spans, peers, tree } = this
    const kind = spans.kind[row]!
    const action = this.actionOfSpan(row, kind)
    this.action[row] = action
    this.outer[row] = this.better[row] = this.measured[row] = none
    this.nearest[row] = unknown
    this.answeredItself[row] = this.related[row] = this.transport[row] = 0
    if (isReceiving(action)) this.hasReceivers = true
    const isClient = kind === SpanKind.client || kind === SpanKind.producer
    const isServed = kind === SpanKind.server || kind === SpanKind.consumer
    const leaves = isClient
      ? !isReceiving(action) && action !== MessageAction.settle
      : !isServed && peers.name[row] !== 0
    const isCounted = tree.parent[row] !== ParentState.duplicate && tree.ownerOf(row) >= 0
    this.exit[row] = leaves && isCounted ? Exit.call : Exit.none
  }

  /** Returns the action of a span, `settle` also for a poll that brought nothing. */
  private actionOfSpan(row: number, kind: number): number {
    const { peers } = this
    const action = peers.action[row]!
    if (action === MessageAction.receive && peers.messages[row] === 0 && !peers.hasLink(row)) {
      return MessageAction.settle
    }
    if (action !== MessageAction.none) return action
    if (kind === SpanKind.producer) return MessageAction.send
    return kind === SpanKind.consumer ? MessageAction.process : action
  }

  private findOuter(row: number): number {
    const above = this.within(row)
    return above === none ? none : this.nearestFrom(above)
  }

  /** Returns the parent of a row, if both work for one request. */
  private within(row: number): number {
    const { tree, spans } = this
    const above = tree.parent[row]!
    if (above < 0 || tree.serviceOf(above) !== tree.serviceOf(row)) return none
    const kind = spans.kind[above]
    const isEntry = kind === SpanKind.server || kind === SpanKind.consumer || isReceiving(this.action[above]!)
    return isEntry ? none : above
  }

  /** Returns the nearest exit span at or above a row, in the same request. Most are close, and need no notes. */
  private nearestFrom(row: number): number {
    let at = row
    for (let step = 0; step < 8; step++) {
      if (at === none || this.exit[at] !== Exit.none) return at
      at = this.within(at)
    }
    return this.searchFrom(row)
  }

  /** Does the same for any distance. It notes the result for each row on the way, so that a long chain is walked once. */
  private searchFrom(row: number): number {
    const { nearest, path } = this
    path.length = 0
    let at = row
    while (at !== none && nearest[at] === unknown && this.exit[at] === Exit.none) {
      path.push(at)
      at = this.within(at)
    }
    const found = at === none ? none : this.exit[at] === Exit.none ? nearest[at]! : at
    for (const below of path) nearest[below] = found
    return found
  }

  /** Relates an exit span to the one above it, after that has been related to the one above itself. */
  private relate(row: number): void {
    const { path, outer, related } = this
    path.length = 0
    for (let at = row; outer[at] !== none && related[at] === 0; at = outer[at]!) {
      related[at] = 1
      path.push(at)
    }
    while (path.length > 0) this.relateToOuter(path.pop()!)
  }

  private relateToOuter(row: number): void {
    const { peers, exit } = this
    const above = this.outer[row]!
    const isCarried = this.isSender(above) || this.transport[above] === 1
    const isOpen = peers.role[row] === PeerRole.none || peers.role[row] === PeerRole.external
    if (isCarried && isOpen && !this.isSender(row)) this.transport[row] = 1
    else if (!this.isSender(above) || this.isSender(row)) {
      exit[above] = Exit.outer
      if (this.isSender(above)) this.joinSenders(row, above)
    }
    let better = above
    while (better !== none && peers.rank[better]! <= peers.rank[row]!) better = this.better[better]!
    this.better[row] = better
  }

  /** Joins two spans that send one message. A created message takes the time of the span that sends it. */
  private joinSenders(row: number, above: number): void {
    this.aliases.push(row)
    this.aliases.push(above)
    const { action } = this
    if (action[row] === MessageAction.create && action[above] === MessageAction.send)
      this.measured[row] = above
  }

  /** Joins a span that sends a batch with the spans of this trace that created its messages: they are the messages. */
  private joinBatch(row: number): void {
    const { spans, peers, tree } = this
    const creators = this.creatorsById()
    for (const link of peers.linksOf(row)) {
      if (!spans.traceId.every((word, at) => word === link[at])) continue
      const created = creators.get(`${link[4]} ${link[5]}`)
      if (created === undefined || created === row || tree.serviceOf(created) !== tree.serviceOf(row))
        continue
      this.measured[created] = row
      this.exit[row] = Exit.outer
    }
  }

  private creatorsById(): Map<string, number> {
    if (this.creators) return this.creators
    const { spanIdHi, spanIdLo, length } = this.spans
    this.creators = new Map()
    for (let row = 0; row < length; row++) {
      if (!this.isCreated(row)) continue
      const id = `${spanIdHi[row]} ${spanIdLo[row]}`
      const known = this.creators.get(id)
      if (known === undefined || this.spans.kind[row]! > this.spans.kind[known]!) this.creators.set(id, row)
    }
    return this.creators
  }

  private isCreated(row: number): boolean {
    return this.exit[row] === Exit.call && this.isSender(row) && !this.peers.hasLink(row)
  }
}
