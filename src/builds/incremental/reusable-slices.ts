import type { GraphBuilder } from '../../graph/graph-builder.ts'
import type { LeftOutTraces } from '../../sources/left-out-traces.ts'
import type { Window } from '../../sources/trace-source.ts'
import { CrossingTraces } from './crossing-traces.ts'
import { type SlicedTraces, sumOf, type TraceExtent, type TraceSlice } from './sliced-traces.ts'
import type { TimeSlices } from './time-slices.ts'

/** A trace that ends within this time after the settled part does not hold it back, ms: most end soon. */
const momentMs = 5000
/** Number of slices whose sum is kept, so that each read adds up fewer graphs. */
const slicesPerBlock = 12

export interface ReusableSlicesOptions {
  time: TimeSlices
  /** How long after a span its trace may change, ms. */
  lateMs: number
  newBuilder: () => GraphBuilder
}

/**
 * The graphs of the slices that the next read of a moving window can reuse, because their traces no longer change.
 * Decides from when on the window must be read again.
 *
 * A slice is reusable when it ended more than `lateMs` before the end of the searched window. No running trace may
 * have started in it or before it.
 */
export class ReusableSlices {
  readonly time: TimeSlices
  private readonly options: ReusableSlicesOptions
  /** The kept part of the window, Unix ms, both on the edge of a slice: [fromMs, untilMs). */
  private fromMs = 0
  private untilMs = 0
  private readonly slices = new Map<number, TraceSlice>()
  /** Sums of slices: block n has `slicesPerBlock` slices from n * slicesPerBlock on. */
  private readonly blocks = new Map<number, TraceSlice>()
  /** Traces of kept slices that end at `untilMs` or later: the next read will see them again. */
  private reaching = new Map<string, TraceExtent>()
  private readonly crossing = new CrossingTraces()

  constructor(options: ReusableSlicesOptions) {
    this.options = options
    this.time = options.time
  }

  /** Returns the part of a window before its first whole slice, which is empty if it starts on an edge. */
  headOf({ fromMs }: Window): Window {
    return { fromMs, toMs: this.time.edgeAfter(fromMs) }
  }

  /** Returns the last end of the traces that start in a part of a window and cross an edge, Unix ms. */
  reachMs(part: Window): number {
    return this.crossing.reachMs(part)
  }

  /** Returns the end of the kept slices of a window, Unix ms; their start if none is kept. */
  resumeMs(window: Window): number {
    const edgeMs = this.time.edgeAfter(window.fromMs)
    const isKept = this.fromMs <= edgeMs && edgeMs < this.untilMs
    return isKept ? Math.min(this.untilMs, window.toMs) : edgeMs
  }

  /** Returns the kept slices of a window up to `resumeMs`: single slices and sums of them. */
  async within(window: Window): Promise<TraceSlice[]> {
    const { time } = this
    const end = time.numberOf(this.resumeMs(window))
    const found: (TraceSlice | undefined)[] = []
    for (let number = time.numberOf(time.edgeAfter(window.fromMs)); number < end; ) {
      const isBlock = number % slicesPerBlock === 0 && number + slicesPerBlock <= end
      found.push(isBlock ? await this.block(number / slicesPerBlock) : this.slices.get(number))
      number += isBlock ? slicesPerBlock : 1
    }
    return found.filter((slice) => slice !== undefined)
  }

  private async block(number: number): Promise<TraceSlice> {
    const known = this.blocks.get(number)
    if (known) return known
    const first = number * slicesPerBlock
    const slices = [...this.slices].filter(([of]) => of >= first && of < first + slicesPerBlock)
    const sum = await sumOf(
      slices.map(([, slice]) => slice),
      this.options.newBuilder(),
    )
    this.blocks.set(number, sum)
    return sum
  }

  /** Whether a read of a window shows that a trace of a kept slice has changed: a trace that reaches into the read. */
  isOutdatedBy({ before }: SlicedTraces, window: Window, head: SlicedTraces | undefined): boolean {
    if (head && this.crossing.differsFrom(head, this.headOf(window))) return true
    return [...before.values()].some((seen) => {
      if (seen.endMs < this.untilMs) return false
      if (this.crossing.isLeftOut(seen, window)) return false
      const known = this.reaching.get(seen.id)
      if (known === undefined) return true
      // A read sees only the fragments of a trace within its window: fewer spans are not a change.
      const isPart = seen.count < known.count && seen.endMs <= known.endMs
      return !isPart && seen.hash !== known.hash
    })
  }

  /** Counts the traces that a window leaves out because they began before it. @param read its part from `resumeMs` on, `head` its part before the first kept slice */
  leftOut(window: Window, read: SlicedTraces, head: SlicedTraces | undefined): LeftOutTraces {
    this.crossing.add(read, this.resumeMs(window), window)
    if (head) this.crossing.extend(head)
    return this.crossing.leftOut(window, head)
  }

  /**
   * Keeps the slices that a read has made final, and forgets those before the window.
   *
   * @param window the read started at `resumeMs`, or at the start of the window if nothing is kept
   * @param searchedToMs end of the searched window, Unix ms
   */
  keep(window: Window, read: SlicedTraces, searchedToMs: number): void {
    const { time } = this
    const resumeMs = this.resumeMs(window)
    const finalMs = Math.max(resumeMs, this.finalMs(read, searchedToMs))
    this.crossing.add(read, resumeMs, window)
    for (const [number, slice] of read.slices) {
      const startMs = time.startMs(number)
      if (startMs >= resumeMs && startMs < finalMs) this.slices.set(number, slice)
    }
    for (const number of this.slices.keys()) {
      if (time.startMs(number) < window.fromMs) this.slices.delete(number)
    }
    for (const number of this.blocks.keys()) {
      if (time.startMs(number * slicesPerBlock) < window.fromMs) this.blocks.delete(number)
    }
    const reaching = [...this.reaching.values(), ...read.reaching.values()]
    this.reaching = new Map(
      reaching
        .filter(({ startMs, endMs }) => startMs < finalMs && endMs >= finalMs)
        .map((extent) => [extent.id, extent]),
    )
    this.fromMs = time.edgeAfter(window.fromMs)
    this.untilMs = finalMs
  }

  /** Forgets all slices: the next read is a full one. */
  forget(): void {
    this.slices.clear()
    this.blocks.clear()
    this.reaching.clear()
    this.crossing.clear()
    this.fromMs = this.untilMs = 0
  }

  /** Returns the end of the part that no longer changes, on the edge of a slice, Unix ms. */
  private finalMs({ reaching }: SlicedTraces, searchedToMs: number): number {
    const { time } = this
    const settledMs = searchedToMs - this.options.lateMs
    let finalMs = time.edgeBefore(settledMs)
    for (const { startMs, endMs } of reaching.values()) {
      const isRunning = endMs > settledMs + momentMs
      if (isRunning && startMs < finalMs) finalMs = time.edgeBefore(startMs)
    }
    return finalMs
  }
}
