import { scratchCapacity } from '../columns/grow.ts'
import { SpanKind, type SpanTable } from '../spans/span-table.ts'
import { ParentState, type TraceTree } from '../trace/trace-tree.ts'

/**
 * The spans of one trace as the service level sees them: a span without a service is transparent, and nobody in a
 * cycle has a caller. One instance serves all traces.
 */
export class ServiceTree {
  /** Row of the parent as sent, or one of `Top`; the members of a cycle have none. */
  parent = new Int32Array(64)
  /** 1 where a span's callee is known by its own spans. */
  answered = new Uint8Array(64)
  /** The nearest row that has a service, the row itself or one above it; else one of `Top`. */
  private owners = new Int32Array(64)
  /** The row that began the work a row belongs to, -1 where nobody asked yet. */
  private requests = new Int32Array(64)
  private services = new Int32Array(64)
  private kinds = new Uint8Array(64)

  build(spans: SpanTable, tree: TraceTree): void {
    this.reserve(spans.length)
    this.parent.set(tree.parent.subarray(0, spans.length))
    this.detachCycles(tree)
    this.services = spans.service
    this.kinds = spans.kind
    for (let row = 0; row < spans.length; row++) {
      this.owners[row] =
        this.parent[row] !== ParentState.duplicate && this.services[row] !== 0 ? row : this.parent[row]!
    }
    for (let row = 0; row < spans.length; row++) this.findOwner(row)
  }

  /** The nearest row that has a service, the row itself or one above it; else one of `Top`. */
  ownerOf(row: number): number {
    return row < 0 ? row : this.owners[row]!
  }

  /** Whose work a span is: the service of its owner, 0 where it has none. */
  serviceOf(row: number): number {
    const owner = this.ownerOf(row)
    return owner < 0 ? 0 : this.services[owner]!
  }

  /**
   * The request that a span with a service, or below one, works for: the nearest server or consumer of the service, or
   * else the topmost of its spans that hang together.
   */
  requestOf(row: number): number {
    const { parent, requests } = this
    let top = this.ownerOf(row)
    while (requests[top]! < 0 && !this.isRequest(top)) top = this.ownerOf(parent[top]!)
    const request = requests[top]! < 0 ? top : requests[top]!
    for (let at = this.ownerOf(row); at !== top; at = this.ownerOf(parent[at]!)) requests[at] = request
    requests[top] = request
    return request
  }

  /** Marks all spans above `row` that belong to the service of its parent: whom they called has answered. */
  answerAbove(row: number): void {
    const above = this.parent[row]!
    const service = this.serviceOf(above)
    for (let at = above; at >= 0 && this.answered[at] === 0; at = this.parent[at]!) {
      if (this.serviceOf(at) !== service) return
      this.answered[at] = 1
    }
  }

  private reserve(rows: number): void {
    if (rows > this.parent.length) {
      const capacity = scratchCapacity(rows)
      this.parent = new Int32Array(capacity)
      this.owners = new Int32Array(capacity)
      this.answered = new Uint8Array(capacity)
      this.requests = new Int32Array(capacity)
    }
    this.requests.fill(-1, 0, rows)
    this.answered.fill(0, 0, rows)
  }

  private isRequest(row: number): boolean {
    const { kinds, services } = this
    if (kinds[row] === SpanKind.server || kinds[row] === SpanKind.consumer) return true
    const above = this.ownerOf(this.parent[row]!)
    return above < 0 || services[above] !== services[row]
  }

  /** Of spans that call each other in a circle none can be believed. */
  private detachCycles({ parent, cuts }: TraceTree): void {
    for (let cut = 0; cut < cuts.length; cut += 2) {
      const end = cuts.rows[cut]!
      for (let row = cuts.rows[cut + 1]!; row !== end; row = parent[row]!)
        this.parent[row] = ParentState.cycle
    }
  }

  /** Shortens the way of all spans on it, so that a long chain is walked once. */
  private findOwner(start: number): void {
    const { owners, services } = this
    let owner = owners[start]!
    while (owner >= 0 && services[owner] === 0) owner = owners[owner]!
    for (let row = start; row >= 0 && row !== owner; ) {
      const next = owners[row]!
      owners[row] = owner
      row = next
    }
  }
}
