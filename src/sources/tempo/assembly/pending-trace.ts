import type { SpanTable } from '../../../graph/spans/span-table.ts'
import type { TraceSearchMetadata } from '../decode/decode-search.ts'

/** Why a trace is not published yet. */
export type PendingReason =
  /** It reaches into slices that have not been read. */
  | 'unread'
  /** Only fragments that match were found; there may be others. */
  | 'unverified'
  /** Spans are certainly missing. */
  | 'incomplete'
  /** A parent is missing; it may never have existed. */
  | 'orphaned'
  /** Another part of the trace has been published. */
  | 'conflict'

/** A trace that waits for more spans, or for the certainty that it is complete. */
export interface PendingTrace extends TraceSearchMetadata {
  index: number
  spans: SpanTable
  reason: PendingReason
}

/** Orders pending traces by their ids. */
export function compareTraceIds({ spans: a }: PendingTrace, { spans: b }: PendingTrace): number {
  const word = a.traceId.findIndex((value, at) => value !== b.traceId[at])
  return word < 0 ? 0 : (a.traceId[word] ?? 0) - (b.traceId[word] ?? 0)
}
