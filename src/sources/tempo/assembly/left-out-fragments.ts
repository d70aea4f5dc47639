import type { SpanTable } from '../../../graph/spans/span-table.ts'
import { LeftOutTraces, spansStartingIn } from '../../left-out-traces.ts'
import type { Window } from '../../trace-source.ts'
import { addMissingSpans } from './add-missing-spans.ts'

/**
 * The traces that a read leaves out. Those that began before the window and reach into it are kept until the end
 * of the read, with their spans. Their fragments arrive one by one. They are few: those on the edge of a window.
 */
export class LeftOutFragments {
  private readonly window: Window
  private readonly tables = new Map<number, SpanTable>()
  private readonly untimed = new Map<number, Uint32Array>()

  constructor(window: Window) {
    this.window = window
  }

  /** Adds spans of a trace. @returns all its spans so far; only these if they end before the window */
  add(index: number, spans: SpanTable): SpanTable {
    const known = this.tables.get(index)
    if (known) addMissingSpans(known, spans)
    else if (spans.extentMs().endMs >= this.window.fromMs) this.tables.set(index, spans.snapshot())
    return this.tables.get(index) ?? spans
  }

  /** Adds a trace without a timed span. */
  addUntimed(index: number, { traceId }: SpanTable): void {
    this.untimed.set(index, traceId.slice())
  }

  /** Forgets an untimed trace after timed spans of it were found. */
  dropUntimed(index: number): void {
    this.untimed.delete(index)
  }

  report(): ReturnType<LeftOutTraces['report']> {
    const leftOut = new LeftOutTraces()
    for (const spans of this.tables.values())
      leftOut.addEarlier(spans.traceId, spansStartingIn(spans, this.window))
    for (const traceId of this.untimed.values()) leftOut.addUntimed(traceId)
    return leftOut.report()
  }
}
