import type { PairIndex } from '../columns/hash-index.ts'
import type { StringTable } from '../columns/string-table.ts'
import { roleOfCode } from '../spans/node-code.ts'
import { PeerRole } from '../spans/peer-columns.ts'
import type { CallObserver } from '../totals/call-observer.ts'
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
  readonly ways: MessagePath[] = []

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
    this.ways.push({ message, sender, broker })
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
