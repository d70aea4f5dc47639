import type { SpanTable } from '../graph/spans/span-table.ts'
import { addTraceId, newTraceIds } from '../graph/trace/span-counts.ts'
import type { ReadReport, Window } from './trace-source.ts'

/** Counts the traces that a read leaves out because they began before the window, and their spans in the window. */
export class EarlierTraces {
  private traces = 0
  private spans = 0
  private readonly ids = newTraceIds()

  /** @param spans how many spans of the trace start in the window; a trace without one is not counted */
  add(traceId: Uint32Array, spans: number): void {
    if (spans === 0) return
    this.traces++
    this.spans += spans
    addTraceId(this.ids, traceId, 1)
  }

  report(): Pick<ReadReport, 'beganEarlier' | 'spansLeftOut' | 'beganEarlierTraceIds'> {
    return { beganEarlier: this.traces, spansLeftOut: this.spans, beganEarlierTraceIds: this.ids.values() }
  }
}

/** Returns how many spans start in the window. */
export function spansStartingIn(spans: SpanTable, { fromMs, toMs }: Window): number {
  let count = 0
  for (let row = 0; row < spans.length; row++) {
    const startMs = spans.startMs(row)
    if (startMs >= fromMs && startMs < toMs) count++
  }
  return count
}
