import { HashSample } from '../columns/hash-sample.ts'
import { hashTraceId } from '../columns/hashing.ts'
import { hexOfWords } from '../columns/ids.ts'

/**
 * What became of the spans. Two sums always hold:
 * `received = counted + duplicates + withoutService` and
 * `counted = edgeCalls + selfCalls + roots + orphans + cycles`.
 *
 * A node is what the level has nodes for. At the service level work inside a service counts among its self calls
 * here, though not on its node, and all members of a cycle count as such.
 */
export interface SpanCounts {
  traces: number
  /** Spans handed to the builder. */
  received: number
  /** Spans that are on a node. */
  counted: number
  /** Repetitions of a span that counts already. */
  duplicates: number
  /** Spans without `service.name`: no node, but their children hang on the nearest named ancestor. */
  withoutService: number
  /** Counted spans without a parent. */
  roots: number
  /** Counted spans whose parent never arrived. */
  orphans: number
  /** Counted spans whose ancestors lead back to themselves. */
  cycles: number
  /** Counted spans called from the same node. */
  selfCalls: number
  /** Counted spans called from another node. */
  edgeCalls: number
  /** Counted spans that end before they start: their duration is taken as 0. */
  skewed: number
  /** Counted spans that say of their sampling or pruning what cannot be: they stand for themselves. */
  badWeights: number
}

export function emptyCounts(): SpanCounts {
  return {
    traces: 0,
    received: 0,
    counted: 0,
    duplicates: 0,
    withoutService: 0,
    roots: 0,
    orphans: 0,
    cycles: 0,
    selfCalls: 0,
    edgeCalls: 0,
    skewed: 0,
    badWeights: 0,
  }
}

/** What is wrong with spans that count all the same, or cannot count. */
export const traceFaults = ['orphans', 'duplicates', 'withoutService', 'cycles', 'skewed'] as const
export type TraceFault = (typeof traceFaults)[number]

/** Most traces that are named for one fault. */
export const maxExamples = 20

/** Ids of traces, 32 hex digits. */
export type TraceIds = HashSample<string>
export const newTraceIds = (): TraceIds => new HashSample(maxExamples)

export function addTraceId(ids: TraceIds, traceId: Uint32Array, times: 1 | -1): void {
  const hex = () => hexOfWords(traceId)
  ids.add(hashTraceId(traceId, 0), hex, hex, times)
}

/** Remembers for each fault a few traces that have it. Costs a comparison per trace. */
export class TraceExamples {
  private readonly ids: Record<TraceFault, TraceIds> = {
    orphans: newTraceIds(),
    duplicates: newTraceIds(),
    withoutService: newTraceIds(),
    cycles: newTraceIds(),
    skewed: newTraceIds(),
  }
  /** The counts when the last trace had been counted. */
  private readonly seen: Record<TraceFault, number> = {
    orphans: 0,
    duplicates: 0,
    withoutService: 0,
    cycles: 0,
    skewed: 0,
  }

  private seenTotal = 0

  /** A trace has just been counted: the counts that have changed are its faults. */
  record(counts: SpanCounts, traceId: Uint32Array, sign: 1 | -1): void {
    // All of them change in one direction, so one comparison does for nearly every trace.
    const total = totalOf(counts)
    if (total === this.seenTotal) return
    this.seenTotal = total
    for (const fault of traceFaults) {
      if (counts[fault] === this.seen[fault]) continue
      this.seen[fault] = counts[fault]
      addTraceId(this.ids[fault], traceId, sign)
    }
  }

  /** @param counts those of both together */
  merge(other: TraceExamples, counts: SpanCounts): void {
    for (const fault of traceFaults) {
      this.ids[fault].merge(other.ids[fault])
      this.seen[fault] = counts[fault]
    }
    this.seenTotal = totalOf(counts)
  }

  /** Up to `maxExamples` traces for each fault, in an order that looks random and is always the same. */
  read(): Record<TraceFault, string[]> {
    const read = (fault: TraceFault) => this.ids[fault].values()
    return {
      orphans: read('orphans'),
      duplicates: read('duplicates'),
      withoutService: read('withoutService'),
      cycles: read('cycles'),
      skewed: read('skewed'),
    }
  }
}

const totalOf = ({ orphans, duplicates, withoutService, cycles, skewed }: SpanCounts) =>
  orphans + duplicates + withoutService + cycles + skewed
