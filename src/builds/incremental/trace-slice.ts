import { createYielder } from '../../base/event-loop.ts'
import type { GraphBuilder } from '../../graph/graph-builder.ts'
import { newTraceIds, type TraceIds } from '../../graph/trace/span-counts.ts'

/** The graph of the traces that begin in one slice of time. */
export interface TraceSlice {
  builder: GraphBuilder
  traces: number
  spans: number
  /** Traces known to lack spans, and a few of them. */
  incomplete: number
  incompleteIds: TraceIds
}

export const newSlice = (builder: GraphBuilder): TraceSlice => ({
  builder,
  traces: 0,
  spans: 0,
  incomplete: 0,
  incompleteIds: newTraceIds(),
})

/** Adds slices up, which stay as they are; in turns of the event loop, for each is a graph. @param builder empty */
export async function sumOf(slices: Iterable<TraceSlice>, builder: GraphBuilder): Promise<TraceSlice> {
  const sum = newSlice(builder)
  const hadTurn = createYielder()
  for (const slice of slices) {
    await hadTurn()
    builder.merge(slice.builder)
    sum.traces += slice.traces
    sum.spans += slice.spans
    sum.incomplete += slice.incomplete
    sum.incompleteIds.merge(slice.incompleteIds)
  }
  return sum
}
