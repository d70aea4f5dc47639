import { TraceIdIndex } from '../../../graph/columns/hash-index.ts'
import { hexOfWords } from '../../../graph/columns/ids.ts'
import type { SpanTable } from '../../../graph/spans/span-table.ts'
import { SpanSetHash } from '../../../graph/trace/span-set-hash.ts'
import type { TraceTree } from '../../../graph/trace/trace-tree.ts'
import { shortenedIds } from '../../otlp/shortened-ids.ts'

/**
 * How far a trace has come. What was seen of a `late` one starts after the window; `settled` ones are done with,
 * whatever else turns up of them.
 */
export const TraceState = { unknown: 0, counted: 1, held: 2, settled: 3, late: 4 } as const
export type TraceState = (typeof TraceState)[keyof typeof TraceState]

/**
 * Remembers every trace of a read in about 45 bytes: how far it has come, and a fingerprint of the spans that
 * were counted, which tells when a later answer brings others.
 */
export class TraceLedger {
  private readonly ids = new TraceIdIndex()
  private readonly hash = new SpanSetHash()
  private states = new Uint8Array(1024)
  private counts = new Uint32Array(1024)
  private hashHi = new Uint32Array(1024)
  private hashLo = new Uint32Array(1024)

  /** Number of the trace whose id the table carries. */
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

  /** Marks the trace as counted with these spans. @param tree built of them */
  remember(index: number, spans: SpanTable, tree: TraceTree): void {
    const { count, hi, lo } = this.hash.set(spans, tree)
    this.states[index] = TraceState.counted
    this.counts[index] = count
    this.hashHi[index] = hi
    this.hashLo[index] = lo
  }

  /** Whether the trace was counted with exactly these spans. @param tree built of them */
  wasCountedWith(index: number, spans: SpanTable, tree: TraceTree): boolean {
    const { count, hi, lo } = this.hash.set(spans, tree)
    return count === this.counts[index] && hi === this.hashHi[index] && lo === this.hashLo[index]
  }

  /**
   * Traces that were counted and are one: of the first in each pair some participant cut the id to its low 64 bits.
   *
   * @returns pairs of ids, 32 hex digits each
   */
  shortenedPairs(): [short: string, full: string][] {
    const words = this.ids.idWords
    const hexOf = (index: number) => hexOfWords(words, index * 4)
    return [...shortenedIds(words)]
      .filter(([short, full]) => this.wasCounted(short) && this.wasCounted(full))
      .map(([short, full]) => [hexOf(short), hexOf(full)])
  }

  /** The spans that the trace was counted with, out of all its spans. @param tree built of these */
  countedAmong(index: number, spans: SpanTable, tree: TraceTree): SpanTable | undefined {
    this.hash.count = this.counts[index] as number
    this.hash.hi = this.hashHi[index] as number
    this.hash.lo = this.hashLo[index] as number
    return this.hash.findIn(spans, tree)
  }

  private wasCounted(index: number): boolean {
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
