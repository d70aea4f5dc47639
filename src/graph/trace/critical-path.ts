import { fillStart, scratchCapacity } from '../columns/grow.ts'
import { RowHeap } from '../columns/row-lists.ts'
import { compareSpans, SpanKind, type SpanTable } from '../spans/span-table.ts'
import { ParentState, type TraceTree } from './trace-tree.ts'

/** Under a root no longer than this, 52 days, every step of the arithmetic is exact in a double. */
const exactNs = 2 ** 52
/** Under a longer root times are rounded to this many ns, so that 2^64 ns are 2^53 units. */
const coarseNs = 2048

/**
 * Computes the critical path of a trace: the spans that it waited for, and how long for each. The time of a root is
 * divided among the spans on its path.
 *
 * The path is found backwards from a root's end, as in Jaeger UI and CRISP (USENIX ATC '22). It enters the child that
 * ends last; among several, the one that starts later, then the one with the lower span id. It continues at that child's
 * start with the child that ends last at or before it, and so on. The time between such children is the span's own. The
 * same rule applies inside each child. Only the part of a child within its parent counts, so clock skew does no harm. If
 * two children overlap, the trace waited for the later one only.
 *
 * A consumer under its producer is not on the path, nor is anything below it: the producer did not wait. Orphans and
 * cut cycles have no path, because what waited for them is unknown. If a root arrived too, their time is part of its
 * time. A trace with several roots has several paths.
 *
 * One instance serves all traces; `measure` replaces the previous trace. The result depends on the fields of the spans,
 * never on their order. It takes n log n steps for n children of a span, and no recursion.
 */
export class CriticalPath {
  /**
   * Time on the path, ns, for each row of the table; 0 for rows off the path. The rows under a root add up exactly to
   * the root's duration, for any input.
   */
  exclusiveNs = new Float64Array(64)
  /** The rows on a path, parents first; only the first `length` are valid. All of them are longer than 0. */
  path = new Int32Array(64)
  length = 0
  /** For rows on a path: start and end, ns after the root's start, clipped to the parent. */
  fromNs = new Float64Array(64)
  toNs = new Float64Array(64)

  /** The children of each row as an unordered list; -1 is its end. */
  private firstChild = new Int32Array(64)
  private nextSibling = new Int32Array(64)
  private readonly latestFirst = new RowHeap((a, b) => this.precedes(a, b))

  /** Breaks the last ties. */
  private spans: SpanTable | undefined

  /** Computes the paths of all roots. `tree` must have been built from `spans`. */
  measure(spans: SpanTable, tree: TraceTree): void {
    this.spans = spans
    this.length = 0
    this.reserve(spans.length)
    this.linkChildren(spans, tree)
    for (let row = 0; row < spans.length; row++) {
      if (tree.parent[row] === ParentState.root) this.measureRoot(spans, row)
    }
  }

  /** Moves the time of spans without a service to the nearest span above that has one, if there is one. */
  moveTimeToServices(spans: SpanTable, tree: TraceTree): void {
    const { exclusiveNs } = this
    for (let at = this.length - 1; at >= 0; at--) {
      const row = this.path[at]!
      const parent = tree.parent[row]!
      if (spans.service[row] !== 0 || parent < 0) continue
      exclusiveNs[parent]! += exclusiveNs[row]!
      exclusiveNs[row] = 0
    }
  }

  private reserve(rows: number): void {
    if (rows > this.path.length) {
      const capacity = scratchCapacity(rows)
      this.exclusiveNs = new Float64Array(capacity)
      this.fromNs = new Float64Array(capacity)
      this.toNs = new Float64Array(capacity)
      this.path = new Int32Array(capacity)
      this.firstChild = new Int32Array(capacity)
      this.nextSibling = new Int32Array(capacity)
    }
    fillStart(this.exclusiveNs, 0, rows)
    fillStart(this.firstChild, -1, rows)
  }

  /** Duplicates have no parent row, so they are not linked. */
  private linkChildren(spans: SpanTable, tree: TraceTree): void {
    for (let row = 0; row < spans.length; row++) {
      const parent = tree.parent[row]!
      if (parent < 0) continue
      if (spans.kind[row] === SpanKind.consumer && spans.kind[parent] === SpanKind.producer) continue
      this.nextSibling[row] = this.firstChild[parent]!
      this.firstChild[parent] = row
    }
  }

  /**
   * A child on the path ends at or before the cursor, so all of it is on the path. The path inside it depends on nothing
   * outside, and rows can be processed in the order in which they are found.
   */
  private measureRoot(spans: SpanTable, root: number): void {
    const durationNs = spans.durationNs[root]!
    if (durationNs <= 0) return
    this.fromNs[root] = 0
    this.toNs[root] = durationNs
    let next = this.length
    this.path[this.length++] = root
    while (next < this.length) {
      const row = this.path[next++]!
      if (this.firstChild[row]! < 0) this.exclusiveNs[row] = this.toNs[row]! - this.fromNs[row]!
      else {
        this.collectChildren(spans, root, row)
        this.takeChildren(row)
      }
    }
  }

  /** Puts the children of `row` into the heap, clipped to its time. Children outside it are left out. */
  private collectChildren(spans: SpanTable, root: number, row: number): void {
    const parentFromNs = this.fromNs[row]!
    const parentToNs = this.toNs[row]!
    const isExact = spans.durationNs[root]! <= exactNs
    for (let child = this.firstChild[row]!; child >= 0; child = this.nextSibling[child]!) {
      // Large terms first: a time within an exact root loses no digit, however far off the other end is.
      const hiNs = (spans.startHi[child]! - spans.startHi[root]!) * 4294967296
      const loNs = spans.startLo[child]! - spans.startLo[root]!
      const startNs = hiNs + loNs
      const endNs = hiNs + spans.durationNs[child]! + loNs
      const fromNs = Math.max(parentFromNs, isExact ? startNs : coarse(startNs))
      const toNs = Math.min(parentToNs, isExact ? endNs : coarse(endNs))
      if (fromNs >= toNs) continue
      this.fromNs[child] = fromNs
      this.toNs[child] = toNs
      this.latestFirst.push(child)
    }
  }

  private takeChildren(row: number): void {
    const fromNs = this.fromNs[row]!
    let cursorNs = this.toNs[row]!
    let ownNs = cursorNs - fromNs
    while (this.latestFirst.size > 0 && cursorNs > fromNs) {
      const child = this.latestFirst.pop()
      const childToNs = this.toNs[child]!
      if (childToNs > cursorNs) continue
      cursorNs = this.fromNs[child]!
      ownNs -= childToNs - cursorNs
      this.path[this.length++] = child
    }
    this.latestFirst.clear()
    this.exclusiveNs[row] = ownNs
  }

  private precedes(a: number, b: number): boolean {
    const byTime = this.toNs[b]! - this.toNs[a]! || this.fromNs[b]! - this.fromNs[a]!
    if (byTime !== 0) return byTime < 0
    const spans = this.spans!
    const byIdentity =
      spans.spanIdHi[a]! - spans.spanIdHi[b]! ||
      spans.spanIdLo[a]! - spans.spanIdLo[b]! ||
      spans.kind[a]! - spans.kind[b]!
    // Two servers with one shared id differ only in their other fields.
    return (byIdentity || compareSpans(spans, a, b)) < 0
  }
}

const coarse = (ns: number) => Math.round(ns / coarseNs) * coarseNs
