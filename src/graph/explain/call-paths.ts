import { ServiceTree } from '../services/service-tree.ts'
import type { SpanTable } from '../spans/span-table.ts'
import { ParentState, TraceTree } from '../trace/trace-tree.ts'

/** Who stands above whom in one trace, as a level sees it. One instance serves all traces. */
export class CallPaths {
  /** Row of the parent as sent, or one of `Top`. */
  parent = new Int32Array(64)
  private readonly tree = new TraceTree()
  private readonly services: ServiceTree | undefined
  private spans!: SpanTable
  /** Row + 2 of the nearest marked row above each row; 1 where there is none, 0 not known yet. */
  private nearest = new Int32Array(64)
  private readonly way: number[] = []

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
    const { parent, nearest, way } = this
    way.length = 0
    let at = row
    while (nearest[at] === 0) {
      way.push(at)
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
    for (const below of way) nearest[below] = nearest[at]!
    return nearest[row]! - 2
  }
}
