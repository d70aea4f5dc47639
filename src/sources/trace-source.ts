import type { StringTable } from '../graph/columns/string-table.ts'
import type { SpanTable } from '../graph/spans/span-table.ts'
import type { TraceTree } from '../graph/trace/trace-tree.ts'
import type { ReadLimits } from './read-limits.ts'
import type { Attribute, TagSelector } from './tag-selector.ts'

/** Which traces to read: those in which a span matches, whole, with all their spans. */
export interface TraceQuery {
  selector: TagSelector
  /** A further TraceQL spanset filter without braces' pipeline, joined with `&&`; only Tempo understands it. */
  query?: string | undefined
  /** Whose traces; the source's own choice if left out. Only Tempo has tenants. */
  tenant?: string | undefined
  /** A trace is meant when its earliest span starts in [fromMs, toMs), Unix ms. */
  window: Window
  /** Most traces to read. */
  limit: number
  /** Whether what the spans say of their peers, and their links, are wanted: the service level needs them. */
  peers?: boolean | undefined
  /** The attribute that says how a span was sampled: the share that was kept, or how many it stands for. */
  sampling?: Attribute | undefined
}

/** Unix ms, half open: fromMs <= t < toMs. */
export interface Window {
  fromMs: number
  toMs: number
}

/** Takes whole traces. `GraphBuilder` is one. */
export interface TraceConsumer {
  readonly strings: StringTable
  /**
   * The table is the source's own and is cleared afterwards.
   *
   * @param tree built of the spans, where the source has it; the consumer may change it
   */
  add(spans: SpanTable, tree?: TraceTree): void
  /** Takes back a trace added with exactly these spans, because more of it turned up. */
  remove(spans: SpanTable): void
  /** Told of traces that are left out because they begin before the window, with the spans that were seen. */
  beginsBefore?(spans: SpanTable): void
  /** Told of traces, added or left out, that are known to lack spans. */
  isIncomplete?(spans: SpanTable): void
}

/** How far a read has come; counts only ever grow. */
export interface ReadProgress {
  /** Share of the window that has been read, 0..1. */
  fraction: number
  /** Time slices read. */
  slices: number
  traces: number
  spans: number
  requests: number
}

/** In `ReadReport.unavailable`: of several links of a span only the last is known. */
export const earlierLinks = 'all links of a span but the last'

/** What a read did. Everything that was left out or is in doubt has a count here. */
export interface ReadReport {
  /** Traces handed on. */
  traces: number
  /** Spans of these traces, as handed on. */
  spans: number
  /** Of these, traces that were not read this time; absent: all were. */
  reusedTraces?: number
  requests: number
  retries: number
  /** Bytes received, after decompression. */
  bytes: number
  /** Time slices the window was read in. */
  slices: number
  /** Traces seen but left out: their earliest span starts outside the window. */
  outsideWindow: number
  /** Traces that looked incomplete as found, and were looked up again. */
  suspects: number
  /** Suspects of which more spans were found. */
  repaired: number
  /** Traces known to lack spans that could not be had. They are in the graph as far as they are known. */
  incomplete: number
  /** A few of those, 32 hex digits each. */
  incompleteTraceIds?: string[]
  /** Traces that were found and left out because a limit was reached, or the source cut its answer. */
  truncated: boolean
  /** The window that was really searched: a source may not have the newest or the oldest part. */
  searched: Window
  /** The TraceQL that was sent; null where none was. */
  traceql: string | null
  /** What the source cannot tell of spans, in plain words; [] where it tells all. */
  unavailable: string[]
  /** What a person should know, in plain words. */
  warnings: string[]
}

export interface ReadOptions {
  signal: AbortSignal
  /** Where they are passed the read ends, and the report is `truncated`. */
  limits?: ReadLimits | undefined
  /** How many spans a second there will be about. Nobody waits for such a read: it asks as seldom as it can. */
  expectedSpansPerSec?: number | undefined
  onProgress?: ((progress: ReadProgress) => void) | undefined
}

/**
 * Where traces come from.
 *
 * Making one does no I/O. Every failure is a `TtaError`; no failure is ever a `ReadReport` with no traces.
 */
export interface TraceSource {
  readonly name: 'tempo' | 'embedded'
  /**
   * Hands every trace of the query to `consumer`, each once and whole.
   *
   * @throws {TtaError} the source could not be read, refused the query, or answered nonsense
   */
  read(query: TraceQuery, consumer: TraceConsumer, options: ReadOptions): Promise<ReadReport>
  /** @throws {TtaError} the source cannot be reached */
  check(signal: AbortSignal): Promise<void>
  close(): Promise<void>
}
