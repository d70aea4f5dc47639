import { fillStart } from '../columns/grow.ts'
import { compareSpans, SpanKind, type SpanTable } from '../spans/span-table.ts'
import type { ExitSpans } from './exit-spans.ts'
import type { ServiceTree } from './service-tree.ts'

/**
 * Finds requests that two instrumentations recorded, such as an SDK and an eBPF agent. Their two server spans belong to
 * one service and have one client span as parent, and one is within the time of the other. The longer one is the request.
 */
export class DoubledServers {
  private readonly rows = new Set<number>()
  private first = new Int32Array(64)

  build(spans: SpanTable, tree: ServiceTree, exits: ExitSpans): void {
    if (this.rows.size > 0) this.rows.clear()
    if (this.first.length < spans.length) this.first = new Int32Array(spans.length * 2)
    fillStart(this.first, -1, spans.length)
    let groups: Map<number, number[]> | undefined
    for (let row = 0; row < spans.length; row++) {
      if (spans.kind[row] !== SpanKind.server || spans.service[row] === 0) continue
      const client = tree.parent[row]!
      if (client < 0 || !exits.isExit(client)) continue
      if (this.first[client] === -1) this.first[client] = row
      else {
        groups ??= new Map()
        const group = groups.get(client)
        if (group) group.push(row)
        else groups.set(client, [this.first[client]!, row])
      }
    }
    if (groups) for (const group of groups.values()) this.compare(spans, group)
  }

  /** Returns whether another span is the request that this server span recorded as well. */
  has(row: number): boolean {
    return this.rows.size > 0 && this.rows.has(row)
  }

  private compare(spans: SpanTable, group: number[]): void {
    const { startHi, startLo, durationNs, service } = spans
    group.sort(
      (a, b) =>
        startHi[a]! - startHi[b]! ||
        startLo[a]! - startLo[b]! ||
        durationNs[b]! - durationNs[a]! ||
        compareSpans(spans, a, b),
    )
    /** The last span of each service that no other one holds. As they are sorted, only it can hold the next one. */
    const outer = new Map<number, number>()
    for (const row of group) {
      const held = outer.get(service[row]!)
      if (held !== undefined && isWithin(spans, row, held)) this.rows.add(row)
      else outer.set(service[row]!, row)
    }
  }
}

/** Returns whether `row`, which does not start before `outer`, ends before it. */
function isWithin({ startHi, startLo, durationNs }: SpanTable, row: number, outer: number): boolean {
  const laterNs = (startHi[row]! - startHi[outer]!) * 2 ** 32 + (startLo[row]! - startLo[outer]!)
  return laterNs + durationNs[row]! < durationNs[outer]!
}
