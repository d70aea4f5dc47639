import { withSpan } from '../../base/tracing.ts'
import type { GraphDocument } from '../../model/graph-document.ts'
import type { AggregationSummary } from '../../model/summary.ts'
import type { GraphSink } from '../../sinks/graph-sink.ts'
import type { GraphStore } from '../../sinks/graph-store.ts'
import { nothingReadWarning } from './warnings.ts'

type SinkReports = AggregationSummary['sinks']

export interface Destinations {
  /** The embedded store, which is written last. */
  store: GraphStore
  sinks: readonly GraphSink[]
}

/**
 * The result of publishing a graph to its sinks.
 *
 * - published: every sink holds the graph.
 * - skipped: the graph was not to be published.
 * - failed: a sink did not store it.
 */
export type Publication = ({ state: 'published' | 'skipped' } | { state: 'failed'; reason: string }) & {
  /** One report for each sink, that of the embedded store last. */
  reports: SinkReports
  warnings: string[]
  /** 0 unless published. */
  publishMs: number
}

/**
 * Gives a graph to every sink, one after the other, and stops at the first that does not take it. The embedded store
 * is not written: its document has the reports of all sinks in its summary.
 *
 * @throws the reason of the signal
 */
export async function publishToSinks(
  document: GraphDocument,
  { store, sinks, dryRun }: Destinations & { dryRun: boolean },
  signal: AbortSignal,
): Promise<Publication> {
  const names = [...sinks, store].map(({ name }) => name)
  const isEmpty = document.nodes.length === 0
  const isUnreadable = isEmpty && document.summary.status === 'partial'
  if (dryRun || isUnreadable) {
    const warnings = isUnreadable ? [nothingReadWarning] : []
    return { state: 'skipped', reports: names.map(skipped), warnings, publishMs: 0 }
  }
  const startedAtMs = performance.now()
  const reports: SinkReports = []
  const warnings: string[] = []
  for (const sink of sinks) {
    const report = await withSpan('publish', { 'tta.sink': sink.name, 'tta.graph': document.name }, () =>
      sink.replace(document, signal),
    )
    reports.push(report)
    warnings.push(...report.warnings)
    if (report.state === 'restored' || report.state === 'failed') {
      // A sink that was restored after an abort did not fail.
      if (report.state === 'restored') signal.throwIfAborted()
      reports.push(...names.slice(reports.length).map(skipped))
      const reason = `${sink.name} did not store the graph (${report.state}): ${report.reason ?? 'no reason given'}`
      return { state: 'failed', reports, warnings, publishMs: 0, reason }
    }
  }
  const state = isEmpty ? 'cleared' : 'stored'
  reports.push({ sink: store.name, state, verified: true, attempts: 1, isolatedNodes: 0, warnings: [] })
  return { state: 'published', reports, warnings, publishMs: performance.now() - startedAtMs }
}

/**
 * Writes a graph that its sinks hold to the embedded store. No signal stops it: readers must see the graph that the
 * sinks hold.
 *
 * @returns warnings that come too late for the summary of the document
 */
export async function publishToStore(store: GraphStore, document: GraphDocument): Promise<string[]> {
  const { warnings } = await store.replace(document, new AbortController().signal)
  return warnings
}

/** Gives the last good graph back to each sink that has lost it. A graph without edges cannot be lost. */
export async function restoreLastGraph(
  document: GraphDocument,
  sinks: readonly GraphSink[],
  signal: AbortSignal,
): Promise<void> {
  if (document.edges.length === 0) return
  for (const sink of sinks) await sink.restore?.(document, signal)
}

/**
 * Removes a graph from every sink and from the embedded store.
 *
 * @returns whether any of them had it
 * @throws {TtaError} TTA_SINK_FAILED
 */
export async function removeEverywhere(
  graph: string,
  { store, sinks }: Destinations,
  signal: AbortSignal,
): Promise<boolean> {
  let existed = false
  for (const sink of [...sinks, store]) {
    if (await sink.remove(graph, signal)) existed = true
  }
  return existed
}

const skipped = (sink: string): SinkReports[number] => ({
  sink,
  state: 'skipped',
  verified: false,
  attempts: 0,
  isolatedNodes: 0,
  warnings: [],
})
