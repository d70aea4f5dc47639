import type { StringTable } from '../graph/columns/string-table.ts'
import type { SpanTable } from '../graph/spans/span-table.ts'
import type { TraceTree } from '../graph/trace/trace-tree.ts'
import type { FailureRule } from '../model/failure-rules.ts'
import type { Attribute, TagSelector } from './tag-selector.ts'

/** The traces to read: those in which a span matches, with all their spans. */
export interface TraceQuery {
  selector: TagSelector
  /** A further TraceQL spanset filter, without a pipeline, joined with `&&`. Only for Tempo. */
  query?: string | undefined
  /** Tenant whose traces are read. @default the configured one. Only for Tempo. */
  tenant?: string | undefined
  /** A trace is in the window if its earliest timed span starts in [fromMs, toMs), Unix ms. */
  window: Window
  /** With `span`, a trace is in the window if any of its timed spans starts in it. @default trace */
  countBy?: 'trace' | 'span' | undefined
  /** A time after the window up to which its traces are known to last, Unix ms. */
  reachMs?: number | undefined
  /** Most traces to read. */
  limit: number
  /** The resource attributes that identify a service, with `service.name`. @default service.name */
  identity?: readonly string[] | undefined
  /** The attribute whose values are the groups of spans. @default spans have no groups */
  group?: Attribute | undefined
  /** Whether attributes of peers, and links, are read: the service level needs them. */
  peers?: boolean | undefined
  /** Whether the addresses of clients are read too: only aliases need them. @default false */
  clients?: boolean | undefined
  /** The attribute that says how a span was sampled: the share of spans that were kept, or the count it represents. */
  sampling?: Attribute | undefined
  /** Rules that set the status of spans by their HTTP and gRPC codes. @default none */
  failures?: readonly FailureRule[] | undefined
}

/** Unix ms, half open: fromMs <= t < toMs. */
export interface Window {
  fromMs: number
  toMs: number
}

/** Receives whole traces, such as `GraphBuilder`. */
export interface TraceConsumer {
  readonly strings: StringTable
  /**
   * Adds a trace. The source clears the table afterwards.
   *
   * @param tree built of the spans, if the source has it; the consumer may change it
   */
  add(spans: SpanTable, tree?: TraceTree): void
  /** Removes a trace that was added with exactly these spans, because more of its spans were found. */
  remove(spans: SpanTable): void
  /**
   * Called for a trace that is left out because it starts before the window, with its known spans. Called again if more
   * of its spans are found.
   */
  onBeforeWindow?(spans: SpanTable): void
  /** Called for a trace, added or left out, that is known to lack spans. */
  onIncomplete?(spans: SpanTable): void
}

/** The progress of a read; counts never decrease. */
export interface ReadProgress {
  /** Share of the window that has been read, 0..1. */
  fraction: number
  /** Time slices read. */
  slices: number
  traces: number
  spans: number
  requests: number
}

/** In `ReadReport.unavailable`: only the last of several links of a span is known. */
export const earlierLinks = 'all links of a span but the last'

/** The result of a read, with a count of everything that was left out or is uncertain. */
export interface ReadReport {
  /** Traces published. */
  traces: number
  /** Spans of these traces. */
  spans: number
  /** Traces of these that were reused from an earlier read; absent: none. */
  reusedTraces?: number
  requests: number
  retries: number
  /** Bytes received, after decompression. */
  bytes: number
  /** Time slices read. */
  slices: number
  /** Traces seen but left out: their earliest span starts outside the window. */
  outsideWindow: number
  /** Traces of these that began before the window and have spans that start in it. */
  beganEarlier: number
  /** Their spans that start in the window. They are not counted. */
  spansLeftOut: number
  /** The ids of a few of those traces, 32 hex digits each. */
  beganEarlierTraceIds?: string[]
  /** Traces left out because none of their spans has a possible start (`SpanTable.isTimed`). They are in no window. */
  untimedTraces: number
  /** The ids of a few of those traces, 32 hex digits each. */
  untimedTraceIds?: string[]
  /** Traces that looked incomplete, and were looked up again. */
  suspects: number
  /** Suspects that got more spans. */
  repaired: number
  /** Traces known to lack spans that could not be read. Their known spans are in the graph. */
  incomplete: number
  /** The ids of a few of those, 32 hex digits each. */
  incompleteTraceIds?: string[]
  /** Whether traces were left out because of a limit, or because the source cut its answer. */
  truncated: boolean
  /** The window that was searched: a source may lack the newest or the oldest part. */
  searched: Window
  /** The TraceQL that was sent; null if none was. */
  traceql: string | null
  /** Data of spans that the source cannot provide, for a person. */
  unavailable: string[]
  /** Sentences for a person. */
  warnings: string[]
}

export interface ReadOptions {
  signal: AbortSignal
  /** If they are exceeded, the read ends and its report is `truncated`. */
  limits?: ReadLimits | undefined
  /** The expected number of spans per second, for incremental reads: the read sends as few requests as possible. */
  expectedSpansPerSec?: number | undefined
  onProgress?: ((progress: ReadProgress) => void) | undefined
}

/**
 * A source of traces. Its creation does no I/O. Every failure is a `TtaError`, never a `ReadReport` without traces.
 */
export interface TraceSource {
  readonly name: 'tempo' | 'embedded'
  /**
   * Passes every trace of the query to `consumer`, each once and whole.
   *
   * @throws {TtaError} the source is unavailable, refused the query, or sent a damaged answer
   */
  read(query: TraceQuery, consumer: TraceConsumer, options: ReadOptions): Promise<ReadReport>
  /** @throws {TtaError} the source cannot be reached */
  check(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}

/** Limits of one read, which starts with the newest traces. A source that exceeds them stops. */
export interface ReadLimits {
  maxSpans: number
  /** As received, after decompression. */
  maxBytes: number
}

/** Returns a warning that names the exceeded limit; undefined if none is exceeded. */
export function exceededLimit(
  limits: ReadLimits | undefined,
  { spans, bytes }: { spans: number; bytes: number },
): string | undefined {
  const { maxSpans = Number.POSITIVE_INFINITY, maxBytes = Number.POSITIVE_INFINITY } = limits ?? {}
  const consequence = 'in the window: the oldest part was not read.'
  if (spans > maxSpans) return `More than ${maxSpans} spans (build.max_spans) ${consequence}`
  return bytes > maxBytes ? `More than ${maxBytes} bytes (build.max_bytes) ${consequence}` : undefined
}
