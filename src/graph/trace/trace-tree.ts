import { fillStart, scratchCapacity } from '../columns/grow.ts'
import { HashSlots } from '../columns/hash-index.ts'
import { hashPair } from '../columns/hashing.ts'
import { RowList } from '../columns/row-lists.ts'
import { compareIdentities, compareSpans, SpanKind, type SpanTable } from '../spans/span-table.ts'
import { canBeOneSpan, comparePieces, SpanPieces } from './span-pieces.ts'

/** Values of `TraceTree.parent` that are not a row. */
export const ParentState = {
  /** The span names no parent. */
  root: -1,
  /** The span's parent is not among the spans. */
  orphan: -2,
  /** The span's ancestors lead back to itself, and the cycle was cut here. */
  cycle: -3,
  /** The span is not counted: it repeats another one, or is excluded. */
  duplicate: -4,
} as const

/**
 * The spans of one trace as a tree: for each row the row of its parent.
 *
 * One instance serves all traces; `build` replaces the previous trace. The result depends on the fields of the spans,
 * never on their order.
 *
 * The identity of a span is its id and kind: a client and the server it calls may share an id (Zipkin's shared spans). If several servers share an id, their own addresses are part of the identity. A server that shares an
 * id is a child of the client with that id. A span that arrived in pieces is one row with the facts of all. A piece
 * without a kind belongs to a span of its id. If a parent id is shared, the parent is the server or consumer of the
 * child's own service, otherwise the client (openzipkin/zipkin internal/SpanNode.java).
 */
export class TraceTree {
  /** Row of the parent, or a `ParentState`. */
  parent = new Int32Array(64)
  duplicates = 0
  orphans = 0
  /** The cuts of cycles: pairs of the row that lost its parent, and the row that was its parent. */
  readonly cuts = new RowList()
  /** The duplicates, as pieces of the spans that they repeat. */
  readonly pieces = new SpanPieces()

  /** The first row of each span id. */
  private readonly slots = new HashSlots(256)
  /** The next row of the same span id, -1 at the end. Of a duplicate: a row of the span that it repeats. */
  private sameId = new Int32Array(64)
  /** Whether several distinct spans share an id. Other traces skip the search for them. */
  private sharesIds = false
  /** During the search for cycles: 0 unseen, else the number of the walk that saw the row. */
  private seen = new Int32Array(64)

  build(spans: SpanTable): void {
    this.duplicates = this.orphans = 0
    this.cuts.clear()
    this.pieces.clear()
    this.sharesIds = false
    this.reserve(spans.length)
    this.indexSpanIds(spans)
    if (this.sharesIds) this.joinKindless(spans)
    if (this.duplicates > 0) this.settlePieces(spans)
    this.pieces.unite(spans)
    for (let row = 0; row < spans.length; row++) {
      if (this.parent[row] === ParentState.duplicate) continue
      const parent = this.parentOf(spans, row)
      if (parent === ParentState.orphan) this.orphans++
      this.parent[row] = parent
    }
    this.cutCycles(spans)
    this.pieces.restore(spans)
  }

  private reserve(rows: number): void {
    if (rows > this.parent.length) {
      const capacity = scratchCapacity(rows)
      this.parent = new Int32Array(capacity)
      this.sameId = new Int32Array(capacity)
      this.seen = new Int32Array(capacity)
    }
    fillStart(this.parent, ParentState.root, rows)
    fillStart(this.sameId, -1, rows)
    this.slots.clear(rows)
  }

  private indexSpanIds(spans: SpanTable): void {
    for (let row = 0; row < spans.length; row++) {
      const slot = this.slotOf(spans, spans.spanIdHi[row]!, spans.spanIdLo[row]!)
      if (this.slots.keyAt(slot) < 0) this.slots.put(slot, row)
      else this.chain(spans, row, slot)
    }
  }

  /**
   * Adds `row` to the spans of its id and drops duplicates. Of two spans with one identity, the first in the order of
   * `comparePieces` is kept. Spans of one id are sorted by kind, so that the order of rows does not matter.
   */
  private chain(spans: SpanTable, row: number, slot: number): void {
    let before = -1
    let other = this.slots.keyAt(slot)
    while (other >= 0 && compareIdentities(spans, other, row) < 0) {
      before = other
      other = this.sameId[other]!
    }
    if (other >= 0 && compareIdentities(spans, other, row) === 0) {
      if (comparePieces(spans, other, row) <= 0) {
        this.drop(row, other)
        return
      }
      const next = this.sameId[other]!
      this.drop(other, row)
      other = next
    }
    if (before >= 0 || other >= 0) this.sharesIds = true
    this.sameId[row] = other
    if (before < 0) this.slots.put(slot, row)
    else this.sameId[before] = row
  }

  /** Makes a row a duplicate of another one, which may become a duplicate later. */
  private drop(row: number, kept: number): void {
    this.duplicates++
    this.parent[row] = ParentState.duplicate
    this.sameId[row] = kept
    this.pieces.add(row)
  }

  /** Makes spans without a kind pieces of spans of their id that have one. */
  private joinKindless(spans: SpanTable): void {
    for (let row = 0; row < spans.length; row++) {
      if (spans.kind[row] !== SpanKind.unspecified || this.parent[row] === ParentState.duplicate) continue
      const kept = this.withKindOf(spans, row)
      if (kept < 0) continue
      const slot = this.slotOf(spans, spans.spanIdHi[row]!, spans.spanIdLo[row]!)
      const next = this.sameId[row]!
      let before = this.slots.keyAt(slot)
      if (before === row) this.slots.put(slot, next)
      else {
        while (this.sameId[before] !== row) before = this.sameId[before]!
        this.sameId[before] = next
      }
      this.drop(row, kept)
    }
  }

  /** Returns the span of this row's id that has a kind and may be the same span, -1 without one: by service, then by kind. */
  private withKindOf(spans: SpanTable, row: number): number {
    let found = -1
    // Spans without a kind come first.
    for (let other = this.sameId[row]!; other >= 0; other = this.sameId[other]!) {
      if (spans.kind[other] === SpanKind.unspecified || !canBeOneSpan(spans, row, other)) continue
      if (spans.service[other] === spans.service[row]) return other
      if (found < 0) found = other
    }
    return found
  }

  /** Finds the span of each piece. */
  private settlePieces(spans: SpanTable): void {
    const { parent, sameId } = this
    for (let row = 0; row < spans.length; row++) {
      if (parent[row] !== ParentState.duplicate) continue
      while (parent[sameId[row]!] === ParentState.duplicate) sameId[row] = sameId[sameId[row]!]!
    }
    this.pieces.settle(spans, sameId)
  }

  private parentOf(spans: SpanTable, row: number): number {
    const client = this.sharedClientOf(spans, row)
    if (client >= 0) return client
    let hi = spans.parentIdHi[row]!
    let lo = spans.parentIdLo[row]!
    if (hi === 0 && lo === 0) {
      // Of two spans that share an id, only one may have kept the parent id.
      const sharing = this.sameIdWithParent(spans, row)
      if (sharing < 0) return ParentState.root
      hi = spans.parentIdHi[sharing]!
      lo = spans.parentIdLo[sharing]!
    }
    if (hi === spans.spanIdHi[row] && lo === spans.spanIdLo[row]) return row
    const first = this.firstOf(spans, hi, lo)
    if (first < 0) return ParentState.orphan
    let best = first
    for (let other = this.sameId[first]!; other >= 0; other = this.sameId[other]!) {
      if (parentRank(spans, row, other) < parentRank(spans, row, best)) best = other
    }
    return best
  }

  /** Returns the row of the client or producer whose span id a server or consumer shares, or -1. */
  private sharedClientOf(spans: SpanTable, row: number): number {
    if (!this.sharesIds || !isReceiver(spans.kind[row]!)) return -1
    let other = this.firstOf(spans, spans.spanIdHi[row]!, spans.spanIdLo[row]!)
    for (; other >= 0; other = this.sameId[other]!) if (isSender(spans.kind[other]!)) return other
    return -1
  }

  /** Returns a row that shares the id of `row` and has a different parent id, or -1. */
  private sameIdWithParent(spans: SpanTable, row: number): number {
    if (!this.sharesIds) return -1
    const ownHi = spans.spanIdHi[row]!
    const ownLo = spans.spanIdLo[row]!
    for (let other = this.firstOf(spans, ownHi, ownLo); other >= 0; other = this.sameId[other]!) {
      const hi = spans.parentIdHi[other]!
      const lo = spans.parentIdLo[other]!
      const isRoot = hi === 0 && lo === 0
      if (!isRoot && (hi !== ownHi || lo !== ownLo)) return other
    }
    return -1
  }

  /** Cuts each cycle: its first member in the order of `compareSpans` loses its parent. */
  private cutCycles(spans: SpanTable): void {
    fillStart(this.seen, 0, spans.length)
    for (let start = 0; start < spans.length; start++) {
      const walk = start + 1
      let row = start
      while (row >= 0 && this.seen[row] === 0) {
        this.seen[row] = walk
        row = this.parent[row]!
      }
      if (row < 0 || this.seen[row] !== walk) continue
      let first = row
      for (let member = this.parent[row]!; member !== row; member = this.parent[member]!) {
        if (compareSpans(spans, member, first) < 0) first = member
      }
      this.cuts.push(first)
      this.cuts.push(this.parent[first]!)
      this.parent[first] = ParentState.cycle
    }
  }

  /** Returns the first row of the spans with this id, or -1. */
  private firstOf(spans: SpanTable, hi: number, lo: number): number {
    return this.slots.keyAt(this.slotOf(spans, hi, lo))
  }

  private slotOf(spans: SpanTable, hi: number, lo: number): number {
    const { slots, mask } = this.slots
    for (let slot = hashPair(hi, lo) & mask; ; slot = (slot + 1) & mask) {
      const row = slots[slot]! - 1
      if (row < 0 || (spans.spanIdLo[row] === lo && spans.spanIdHi[row] === hi)) return slot
    }
  }
}

const isSender = (kind: number) => kind === SpanKind.client || kind === SpanKind.producer
const isReceiver = (kind: number) => kind === SpanKind.server || kind === SpanKind.consumer

/** Ranks the spans with the id that `row` names as its parent. The one with the lowest rank is the parent. */
function parentRank(spans: SpanTable, row: number, candidate: number): number {
  const kind = spans.kind[candidate]!
  if (isReceiver(kind) && spans.service[candidate] === spans.service[row]) return 0
  return isSender(kind) ? 1 : 2
}
