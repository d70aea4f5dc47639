import { fillStart, scratchCapacity } from '../columns/grow.ts'
import { RowHeap } from '../columns/row-lists.ts'
import { compareSpans, SpanKind, type SpanTable } from '../spans/span-table.ts'
import { ParentState, type TraceTree } from './trace-tree.ts'

/** Within a root that lasts no longer, 52 days, every step of the arithmetic is exact in a double. */
const exactNs = 2 ** 52
/** What times are rounded to within a root that lasts longer: 2^64 ns then are 2^53 such grains. */
const coarseNs = 2048

/**
 * Which spans a trace waited for, and how long for each: the time of its root, shared out among the spans
 * that held it up.
 *
 * The rule, read backwards from a root's end (Jaeger UI's critical path, CRISP of USENIX ATC '22): the path
 * goes into the child that ends last (of several the one that starts later, then the lower span id), goes on
 * at that child's start with the child that ends last at or before it, and so on; what lies between such
 * children is the span's own. Inside each child the same. A child counts as far as it lies within its
 * parent, whatever its clock says. Of two children that overlap, the trace waited for the later one only.
 *
 * A consumer under its producer is off the path with all below it: the producer did not wait. Orphans and
 * cut cycles have none: what waited for them is not known, and where a root arrived as well, their time is
 * already in its time. A trace of several roots has several paths, each by itself.
 *
 * One instance serves all traces; `measure` overwrites what the last trace left. The result depends on what
 * the spans say, never on their order. n log n in the children of a span, no recursion.
 */
export class CriticalPath {
  /**
   * Time on the path, ns, for each row of the table: 0 where it is not on it. The rows under a root add up
   * exactly to the root's duration, for any input.
   */
  exclusiveNs = new Float64Array(64)
  /** The rows on a path, parents first; only the first `length` count. All of them last longer than 0. */
  path = new Int32Array(64)
  length = 0
  /** For rows on a path: from when to when, ns after its root's start, inside of its parent. */
  fromNs = new Float64Array(64)
  toNs = new Float64Array(64)

  /** The children of a row as a list, in no order; -1 is its end. */
  private firstChild = new Int32Array(64)
  private nextSibling = new Int32Array(64)
  private readonly latestFirst = new RowHeap((a, b) => this.precedes(a, b))

  /** Breaks the last ties. */
  private spans: SpanTable | undefined

  /** Measures all roots of the trace in `spans`; `tree` must have been built from it as it is. */
  measure(spans: SpanTable, tree: TraceTree): void {
    this.spans = spans
    this.length = 0
    this.reserve(spans.length)
    this.linkChildren(spans, tree)
    for (let row = 0; row < spans.length; row++) {
      if (tree.parent[row] === ParentState.root) this.measureRoot(spans, row)
    }
  }

  /** Hands the time of spans without a service to the nearest span above that has one; what has none keeps it. */
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

  /** Duplicates have no parent row, so they are nobody's children. */
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
   * A child is taken only where it ends at or before the cursor, so the path runs through all of it, and
   * what happens inside of it depends on nothing outside: rows can be done in the order they are found.
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

  /** Puts the children of `row` into the heap, cut to its time; those with none in it are left out. */
  private collectChildren(spans: SpanTable, root: number, row: number): void {
    const parentFromNs = this.fromNs[row]!
    const parentToNs = this.toNs[row]!
    const isExact = spans.durationNs[root]! <= exactNs
    for (let child = this.firstChild[row]!; child >= 0; child = this.nextSibling[child]!) {
      // Large terms first: what falls within an exact root loses no digit, however far off the other end.
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
    // Two servers that answered one shared id have the same: what else they say tells them apart.
    return (byIdentity || compareSpans(spans, a, b)) < 0
  }
}

const coarse = (ns: number) => Math.round(ns / coarseNs) * coarseNs
