import type { SpanTable } from '../../../graph/spans/span-table.ts'
import { EarlierTraces, spansStartingIn } from '../../earlier-traces.ts'
import type { Window } from '../../trace-source.ts'
import { addMissingSpans } from './add-missing-spans.ts'

/**
 * The traces of a read that began before its window and reach into it, with their spans. Their fragments arrive one by
 * one, so the spans are kept until the end of the read. Only traces on the edge of a window are such traces.
 */
export class EarlyTraces {
  private readonly window: Window
  private readonly tables = new Map<number, SpanTable>()

  constructor(window: Window) {
    this.window = window
  }

  /** Adds spans of a trace. @returns all its spans so far; undefined if they end before the window */
  add(index: number, spans: SpanTable): SpanTable | undefined {
    const known = this.tables.get(index)
    if (known) addMissingSpans(known, spans)
    else if (spans.extentMs().endMs >= this.window.fromMs) this.tables.set(index, spans.snapshot())
    return this.tables.get(index)
  }

  report(): ReturnType<EarlierTraces['report']> {
    const earlier = new EarlierTraces()
    for (const spans of this.tables.values()) earlier.add(spans.traceId, spansStartingIn(spans, this.window))
    return earlier.report()
  }
}
