import { resized } from '../columns/grow.ts'
import { hashWords, mix } from '../columns/hashing.ts'
import { compareTraceIds, copyWords, hexOfWords, traceIdWords } from '../columns/ids.ts'

/** The trace whose spans are being counted, shared by all parts that count them. */
export class CurrentTrace {
  /** Four words, most significant first. */
  readonly id = new Uint32Array(traceIdWords)
  /** Hash of the id, 32 bits. */
  hash = 0
  /** Number of the trace, from 1. */
  serial = 0

  /** @param id four words */
  start(id: Uint32Array): void {
    this.serial++
    copyWords(id, 0, this.id, 0)
    this.hash = hashWords(id, 0, traceIdWords)
  }

  /** Hashes a call of this duration in this trace to 32 bits. */
  callHash(durationNs: number): number {
    return mix(this.hash ^ (durationNs >>> 0)) >>> 0
  }
}

/** Example traces: ids of 32 hex digits, or null. */
export interface Exemplars {
  /** The trace of the longest call; among equals the smallest trace id. */
  slowest: string | null
  /** The trace of a failed call. */
  failed: string | null
  /** The trace of a call about as long as the median. */
  typical: string | null
}

export const noExemplars: Exemplars = { slowest: null, failed: null, typical: null }

const none = -1

/**
 * Exemplars of many nodes or edges. Each row keeps the slowest call, the failed call whose trace has the smallest hash,
 * and a sample from which the typical call is chosen.
 *
 * Order, slicing and merging never change them. A removed trace is dropped from its rows, so every exemplar is in the
 * graph. Removing a trace and adding it again changes nothing. After a final removal a row may know fewer calls than it
 * has. Its slowest call is then the slowest known one.
 *
 * A row takes 40 bytes and its sample. A call that is no exemplar costs two comparisons and allocates nothing.
 */
export class ExemplarColumns {
  private slowestNs = new Float64Array(64).fill(none)
  /** Infinity if no call failed. */
  private failedHash = new Float64Array(64).fill(Number.POSITIVE_INFINITY)
  /** Four words each. */
  private slowestId = new Uint32Array(64 * 4)
  private failedId = new Uint32Array(64 * 4)
  private readonly samples = new CallSamples()
  private readonly trace: CurrentTrace

  constructor(trace: CurrentTrace) {
    this.trace = trace
  }

  /** Adds a call of the current trace, or drops the trace from the row if `sign` is -1. */
  add(row: number, durationNs: number, failed: boolean, sign: 1 | -1): void {
    const { trace } = this
    if (row >= this.slowestNs.length) this.grow(row)
    if (sign < 0) {
      this.drop(row)
      return
    }
    if (durationNs >= this.slowestNs[row]!) this.offerSlowest(row, durationNs, trace.id, 0)
    if (failed && trace.hash <= this.failedHash[row]!) this.offerFailed(row, trace.hash, trace.id, 0)
    this.samples.add(row, trace.callHash(durationNs), durationNs, trace.id, 0)
  }

  /** Adds row `from` of `other` to row `row`. */
  addRow(row: number, other: ExemplarColumns, from: number): void {
    if (row >= this.slowestNs.length) this.grow(row)
    const slowestNs = other.slowestNs[from] ?? none
    const failedHash = other.failedHash[from] ?? Number.POSITIVE_INFINITY
    if (slowestNs !== none) this.offerSlowest(row, slowestNs, other.slowestId, from * 4)
    if (Number.isFinite(failedHash)) this.offerFailed(row, failedHash, other.failedId, from * 4)
    this.samples.addRow(row, other.samples, from)
  }

  /** @param medianNs median duration of the row's calls */
  read(row: number, medianNs: number): Exemplars {
    const slowest = (this.slowestNs[row] ?? none) === none ? null : hexOfWords(this.slowestId, row * 4)
    return {
      slowest,
      failed: Number.isFinite(this.failedHash[row]) ? hexOfWords(this.failedId, row * 4) : null,
      typical: this.samples.closest(row, medianNs) ?? slowest,
    }
  }

  private offerSlowest(row: number, durationNs: number, ids: Uint32Array, at: number): void {
    const longerNs = durationNs - this.slowestNs[row]!
    if (longerNs < 0 || (longerNs === 0 && compareTraceIds(ids, at, this.slowestId, row * 4) >= 0)) return
    this.slowestNs[row] = durationNs
    copyWords(ids, at, this.slowestId, row * 4)
  }

  private offerFailed(row: number, hash: number, ids: Uint32Array, at: number): void {
    const known = this.failedHash[row]!
    if (hash > known || (hash === known && compareTraceIds(ids, at, this.failedId, row * 4) >= 0)) return
    this.failedHash[row] = hash
    copyWords(ids, at, this.failedId, row * 4)
  }

  private drop(row: number): void {
    const { id } = this.trace
    this.samples.drop(row, id)
    if (compareTraceIds(this.failedId, row * 4, id, 0) === 0) this.failedHash[row] = Number.POSITIVE_INFINITY
    if (compareTraceIds(this.slowestId, row * 4, id, 0) !== 0) return
    this.slowestNs[row] = none
    // Now, and not when it is read: the trace may be added again, with shorter calls than others that are known.
    const longest = this.samples.longest(row)
    if (longest) this.offerSlowest(row, longest.durationNs, longest.id, 0)
  }

  private grow(row: number): void {
    const capacity = Math.max(row + 1, this.slowestNs.length * 2)
    const { length } = this.slowestNs
    this.slowestNs = resized(this.slowestNs, capacity).fill(none, length)
    this.failedHash = resized(this.failedHash, capacity).fill(Number.POSITIVE_INFINITY, length)
    this.slowestId = resized(this.slowestId, capacity * 4)
    this.failedId = resized(this.failedId, capacity * 4)
  }
}

const sampleSize = 8
const anyHash = 0xffffffff

/**
 * A sample of the calls of each of many nodes or edges: those with the smallest hashes (bottom-k). Every call has the
 * same chance. Order does not matter, and the samples of two halves merge to the sample of the whole. Calls of one trace
 * with the same duration count as one.
 *
 * A row takes 8 bytes, and each call in its sample 36.
 */
class CallSamples {
  /** The largest hash that may still enter the sample. */
  private hashLimit = new Uint32Array(64).fill(anyHash)
  /** First entry of the row + 1; 0 for an empty row. */
  private first = new Int32Array(64)

  private entries = 0
  private hash = new Uint32Array(64)
  private durationNs = new Float64Array(64)
  /** Four words of the trace id. */
  private ids = new Uint32Array(64 * 4)
  /** Next entry of the row, or next free entry, + 1. */
  private next = new Int32Array(64)
  private free = 0

  /** Adds a call of the trace with the id at `ids[at]` to the sample if its hash is small enough. */
  add(row: number, hash: number, durationNs: number, ids: Uint32Array, at: number): void {
    if (row >= this.first.length) this.growRows(row)
    if (hash <= this.hashLimit[row]!) this.insert(row, hash, durationNs, ids, at)
  }

  /** Adds the sample of row `from` of `other`. */
  /** Adds the sample of row `from` of `other`. */
  addRow(row: number, other: CallSamples, from: number): void {
    for (let entry = other.firstOf(from); entry >= 0; entry = other.next[entry]! - 1) {
      this.add(row, other.hash[entry]!, other.durationNs[entry]!, other.ids, entry * 4)
    }
  }

  /** Drops the calls of a trace. */
  drop(row: number, id: Uint32Array): void {
    let before = none
    for (let entry = this.firstOf(row); entry >= 0; ) {
      const after = this.next[entry]!
      if (compareTraceIds(this.ids, entry * 4, id, 0) === 0) {
        if (before === none) this.first[row] = after
        else this.next[before] = after
        this.next[entry] = this.free
        this.free = entry + 1
        this.hashLimit[row] = anyHash
      } else before = entry
      entry = after - 1
    }
  }

  /** Returns the trace id of the call whose duration is closest to this one; null for an empty row. */
  closest(row: number, durationNs: number): string | null {
    const entry = this.best(row, (entry) => Math.abs(this.durationNs[entry]! - durationNs))
    return entry === none ? null : hexOfWords(this.ids, entry * 4)
  }

  /** Returns the longest call with the four words of its trace id; null for an empty row. */
  longest(row: number): { durationNs: number; id: Uint32Array } | null {
    const entry = this.best(row, (entry) => -this.durationNs[entry]!)
    if (entry === none) return null
    return { durationNs: this.durationNs[entry]!, id: this.ids.subarray(entry * 4, entry * 4 + 4) }
  }

  /** Returns the entry with the lowest cost; among equals the first in order. */
  private best(row: number, cost: (entry: number) => number): number {
    let best = none
    for (let entry = this.firstOf(row); entry >= 0; entry = this.next[entry]! - 1) {
      const difference = best === none ? -1 : cost(entry) - cost(best)
      if (difference < 0 || (difference === 0 && this.precedes(entry, best))) best = entry
    }
    return best
  }

  private firstOf(row: number): number {
    return (this.first[row] ?? 0) - 1
  }

  private insert(row: number, hash: number, durationNs: number, ids: Uint32Array, at: number): void {
    let size = 0
    let last = none
    let lastHash = 0
    /** Largest hash of the others. */
    let limit = 0
    for (let entry = this.firstOf(row); entry >= 0; entry = this.next[entry]! - 1) {
      const other = this.hash[entry]!
      if (other === hash && this.order(entry, hash, durationNs, ids, at) === 0) return
      size++
      if (last === none || other > lastHash || (other === lastHash && this.precedes(last, entry))) {
        limit = lastHash
        last = entry
        lastHash = other
      } else if (other > limit) limit = other
    }
    if (size === sampleSize) {
      if (this.order(last, hash, durationNs, ids, at) < 0) return
      this.fill(last, hash, durationNs, ids, at)
      this.hashLimit[row] = Math.max(limit, hash)
    } else {
      const entry = this.takeEntry()
      this.fill(entry, hash, durationNs, ids, at)
      this.next[entry] = this.first[row]!
      this.first[row] = entry + 1
      if (size + 1 === sampleSize) this.hashLimit[row] = Math.max(lastHash, hash)
    }
  }

  private fill(entry: number, hash: number, durationNs: number, ids: Uint32Array, at: number): void {
    this.hash[entry] = hash
    this.durationNs[entry] = durationNs
    copyWords(ids, at, this.ids, entry * 4)
  }

  private precedes(a: number, b: number): boolean {
    return this.order(a, this.hash[b]!, this.durationNs[b]!, this.ids, b * 4) < 0
  }

  private order(entry: number, hash: number, durationNs: number, ids: Uint32Array, at: number): number {
    return (
      this.hash[entry]! - hash ||
      compareTraceIds(this.ids, entry * 4, ids, at) ||
      this.durationNs[entry]! - durationNs
    )
  }

  private takeEntry(): number {
    if (this.free > 0) {
      const entry = this.free - 1
      this.free = this.next[entry]!
      return entry
    }
    const entry = this.entries++
    if (entry === this.next.length) {
      this.hash = resized(this.hash, entry * 2)
      this.durationNs = resized(this.durationNs, entry * 2)
      this.ids = resized(this.ids, entry * 8)
      this.next = resized(this.next, entry * 2)
    }
    return entry
  }

  private growRows(row: number): void {
    const capacity = Math.max(row + 1, this.first.length * 2)
    this.hashLimit = resized(this.hashLimit, capacity).fill(anyHash, this.hashLimit.length)
    this.first = resized(this.first, capacity)
  }
}
