import { scratchCapacity } from '../columns/grow.ts'
import { SpanKind, type SpanTable } from '../spans/span-table.ts'
import { ParentState, type TraceTree } from '../trace/trace-tree.ts'

/**
 * The spans of one trace as the service level sees them. A span without a service is transparent: its children belong
 * to the nearest span above that has one. No member of a cycle has a caller. One instance serves all traces.
 */
export class ServiceTree {
  /** Row of the parent, or a `ParentState`; all members of a cycle have `ParentState.cycle`. */
  parent = new Int32Array(64)
  /** 1 if the callee of a span sent spans itself. */
  answered = new Uint8Array(64)
  /** The row itself if it has a service, else the nearest row above that has one, else a `ParentState`. */
  private owners = new Int32Array(64)
  /** The row that started the work a row belongs to, -1 if not determined yet. */
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

  /** Returns the row itself if it has a service, else the nearest row above that has one, else a `ParentState`. */
  ownerOf(row: number): number {
    return row < 0 ? row : this.owners[row]!
  }

  /** Returns the service that a span works for: that of its owner, 0 without an owner. */
  serviceOf(row: number): number {
    const owner = this.ownerOf(row)
    return owner < 0 ? 0 : this.services[owner]!
  }

  /**
   * Returns the row of the request that a span works for: the nearest server or consumer span of its service. Without
   * one it is the topmost connected span of the service. The span must have an owner.
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

  /** Marks the spans above `row` that belong to the service of its parent: their callee sent spans. */
  markAnswered(row: number): void {
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

  /** Detaches all members of each cycle, because none of their parents can be trusted. */
  private detachCycles({ parent, cuts }: TraceTree): void {
    for (let cut = 0; cut < cuts.length; cut += 2) {
      const end = cuts.rows[cut]!
      for (let row = cuts.rows[cut + 1]!; row !== end; row = parent[row]!)
        this.parent[row] = ParentState.cycle
    }
  }

  /** Sets the owner of all rows on the way up, so that a long chain is walked once. */
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
