import type { SpanTable } from '../graph/spans/span-table.ts'
import { addTraceId, newTraceIds } from '../graph/trace/span-counts.ts'
import type { ReadReport, TraceQuery, Window } from './trace-source.ts'

type LeftOut = 'beganEarlier' | 'spansLeftOut' | 'beganEarlierTraceIds' | 'untimedTraces' | 'untimedTraceIds'

/** Counts the traces that a read leaves out: those that began before the window, and those without a start. */
export class LeftOutTraces {
  private beganEarlier = 0
  private spans = 0
  private untimed = 0
  private readonly earlierIds = newTraceIds()
  private readonly untimedIds = newTraceIds()

  /**
   * Counts a trace that began before the window.
   *
   * @param spans how many of its spans start in the window; a trace without one is not counted
   */
  addEarlier(traceId: Uint32Array, spans: number): void {
    if (spans === 0) return
    this.beganEarlier++
    this.spans += spans
    addTraceId(this.earlierIds, traceId, 1)
  }

  /** Counts a trace whose spans are all untimed. */
  addUntimed(traceId: Uint32Array): void {
    this.untimed++
    addTraceId(this.untimedIds, traceId, 1)
  }

  report(): Pick<ReadReport, LeftOut> {
    return {
      beganEarlier: this.beganEarlier,
      spansLeftOut: this.spans,
      beganEarlierTraceIds: this.earlierIds.values(),
      untimedTraces: this.untimed,
      untimedTraceIds: this.untimedIds.values(),
    }
  }
}

/** Returns whether a query reads a trace. @param startMs start of its earliest timed span, Unix ms */
export function isInWindow(
  spans: SpanTable,
  startMs: number,
  query: Pick<TraceQuery, 'window' | 'countBy'>,
): boolean {
  const { window, countBy } = query
  if (startMs >= window.toMs) return false
  return startMs >= window.fromMs || (countBy === 'span' && spansStartingIn(spans, window) > 0)
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
