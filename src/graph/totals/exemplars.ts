import { resized } from '../columns/grow.ts'
import { compareTraceIds, copyWords, hexOfWords } from '../columns/ids.ts'
import type { CurrentTrace } from '../trace/current-trace.ts'
import { CallSamples } from './call-samples.ts'

/** Traces to look at: ids of 32 hex digits; null where there is none. */
export interface Exemplars {
  /** The longest call; of several the smallest trace id. */
  slowest: string | null
  /** A call that failed. */
  failed: string | null
  /** A call about as long as the median one. */
  typical: string | null
}

export const noExemplars: Exemplars = { slowest: null, failed: null, typical: null }

const none = -1

/**
 * Exemplars of many nodes or edges: of each row the slowest call, the failed one whose trace has the smallest hash,
 * and a sample in which the typical one is looked for.
 *
 * Order, slicing and merging never change them. A trace that is taken back is dropped from the rows that it was on, so
 * none is named that is not in the graph; taken back and added again, it is as if nothing had happened. Where a trace
 * is gone for good, a row may know fewer calls than it has: its slowest is then the slowest of those it knows.
 *
 * 40 bytes a row besides the sample; a call that is no exemplar costs two comparisons and allocates nothing.
 */
export class ExemplarColumns {
  private slowestNs = new Float64Array(64).fill(none)
  /** Infinity where no call failed. */
  private failedHash = new Float64Array(64).fill(Number.POSITIVE_INFINITY)
  /** Four words each. */
  private slowestId = new Uint32Array(64 * 4)
  private failedId = new Uint32Array(64 * 4)
  private readonly samples = new CallSamples()
  private readonly trace: CurrentTrace

  constructor(trace: CurrentTrace) {
    this.trace = trace
  }

  /** Takes note of a call of the trace at hand, or drops the trace from the row when `sign` is -1. */
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
    // At once, and not when it is read: the trace may come back with shorter calls than others that are known.
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
