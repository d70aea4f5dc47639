import { fillStart, resized, scratchCapacity, withRoom } from '../columns/grow.ts'
import { RowHeap, RowList } from '../columns/row-lists.ts'
import type { SpanTable } from '../spans/span-table.ts'
import { DurationSketches } from './duration-sketch.ts'

/** Pattern of the calls on an edge: how many calls each calling span makes, and how they follow each other. */
export interface CallPattern {
  /** Spans that made a call. */
  parents: number
  /** Calls of these spans. Calls whose caller sent no span are not included. */
  calls: number
  /** 95th percentile of the calls of one parent; within 1 %, exact up to 128. */
  p95PerParent: number
  /** Most calls of one parent; within 1 %, exact up to 128. */
  maxPerParent: number
  /** Calls that started after another call of the same parent. Of a summary span only the first call is known. */
  followers: number
  /** Followers that started before all earlier calls had ended. */
  overlapping: number
  /** Followers that started after an earlier call of the same operation had failed and ended. */
  retries: number
}

export const noPattern: CallPattern = {
  parents: 0,
  calls: 0,
  p95PerParent: 0,
  maxPerParent: 0,
  followers: 0,
  overlapping: 0,
  retries: 0,
}

/** Several calls of one parent. */
export type SiblingGroup = Pick<CallPattern, 'calls' | 'followers' | 'overlapping' | 'retries'>

const fields = 6
const singles = 0
const groups = 1
const groupedCalls = 2
const followers = 3
const overlapping = 4
const retries = 5

/**
 * Call patterns of many edges. All of them are counts, so order does not matter and a trace can be removed. A parent
 * with a single call, as most are, only adds to one number and not to a sketch.
 */
export class CallPatterns {
  private counts = new Float64Array(64 * fields)
  /** Calls per parent, for parents with several calls. */
  private readonly groupSizes = new DurationSketches()

  /** Adds a parent that made one call. */
  addSingle(edge: number, sign: 1 | -1): void {
    this.count(edge, singles, sign)
  }

  /** Adds a parent that made several calls. */
  addGroup(edge: number, group: SiblingGroup, sign: 1 | -1): void {
    this.count(edge, groups, sign)
    this.count(edge, groupedCalls, sign * group.calls)
    this.count(edge, followers, sign * group.followers)
    this.count(edge, overlapping, sign * group.overlapping)
    this.count(edge, retries, sign * group.retries)
    this.groupSizes.add(edge, group.calls, sign)
  }

  /** Adds edge `from` of `other` to edge `edge`. */
  addRow(edge: number, other: CallPatterns, from: number): void {
    for (let field = 0; field < fields; field++) {
      this.count(edge, field, other.counts[from * fields + field] ?? 0)
    }
    this.groupSizes.addRow(edge, other.groupSizes, from)
  }

  read(edge: number): CallPattern {
    const at = (field: number) => this.counts[edge * fields + field] ?? 0
    const parents = at(singles) + at(groups)
    if (parents === 0) return { ...noPattern }
    return {
      parents,
      calls: at(singles) + at(groupedCalls),
      p95PerParent: this.sizeAt(edge, Math.ceil((parents * 95) / 100)),
      maxPerParent: this.sizeAt(edge, parents),
      followers: at(followers),
      overlapping: at(overlapping),
      retries: at(retries),
    }
  }

  /** Returns the calls of the parent with this rank, from 1, in ascending order of calls. */
  private sizeAt(edge: number, rank: number): number {
    const first = edge * fields
    const groupRank = rank - this.counts[first + singles]!
    if (groupRank <= 0) return 1
    if (this.counts[first + groups] === 1) return this.counts[first + groupedCalls]!
    return Math.round(this.groupSizes.atRanks(edge, [groupRank])[0]!)
  }

  private count(edge: number, field: number, times: number): void {
    const at = edge * fields + field
    if (at >= this.counts.length) {
      this.counts = withRoom(this.counts, at + fields)
    }
    this.counts[at]! += times
  }
}

const none = -1
const word = 2 ** 32

/**
 * The calls of one trace, grouped by their parent. Calls of one parent on one edge are siblings. Their number and their
 * order in time give the pattern of the edge.
 *
 * Siblings are sorted by their starts. One that starts before all earlier ones have ended is overlapping. One that starts
 * after an earlier one of the same span name has failed and ended is a retry. Each failure has at most one retry, so
 * that the calls after it do not count as retries.
 *
 * One instance serves all traces. It takes linear time, n log n for n siblings, and allocates nothing for a call.
 */
export class SiblingCalls {
  private length = 0
  /** The last call of each row of the trace, -1 for a row without calls. */
  private lastOf = new Int32Array(64)
  /** For each call the previous one of the same parent, later the previous sibling; -1 is the end. */
  private before = new Int32Array(64)
  private edgeOf = new Int32Array(64)
  private calleeOf = new Int32Array(64)
  /** The row whose time is that of the call. */
  private timeOf = new Int32Array(64)
  private failed = new Uint8Array(64)
  /** Start and end, Unix ns, as units of 2^32 ns and the rest, so that they are exact. */
  private fromHi = new Uint32Array(64)
  private fromLo = new Uint32Array(64)
  private toHi = new Float64Array(64)
  private toLo = new Uint32Array(64)

  /** For the current parent the last sibling on each edge, -1 for all other edges. */
  private siblingOn = new Int32Array(64).fill(none)
  /** Edges that the current parent called. */
  private readonly edges = new RowList()

  private readonly byStart = new RowHeap((a, b) => this.compareStarts(a, b) < 0)
  private readonly byName = new RowHeap(
    (a, b) => (this.nameOf(a) - this.nameOf(b) || this.compareStarts(a, b)) < 0,
  )
  private readonly byEnd = new RowHeap((a, b) => this.compareEnds(a, b) < 0)

  private spans!: SpanTable

  /** Starts a trace and drops the calls of the last one. */
  start(spans: SpanTable): void {
    const rows = spans.length
    this.spans = spans
    this.length = 0
    if (rows > this.lastOf.length) this.lastOf = new Int32Array(scratchCapacity(rows))
    fillStart(this.lastOf, none, rows)
  }

  /**
   * Adds a call on `edge` by the row `parent`.
   *
   * @param callee the row that was called
   * @param time the row whose time is that of the call
   */
  add(parent: number, edge: number, callee: number, time: number, failed: boolean): void {
    const call = this.length++
    if (call === this.before.length) this.grow(call * 2)
    this.before[call] = this.lastOf[parent]!
    this.lastOf[parent] = call
    this.edgeOf[call] = edge
    this.calleeOf[call] = callee
    this.timeOf[call] = time
    this.failed[call] = failed ? 1 : 0
  }

  /** Adds the patterns of the trace, or removes them if `sign` is -1. */
  addTo(patterns: CallPatterns, sign: 1 | -1): void {
    const { lastOf, before } = this
    const rows = this.length === 0 ? 0 : this.spans.length
    for (let row = 0; row < rows; row++) {
      const last = lastOf[row]!
      if (last === none) continue
      if (before[last] === none) this.addGroup(last, this.edgeOf[last]!, patterns, sign)
      else this.addCallsOfParent(last, patterns, sign)
    }
  }

  /** Groups the calls of one parent by edge and adds them. `last` is its last call. */
  private addCallsOfParent(last: number, patterns: CallPatterns, sign: 1 | -1): void {
    const { before, edgeOf, edges } = this
    edges.clear()
    for (let call = last; call !== none; ) {
      const next = before[call]!
      const edge = edgeOf[call]!
      if (edge >= this.siblingOn.length) this.growEdges(edge)
      if (this.siblingOn[edge] === none) edges.push(edge)
      before[call] = this.siblingOn[edge]!
      this.siblingOn[edge] = call
      call = next
    }
    for (let at = 0; at < edges.length; at++) {
      const edge = edges.rows[at]!
      const sibling = this.siblingOn[edge]!
      this.siblingOn[edge] = none
      this.addGroup(sibling, edge, patterns, sign)
    }
  }

  /** Adds the calls of one parent on one edge. */
  private addGroup(last: number, edge: number, patterns: CallPatterns, sign: 1 | -1): void {
    const isAlone = this.before[last] === none && this.callsOf(last) === 1
    if (isAlone) patterns.addSingle(edge, sign)
    else patterns.addGroup(edge, this.measure(last), sign)
  }

  private measure(first: number): SiblingGroup {
    const { before, byStart, failed } = this
    this.setTimes(first)
    const group = { calls: 0, followers: -1, overlapping: 0, retries: 0 }
    let failures = 0
    for (let call = first; call !== none; call = before[call]!) {
      byStart.push(call)
      group.calls += this.callsOf(call)
      group.followers++
      failures += failed[call]!
    }
    let latest = none
    while (byStart.size > 0) {
      const call = byStart.pop()
      if (latest !== none && this.gap(latest, call) < 0) group.overlapping++
      if (latest === none || this.compareEnds(latest, call) < 0) latest = call
    }
    if (failures > 0) group.retries = this.retriesAmong(first)
    return group
  }

  private setTimes(first: number): void {
    const { startHi, startLo, durationNs } = this.spans
    const { before, timeOf, fromHi, fromLo, toHi, toLo } = this
    for (let call = first; call !== none; call = before[call]!) {
      const row = timeOf[call]!
      fromHi[call] = startHi[row]!
      fromLo[call] = startLo[row]!
      const lo = startLo[row]! + (durationNs[row]! % word)
      toHi[call] = startHi[row]! + Math.floor(durationNs[row]! / word) + Math.floor(lo / word)
      toLo[call] = lo % word
    }
  }

  private retriesAmong(first: number): number {
    const { before, byName, byEnd, failed } = this
    for (let call = first; call !== none; call = before[call]!) byName.push(call)
    let retries = 0
    let pending = 0
    let name = none
    while (byName.size > 0) {
      const call = byName.pop()
      if (this.nameOf(call) !== name) {
        byEnd.clear()
        pending = 0
        name = this.nameOf(call)
      }
      while (byEnd.size > 0 && this.gap(byEnd.first, call) >= 0) {
        byEnd.pop()
        pending++
      }
      if (pending > 0) {
        pending--
        retries++
      }
      if (failed[call] === 1) byEnd.push(call)
    }
    byEnd.clear()
    return retries
  }

  /** Returns how many calls the callee's span represents. */
  private callsOf(call: number): number {
    return this.spans.weights?.calls[this.calleeOf[call]!] ?? 1
  }

  private nameOf(call: number): number {
    return this.spans.name[this.calleeOf[call]!]!
  }

  /** Compares siblings by start; 0 only if their order makes no difference. */
  private compareStarts(a: number, b: number): number {
    const byStart = this.fromHi[a]! - this.fromHi[b]! || this.fromLo[a]! - this.fromLo[b]!
    return byStart || this.compareEnds(a, b) || this.failed[b]! - this.failed[a]!
  }

  /** Compares siblings by end. */
  private compareEnds(a: number, b: number): number {
    return this.toHi[a]! - this.toHi[b]! || this.toLo[a]! - this.toLo[b]!
  }

  /** Returns a negative number if `after` starts before `earlier` has ended. */
  private gap(earlier: number, after: number): number {
    return this.fromHi[after]! - this.toHi[earlier]! || this.fromLo[after]! - this.toLo[earlier]!
  }

  private growEdges(edge: number): void {
    const length = this.siblingOn.length
    this.siblingOn = withRoom(this.siblingOn, edge + 1).fill(none, length)
  }

  private grow(capacity: number): void {
    this.before = resized(this.before, capacity)
    this.edgeOf = resized(this.edgeOf, capacity)
    this.calleeOf = resized(this.calleeOf, capacity)
    this.timeOf = resized(this.timeOf, capacity)
    this.failed = resized(this.failed, capacity)
    this.fromHi = resized(this.fromHi, capacity)
    this.fromLo = resized(this.fromLo, capacity)
    this.toHi = resized(this.toHi, capacity)
    this.toLo = resized(this.toLo, capacity)
  }
}
