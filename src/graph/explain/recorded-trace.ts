import type { PairIndex } from '../columns/hash-index.ts'
import type { StringTable } from '../columns/string-table.ts'
import { ServiceTree } from '../services/service-tree.ts'
import { PeerRole } from '../spans/peer-columns.ts'
import { roleOfCode } from '../spans/peer-naming.ts'
import type { SpanTable } from '../spans/span-table.ts'
import type { CallObserver } from '../totals/call-totals.ts'
import { ParentState, TraceTree } from '../trace/trace-tree.ts'
import type { NodeMatch } from './node-key.ts'

/** Where a message came from: nodes, -1 where they are not known. */
export interface MessagePath {
  message: number
  sender: number
  broker: number
}

/** Writes down what a builder makes of one trace after the other. */
export class RecordedCalls implements CallObserver {
  readonly calls: { row: number; caller: number; callee: number }[] = []
  /** Clients that made no call by themselves. */
  readonly clients: { row: number; answered: boolean }[] = []
  readonly messages: { row: number; message: number }[] = []
  /** Known when the graph has been read. */
  readonly messagePaths: MessagePath[] = []

  private readonly strings: StringTable
  private readonly level: 'operation' | 'service'
  private nodes!: PairIndex

  constructor(strings: StringTable, level: 'operation' | 'service') {
    this.strings = strings
    this.level = level
  }

  /** Forgets the last trace. */
  start(): void {
    this.calls.length = this.clients.length = this.messages.length = 0
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
    this.messages.push({ row, message })
  }

  sentBy(message: number, sender: number, broker: number): void {
    this.messagePaths.push({ message, sender, broker })
  }

  isOf(match: NodeMatch, node: number): boolean {
    return match.hasPair(this.nodes.first[node]!, this.nodes.second[node]!)
  }

  isBroker(node: number): boolean {
    return this.level === 'service' && roleOfCode(this.nodes.second[node]!) === PeerRole.messaging
  }

  /** `service/span name`, at the service level the name alone; '' for no node. */
  nameOf(node: number): string {
    if (node < 0) return ''
    const title = this.strings.text(this.nodes.first[node]!)
    return this.level === 'service' ? title : `${title}/${this.strings.text(this.nodes.second[node]!)}`
  }
}

/** Who stands above whom in one trace, as a level sees it. One instance serves all traces. */
export class CallPaths {
  /** Row of the parent as sent, or one of `Top`. */
  parent = new Int32Array(64)
  private readonly tree = new TraceTree()
  private readonly services: ServiceTree | undefined
  private spans!: SpanTable
  /** Row + 2 of the nearest marked row above each row; 1 where there is none, 0 not known yet. */
  private nearest = new Int32Array(64)
  private readonly path: number[] = []

  constructor(level: 'operation' | 'service') {
    this.services = level === 'service' ? new ServiceTree() : undefined
  }

  build(spans: SpanTable): void {
    this.spans = spans
    this.tree.build(spans)
    this.services?.build(spans, this.tree)
    this.parent = this.services?.parent ?? this.tree.parent
    if (this.nearest.length < spans.length) this.nearest = new Int32Array(spans.length * 2)
    this.nearest.fill(0, 0, spans.length)
  }

  isDuplicate(row: number): boolean {
    return this.tree.parent[row] === ParentState.duplicate
  }

  /** The nearest row above that has a service, or one of `Top`. */
  callerOf(row: number): number {
    return this.ownerOf(this.parent[row]!)
  }

  /** The row itself if it has a service, else the nearest above that has one, or one of `Top`. */
  ownerOf(row: number): number {
    let at = row
    while (at >= 0 && this.spans.service[at] === 0) at = this.parent[at]!
    return at
  }

  /** The nearest row above `row` that `isMarked`, or -1; the same question must be asked for the whole trace. */
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
