import { TraceIdIndex } from '../../../graph/columns/hash-index.ts'
import { hexOfWords } from '../../../graph/columns/ids.ts'
import type { SpanTable } from '../../../graph/spans/span-table.ts'
import { SpanSetHash } from '../../../graph/trace/span-set-hash.ts'
import type { TraceTree } from '../../../graph/trace/trace-tree.ts'
import { matchShortIds } from '../../otlp/short-trace-ids.ts'

/**
 * The state of a trace in a read. The spans of a `late` trace start after the window, so far, and an `early` trace
 * starts before it. Later spans of a `closed` trace are ignored.
 */
export const TraceState = { unknown: 0, published: 1, pending: 2, closed: 3, late: 4, early: 5 } as const
export type TraceState = (typeof TraceState)[keyof typeof TraceState]

/**
 * Remembers the state of every trace of a read in about 45 bytes, with a hash of its published spans. The hash shows
 * whether a later answer holds other spans.
 */
export class TraceLedger {
  private readonly ids = new TraceIdIndex()
  private readonly hash = new SpanSetHash()
  private states = new Uint8Array(1024)
  private counts = new Uint32Array(1024)
  private hashHi = new Uint32Array(1024)
  private hashLo = new Uint32Array(1024)

  /** Returns the number of the trace with the id of the table; adds unknown traces. */
  indexOf(spans: SpanTable): number {
    const index = this.ids.indexOf(spans.traceId)
    if (index >= this.states.length) this.grow(index)
    return index
  }

  state(index: number): TraceState {
    return this.states[index] as TraceState
  }

  mark(index: number, state: TraceState): void {
    this.states[index] = state
  }

  /** Marks the trace as published with these spans. @param tree built of them */
  recordPublished(index: number, spans: SpanTable, tree: TraceTree): void {
    const { count, hi, lo } = this.hash.set(spans, tree)
    this.states[index] = TraceState.published
    this.counts[index] = count
    this.hashHi[index] = hi
    this.hashLo[index] = lo
  }

  /** Whether the trace was published with exactly these spans. @param tree built of them */
  wasPublishedWith(index: number, spans: SpanTable, tree: TraceTree): boolean {
    const { count, hi, lo } = this.hash.set(spans, tree)
    return count === this.counts[index] && hi === this.hashHi[index] && lo === this.hashLo[index]
  }

  /**
   * Finds published traces that are one trace: a service cut the id of the first in each pair to its low 64 bits.
   *
   * @returns pairs of ids, 32 hex digits each
   */
  shortIdPairs(): [short: string, full: string][] {
    const words = this.ids.idWords
    const hexOf = (index: number) => hexOfWords(words, index * 4)
    return [...matchShortIds(words)]
      .filter(([short, full]) => this.wasPublished(short) && this.wasPublished(full))
      .map(([short, full]) => [hexOf(short), hexOf(full)])
  }

  /** Finds the published spans among all spans of the trace. @param tree built of all spans */
  publishedAmong(index: number, spans: SpanTable, tree: TraceTree): SpanTable | undefined {
    this.hash.count = this.counts[index] as number
    this.hash.hi = this.hashHi[index] as number
    this.hash.lo = this.hashLo[index] as number
    return this.hash.findIn(spans, tree)
  }

  private wasPublished(index: number): boolean {
    return (this.counts[index] ?? 0) > 0
  }

  private grow(index: number): void {
    const capacity = Math.max(index + 1, this.states.length * 2)
    const { states, counts, hashHi, hashLo } = this
    this.states = new Uint8Array(capacity)
    this.counts = new Uint32Array(capacity)
    this.hashHi = new Uint32Array(capacity)
    this.hashLo = new Uint32Array(capacity)
    this.states.set(states)
    this.counts.set(counts)
    this.hashHi.set(hashHi)
    this.hashLo.set(hashLo)
  }
}
