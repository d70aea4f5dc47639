import { resized } from '../columns/grow.ts'
import { compareTraceIds, copyWords, hexOfWords } from '../columns/ids.ts'

const sampleSize = 8
const anyHash = 0xffffffff
const none = -1

/**
 * A sample of the calls of many nodes or edges: of each row those with the smallest hashes (bottom-k). Every call has
 * the same chance, the order in which they come does not matter, and the samples of two halves give that of the whole.
 * Calls of one trace and one duration are alike, and one of them stands for all.
 *
 * 8 bytes a row, and 36 for each call in its sample.
 */
export class CallSamples {
  /** The largest hash that may still enter the sample. */
  private hashLimit = new Uint32Array(64).fill(anyHash)
  /** First entry of the row + 1; 0: it has none. */
  private first = new Int32Array(64)

  private entries = 0
  private hash = new Uint32Array(64)
  private durationNs = new Float64Array(64)
  /** Four words of the trace id. */
  private ids = new Uint32Array(64 * 4)
  /** Next entry of the row, or of those that are free, + 1. */
  private next = new Int32Array(64)
  private free = 0

  /** Takes a call of the trace with the id at `ids[at]` into the sample, if its hash is small enough. */
  add(row: number, hash: number, durationNs: number, ids: Uint32Array, at: number): void {
    if (row >= this.first.length) this.growRows(row)
    if (hash <= this.hashLimit[row]!) this.insert(row, hash, durationNs, ids, at)
  }

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

  /** Trace id of the call whose duration is closest to this; null where there are none. */
  closest(row: number, durationNs: number): string | null {
    const entry = this.best(row, (entry) => Math.abs(this.durationNs[entry]! - durationNs))
    return entry === none ? null : hexOfWords(this.ids, entry * 4)
  }

  /** The longest call, with the four words of its trace id; null where there are none. */
  longest(row: number): { durationNs: number; id: Uint32Array } | null {
    const entry = this.best(row, (entry) => -this.durationNs[entry]!)
    if (entry === none) return null
    return { durationNs: this.durationNs[entry]!, id: this.ids.subarray(entry * 4, entry * 4 + 4) }
  }

  /** Of equal ones the first in order. */
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
