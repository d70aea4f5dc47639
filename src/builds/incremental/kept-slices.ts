import type { GraphBuilder } from '../../graph/graph-builder.ts'
import type { Window } from '../../sources/trace-source.ts'
import type { SlicedTraces, TraceExtent } from './sliced-traces.ts'
import { sumOf, type TraceSlice } from './trace-slice.ts'

/** Most traces that reach over the end of what is settled are over in a moment, and do not hold it back, ms. */
const momentMs = 5000
/** So many slices are added up once for all the refreshes of which they are a part. */
const slicesOfBlock = 12

export interface KeptSlicesOptions {
  sliceMs: number
  /** How long after a span its trace may still change, ms. */
  lateMs: number
  newBuilder: () => GraphBuilder
}

/**
 * The graphs of those slices of a window in which nothing changes any more: what has been read of them need not be
 * read again.
 *
 * A slice is kept when it ended more than `lateMs` before what was searched did, and no trace that goes on began in it
 * or in one before.
 */
export class KeptSlices {
  private readonly options: KeptSlicesOptions
  /** What is kept, Unix ms, both on the edge of a slice: [fromMs, untilMs). */
  private fromMs = 0
  private untilMs = 0
  private readonly slices = new Map<number, TraceSlice>()
  /** Sums of slices: block n is of those from n * slicesOfBlock on. */
  private readonly blocks = new Map<number, TraceSlice>()
  /** Of kept slices those traces that end at `untilMs` or after it: the next read will see them again. */
  private reaching = new Map<string, TraceExtent>()

  constructor(options: KeptSlicesOptions) {
    this.options = options
  }

  /** From when on a window must be read; all before it is kept. Unix ms. */
  resumeMs(window: Window): number {
    const isKept = this.fromMs <= window.fromMs && window.fromMs < this.untilMs
    return isKept ? Math.min(this.untilMs, window.toMs) : window.fromMs
  }

  /**
   * What is kept of a window, up to where it must be read; slices and sums of them.
   *
   * @param window begins on the edge of a slice
   */
  async within(window: Window): Promise<TraceSlice[]> {
    const { sliceMs } = this.options
    const end = this.resumeMs(window) / sliceMs
    const found: (TraceSlice | undefined)[] = []
    for (let number = window.fromMs / sliceMs; number < end; ) {
      const isBlock = number % slicesOfBlock === 0 && number + slicesOfBlock <= end
      found.push(isBlock ? await this.block(number / slicesOfBlock) : this.slices.get(number))
      number += isBlock ? slicesOfBlock : 1
    }
    return found.filter((slice) => slice !== undefined)
  }

  private async block(number: number): Promise<TraceSlice> {
    const known = this.blocks.get(number)
    if (known) return known
    const first = number * slicesOfBlock
    const slices = [...this.slices].filter(([of]) => of >= first && of < first + slicesOfBlock)
    const sum = await sumOf(
      slices.map(([, slice]) => slice),
      this.options.newBuilder(),
    )
    this.blocks.set(number, sum)
    return sum
  }

  /** Whether a read shows that a trace of a kept slice has changed: one that reached into what was read. */
  isOutdatedBy({ before }: SlicedTraces): boolean {
    return before.some((seen) => {
      if (seen.endMs < this.untilMs) return false
      const known = this.reaching.get(seen.id)
      if (known === undefined) return true
      // A read sees only the fragments of a trace that reach into its time: fewer spans are nothing new.
      const isPart = seen.count < known.count && seen.endMs <= known.endMs
      return !isPart && seen.hash !== known.hash
    })
  }

  /**
   * Keeps what a read has made final, and forgets what lies before the window.
   *
   * @param window on edges of slices; what was read of it began at `resumeMs`
   * @param searchedToMs end of what was searched, Unix ms
   */
  keep(window: Window, read: SlicedTraces, searchedToMs: number): void {
    const { sliceMs } = this.options
    const resumeMs = this.resumeMs(window)
    const finalMs = Math.max(resumeMs, this.finalMs(read, searchedToMs))
    if (resumeMs === window.fromMs) this.forget()
    for (const [number, slice] of read.slices) {
      const startMs = number * sliceMs
      if (startMs >= resumeMs && startMs < finalMs) this.slices.set(number, slice)
    }
    for (const number of this.slices.keys()) if (number * sliceMs < window.fromMs) this.slices.delete(number)
    for (const number of this.blocks.keys()) {
      if (number * slicesOfBlock * sliceMs < window.fromMs) this.blocks.delete(number)
    }
    const reaching = [...this.reaching.values(), ...read.reaching.values()]
    this.reaching = new Map(
      reaching
        .filter(({ startMs, endMs }) => startMs < finalMs && endMs >= finalMs)
        .map((extent) => [extent.id, extent]),
    )
    this.fromMs = window.fromMs
    this.untilMs = finalMs
  }

  forget(): void {
    this.slices.clear()
    this.blocks.clear()
    this.reaching.clear()
    this.fromMs = this.untilMs = 0
  }

  /** Up to when nothing changes any more, on the edge of a slice, Unix ms. */
  private finalMs({ reaching }: SlicedTraces, searchedToMs: number): number {
    const { sliceMs, lateMs } = this.options
    const edge = (ms: number) => Math.floor(ms / sliceMs) * sliceMs
    const settledMs = searchedToMs - lateMs
    let finalMs = edge(settledMs)
    for (const { startMs, endMs } of reaching.values()) {
      const goesOn = endMs > settledMs + momentMs
      if (goesOn && startMs < finalMs) finalMs = edge(startMs)
    }
    return finalMs
  }
}
