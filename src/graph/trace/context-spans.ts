import type { SpanTable } from '../spans/span-table.ts'

/** Unix ms, half open. */
export interface CountedTime {
  fromMs: number
  toMs: number
}

const word = 4294967296

/** Marks the spans that start outside a time: they say who called, and are not counted. */
export class ContextSpans {
  private readonly from: readonly [hi: number, lo: number]
  private readonly to: readonly [hi: number, lo: number]
  private marks = new Uint8Array(64)

  constructor({ fromMs, toMs }: CountedTime) {
    this.from = wordsOf(fromMs)
    this.to = wordsOf(toMs)
  }

  /** Sets `spans.context`. */
  mark(spans: SpanTable): void {
    const { length, startHi, startLo } = spans
    if (length > this.marks.length) this.marks = new Uint8Array(length * 2)
    for (let row = 0; row < length; row++) {
      const hi = startHi[row]!
      const lo = startLo[row]!
      this.marks[row] = isBefore(hi, lo, this.from) || !isBefore(hi, lo, this.to) ? 1 : 0
    }
    spans.context = this.marks
  }
}

const isBefore = (hi: number, lo: number, time: readonly [hi: number, lo: number]) =>
  hi < time[0] || (hi === time[0] && lo < time[1])

/** Returns the two words of a time in Unix ns, to the µs. */
function wordsOf(ms: number): [hi: number, lo: number] {
  const ns = BigInt(Math.round(ms * 1000)) * 1000n
  return [Number(ns / BigInt(word)), Number(ns % BigInt(word))]
}
