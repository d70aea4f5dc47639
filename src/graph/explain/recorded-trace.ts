import type { PairIndex } from '../columns/hash-index.ts'
import type { StringTable } from '../columns/string-table.ts'
import { ServiceTree } from '../services/service-tree.ts'
import { shownSpanName, titleOf } from '../spans/node-name.ts'
import { roleOfCode } from '../spans/peer-codes.ts'
import { PeerRole } from '../spans/peer-columns.ts'
import type { SpanTable } from '../spans/span-table.ts'
import type { CallObserver } from '../totals/call-totals.ts'
import type { LeftOutSpans } from '../trace/left-out-spans.ts'
import { ParentState, TraceTree } from '../trace/trace-tree.ts'
import type { NodeMatch } from './node-key.ts'

/** The nodes on the way of a received message. */
export interface MessagePath {
  message: number
  /** -1 if unknown. */
  sender: number
  brokers: number[]
}

/** Records how a builder counts one trace after another. */
export class RecordedCalls implements CallObserver {
  readonly calls: { row: number; caller: number; callee: number }[] = []
  /** Client spans that were not counted as calls. */
  readonly clients: { row: number; answered: boolean }[] = []
  /** Received and sent messages whose way is found when the graph is read. */
  readonly received: { row: number; message: number }[] = []
  readonly sent: { row: number; message: number }[] = []
  /** Complete when the graph has been read. */
  readonly messagePaths: MessagePath[] = []
  /** Brokers of sent messages. Complete when the graph has been read. */
  readonly publications: { message: number; broker: number }[] = []

  private readonly strings: StringTable
  private readonly level: 'operation' | 'service'
  private nodes!: PairIndex

  constructor(strings: StringTable, level: 'operation' | 'service') {
    this.strings = strings
    this.level = level
  }

  /** Starts the next trace. */
  start(): void {
    this.calls.length = this.clients.length = this.received.length = this.sent.length = 0
  }

  observe(nodes: PairIndex): void {
    this.nodes = nodes
  }

  call(caller: number, callee: number, row: number): void {
    this.calls.push({ row, caller, callee })
  }

  noCall(row: number, answered: boolean): void {
    this.clients.push({ row, answered })
  }

  awaitSender(row: number, message: number): void {
    this.received.push({ row, message })
  }

  awaitReceivers(row: number, message: number): void {
    this.sent.push({ row, message })
  }

  sentBy(message: number, sender: number, brokers: number[]): void {
    this.messagePaths.push({ message, sender, brokers })
  }

  sentTo(message: number, broker: number): void {
    this.publications.push({ message, broker })
  }

  /** Returns whether a node of the totals belongs to the node that `match` describes. */
  isOf(match: NodeMatch, node: number): boolean {
    return match.hasPair(this.nodes.first[node]!, this.nodes.second[node]!)
  }

  isBroker(node: number): boolean {
    return this.level === 'service' && roleOfCode(this.nodes.second[node]!) === PeerRole.messaging
  }

  /** Returns `service/span name`, or the name alone at the service level; '' for -1. */
  nameOf(node: number): string {
    if (node < 0) return ''
    const title = titleOf(this.strings.text(this.nodes.first[node]!))
    return this.level === 'service'
      ? title
      : `${title}/${shownSpanName(this.strings.text(this.nodes.second[node]!))}`
  }
}

/** The rows above each row of one trace, as a level sees them. One instance serves all traces. */
export class CallPaths {
  /** Row of the parent, or a `ParentState`. */
  parent = new Int32Array(64)
  private readonly tree = new TraceTree()
  private readonly services: ServiceTree | undefined
  private spans!: SpanTable
  private leftOut: LeftOutSpans | undefined
  /** Row + 2 of the nearest marked row above each row; 1 without such a row, 0 if not known yet. */
  private nearest = new Int32Array(64)
  private readonly path: number[] = []

  constructor(level: 'operation' | 'service') {
    this.services = level === 'service' ? new ServiceTree() : undefined
  }

  /** Unites pieces of spans until `restore` is called. @param leftOut leaves out what the graph leaves out */
  build(spans: SpanTable, leftOut?: LeftOutSpans): void {
    this.spans = spans
    this.leftOut = leftOut
    this.tree.build(spans)
    this.tree.pieces.unite(spans)
    leftOut?.leaveOut(spans, this.tree)
    this.services?.build(spans, this.tree)
    this.parent = this.services?.parent ?? this.tree.parent
    if (this.nearest.length < spans.length) this.nearest = new Int32Array(spans.length * 2)
    this.nearest.fill(0, 0, spans.length)
  }

  /** Gives the spans their own facts back. */
  restore(): void {
    this.leftOut?.restore(this.spans)
    this.tree.pieces.restore(this.spans)
  }

  /** Whether a span is not counted: it repeats another one, or is excluded. */
  isDuplicate(row: number): boolean {
    return this.tree.parent[row] === ParentState.duplicate
  }

  /** Returns the nearest row above that has a service, or a `ParentState`. */
  callerOf(row: number): number {
    return this.ownerOf(this.parent[row]!)
  }

  /** Returns the row itself if it has a service, else the nearest row above that has one, or a `ParentState`. */
  ownerOf(row: number): number {
    let at = row
    while (at >= 0 && this.spans.service[at] === 0) at = this.parent[at]!
    return at
  }

  /** Returns the nearest row above `row` that `isMarked`, or -1. `isMarked` must be the same for the whole trace. */
  nearestAbove(row: number, isMarked: (row: number) => boolean): number {
    const { parent, nearest, path } = this
    path.length = 0
    let at = row
    while (nearest[at] === 0) {
      path.push(at)
      const above = parent[at]!
      if (above < 0) {
        nearest[at] = 1
        break
      }
      if (isMarked(above)) {
        nearest[at] = above + 2
        break
      }
      at = above
    }
    for (const below of path) nearest[below] = nearest[at]!
    return nearest[row]! - 2
  }
}
