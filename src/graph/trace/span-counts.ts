import { HashSample } from '../columns/hash-sample.ts'
import { hashTraceId } from '../columns/hashing.ts'
import { hexOfWords } from '../columns/ids.ts'

/**
 * How the spans were counted. Two equations always hold:
 * `received = counted + duplicates + withoutService + outsideWindow + excluded + transparent` and
 * `counted = edgeCalls + selfCalls + roots + orphans + cycles`.
 *
 * A node is an operation or, at the service level, a service. At the service level spans inside a service count as self
 * calls here, though not on the node. Every member of a cycle counts in `cycles` there.
 */
export interface SpanCounts {
  traces: number
  /** Spans that the builder was given. */
  received: number
  /** Spans that are on a node. */
  counted: number
  /** Repetitions of a span that is counted already. */
  duplicates: number
  /** Spans that start outside the counted time. They only say who called. */
  outsideWindow: number
  /** Spans without `service.name`. They have no node; their children belong to the nearest ancestor with a service. */
  withoutService: number
  /** Spans that count nowhere, because they or spans above them are excluded. */
  excluded: number
  /** Spans of transparent services, which are seen through as spans without a service are. */
  transparent: number
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
  /** Counted spans that end before they start. Their duration counts as 0. */
  skewed: number
  /** Counted spans with an impossible start. They take that of the span above, or of the trace. */
  untimed: number
  /** Counted spans with impossible attributes of sampling or pruning. Each represents one call. */
  badWeights: number
  /** At the service level: counted server spans that record a request which another one recorded as well. */
  doubled: number
  /** At the service level: counted clients that name no peer, and that no span answered. */
  unnamedPeers: number
}

export function emptyCounts(): SpanCounts {
  return {
    traces: 0,
    received: 0,
    counted: 0,
    duplicates: 0,
    outsideWindow: 0,
    withoutService: 0,
    excluded: 0,
    transparent: 0,
    roots: 0,
    orphans: 0,
    cycles: 0,
    selfCalls: 0,
    edgeCalls: 0,
    skewed: 0,
    untimed: 0,
    badWeights: 0,
    doubled: 0,
    unnamedPeers: 0,
  }
}

/** Faults of spans for which example traces are kept. */
const traceFaults = ['orphans', 'duplicates', 'withoutService', 'cycles', 'skewed', 'untimed'] as const
export type TraceFault = (typeof traceFaults)[number]

/** Most example traces for one fault. */
export const maxExamples = 20

/** Ids of traces, 32 hex digits. */
export type TraceIds = HashSample<string>
export const newTraceIds = (): TraceIds => new HashSample(maxExamples)

export function addTraceId(ids: TraceIds, traceId: Uint32Array, times: 1 | -1): void {
  const hex = () => hexOfWords(traceId)
  ids.add(hashTraceId(traceId, 0), hex, hex, times)
}

/** Keeps for each fault a few traces that have it, at the cost of one comparison per trace. */
export class TraceExamples {
  private readonly ids: Record<TraceFault, TraceIds> = {
    orphans: newTraceIds(),
    duplicates: newTraceIds(),
    withoutService: newTraceIds(),
    cycles: newTraceIds(),
    skewed: newTraceIds(),
    untimed: newTraceIds(),
  }
  /** The counts after the last trace. */
  private readonly seen: Record<TraceFault, number> = {
    orphans: 0,
    duplicates: 0,
    withoutService: 0,
    cycles: 0,
    skewed: 0,
    untimed: 0,
  }

  private seenTotal = 0

  /** Records the faults of the trace that was just counted: those whose counts have changed. */
  record(counts: SpanCounts, traceId: Uint32Array, sign: 1 | -1): void {
    // All counts change in one direction, so one comparison is enough for nearly every trace.
    const total = totalOf(counts)
    if (total === this.seenTotal) return
    this.seenTotal = total
    for (const fault of traceFaults) {
      if (counts[fault] === this.seen[fault]) continue
      this.seen[fault] = counts[fault]
      addTraceId(this.ids[fault], traceId, sign)
    }
  }

  /** @param counts the counts of both together */
  merge(other: TraceExamples, counts: SpanCounts): void {
    for (const fault of traceFaults) {
      this.ids[fault].merge(other.ids[fault])
      this.seen[fault] = counts[fault]
    }
    this.seenTotal = totalOf(counts)
  }

  /** Returns up to `maxExamples` trace ids for each fault, in a pseudo-random order that is always the same. */
  read(): Record<TraceFault, string[]> {
    const read = (fault: TraceFault) => this.ids[fault].values()
    return {
      orphans: read('orphans'),
      duplicates: read('duplicates'),
      withoutService: read('withoutService'),
      cycles: read('cycles'),
      skewed: read('skewed'),
      untimed: read('untimed'),
    }
  }
}

const totalOf = ({ orphans, duplicates, withoutService, cycles, skewed, untimed }: SpanCounts) =>
  orphans + duplicates + withoutService + cycles + skewed + untimed
