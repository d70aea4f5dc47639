import { createYielder } from '../../base/event-loop.ts'
import { hexOfWords } from '../../graph/columns/ids.ts'
import type { StringTable } from '../../graph/columns/string-table.ts'
import type { GraphBuilder } from '../../graph/graph-builder.ts'
import type { SpanTable } from '../../graph/spans/span-table.ts'
import { addTraceId, newTraceIds, type TraceIds } from '../../graph/trace/span-counts.ts'
import { SpanSetHash } from '../../graph/trace/span-set-hash.ts'
import { TraceTree } from '../../graph/trace/trace-tree.ts'
import type { TraceConsumer } from '../../sources/trace-source.ts'
import type { TimeSlices } from './time-slices.ts'

/** The graph of the traces that start in one slice of time. */
export interface TraceSlice {
  builder: GraphBuilder
  traces: number
  spans: number
  /** Traces known to lack spans, and examples of their ids. */
  incomplete: number
  incompleteIds: TraceIds
}

const newSlice = (builder: GraphBuilder): TraceSlice => ({
  builder,
  traces: 0,
  spans: 0,
  incomplete: 0,
  incompleteIds: newTraceIds(),
})

/** Time of a trace, Unix ms, and a hash of its spans (`SpanSetHash`). */
export interface TraceExtent {
  id: string
  startMs: number
  endMs: number
  count: number
  hash: string
  /** Start of each span. */
  startsMs: Float64Array
}

/** Receives whole traces, and adds each to the graph of the time slice in which it starts. */
export class SlicedTraces implements TraceConsumer {
  readonly strings: StringTable
  /** By number. */
  readonly slices = new Map<number, TraceSlice>()
  /** Traces that end in a later slice than they start in, by id. */
  readonly reaching = new Map<string, TraceExtent>()
  /** Traces that start before the read and reach into it, with the spans that were seen, by id. */
  readonly before = new Map<string, TraceExtent>()
  private readonly time: TimeSlices
  private readonly fromMs: number
  private readonly newBuilder: (strings: StringTable) => GraphBuilder
  private readonly hash = new SpanSetHash()
  private readonly tree = new TraceTree()

  /** @param fromMs start of the read, Unix ms */
  constructor(
    time: TimeSlices,
    fromMs: number,
    strings: StringTable,
    newBuilder: (strings: StringTable) => GraphBuilder,
  ) {
    this.time = time
    this.fromMs = fromMs
    this.strings = strings
    this.newBuilder = newBuilder
  }

  add(spans: SpanTable, tree?: TraceTree): void {
    const slice = this.count(spans, 1)
    slice.builder.add(spans, tree)
    const { startMs, endMs } = spans.extentMs()
    if (this.time.numberOf(startMs) === this.time.numberOf(endMs)) return
    const extent = this.extentOf(spans)
    this.reaching.set(extent.id, extent)
  }

  remove(spans: SpanTable): void {
    const slice = this.count(spans, -1)
    slice.builder.remove(spans)
    this.reaching.delete(hexOfWords(spans.traceId))
  }

  onBeforeWindow(spans: SpanTable): void {
    if (spans.extentMs().endMs < this.fromMs) return
    const extent = this.extentOf(spans)
    this.before.set(extent.id, extent)
  }

  onIncomplete(spans: SpanTable): void {
    const slice = this.sliceOf(spans)
    slice.incomplete++
    addTraceId(slice.incompleteIds, spans.traceId, 1)
  }

  private count(spans: SpanTable, sign: 1 | -1): TraceSlice {
    const slice = this.sliceOf(spans)
    slice.traces += sign
    slice.spans += sign * spans.length
    return slice
  }

  private sliceOf(spans: SpanTable): TraceSlice {
    const number = this.time.numberOf(spans.extentMs().startMs)
    let slice = this.slices.get(number)
    if (slice === undefined) {
      slice = newSlice(this.newBuilder(this.strings))
      this.slices.set(number, slice)
    }
    return slice
  }

  private extentOf(spans: SpanTable): TraceExtent {
    this.tree.build(spans)
    const { count, hi, lo } = this.hash.set(spans, this.tree)
    const startsMs = Float64Array.from({ length: spans.length }, (_, row) => spans.startMs(row))
    return { id: hexOfWords(spans.traceId), ...spans.extentMs(), count, hash: `${hi}.${lo}`, startsMs }
  }
}

/** Adds slices up and does not change them. Yields to the event loop between slices. @param builder empty */
export async function sumOf(slices: Iterable<TraceSlice>, builder: GraphBuilder): Promise<TraceSlice> {
  const sum = newSlice(builder)
  const yieldIfDue = createYielder()
  for (const slice of slices) {
    await yieldIfDue()
    builder.merge(slice.builder)
    sum.traces += slice.traces
    sum.spans += slice.spans
    sum.incomplete += slice.incomplete
    sum.incompleteIds.merge(slice.incompleteIds)
  }
  return sum
}
