import { TtaError } from '../../base/errors.ts'
import { withSpan } from '../../base/tracing.ts'
import type { GraphDocument } from '../../model/graph-document.ts'
import type { AggregationSummary } from '../../model/summary.ts'
import type { GraphSink } from '../../sinks/graph-sink.ts'
import type { GraphStore } from '../../sinks/graph-store.ts'
import { rounded } from './build.ts'

export interface Destinations {
  store: GraphStore
  sinks: GraphSink[]
}

/**
 * Hands a graph to every sink and, when all of them hold it, to the embedded store.
 *
 * @returns the summary, with the account of every sink
 * @throws {TtaError} TTA_SINK_FAILED: the embedded store keeps its last good graph; `details.summary` has the account
 */
export async function publish(
  document: GraphDocument,
  { store, sinks, dryRun }: Destinations & { dryRun: boolean },
  signal: AbortSignal,
): Promise<AggregationSummary> {
  const { summary } = document
  const all = [...sinks, store]
  const unreadable = summary.status === 'partial' && document.nodes.length === 0
  if (dryRun || unreadable) {
    if (unreadable) summary.warnings.push('Nothing of what exists could be read: the last graph stays.')
    return { ...summary, sinks: all.map((sink) => untouched(sink.name)) }
  }
  const startedAt = performance.now()
  for (const [index, sink] of sinks.entries()) {
    const report = await withSpan('hand on', { 'tta.sink': sink.name, 'tta.graph': document.name }, () =>
      sink.replace(document, signal),
    )
    summary.sinks.push(report)
    summary.warnings.push(...report.warnings)
    if (report.state === 'restored' || report.state === 'failed') {
      summary.sinks.push(...all.slice(index + 1).map(({ name }) => untouched(name)))
      // It was not the sink that failed: nobody waited for it to the end.
      if (report.state === 'restored') signal.throwIfAborted()
      const message = `${sink.name} did not take the graph (${report.state}): ${report.reason ?? 'no reason given'}`
      throw new TtaError('TTA_SINK_FAILED', message, { details: { summary } })
    }
  }
  // From here on nothing may stop it: what the sinks hold and what readers see must be the same graph.
  const state = document.nodes.length === 0 ? 'cleared' : 'stored'
  summary.sinks.push({ sink: store.name, state, verified: true, attempts: 1, isolatedNodes: 0, warnings: [] })
  summary.phasesMs.publish = rounded(performance.now() - startedAt)
  summary.phasesMs.total = rounded(summary.phasesMs.total + summary.phasesMs.publish)
  const { warnings } = await store.replace(document, new AbortController().signal)
  // Only the answer can say it: the document is where readers have it.
  return warnings.length === 0 ? summary : { ...summary, warnings: [...summary.warnings, ...warnings] }
}

/** @returns whether any of them had the graph @throws {TtaError} TTA_SINK_FAILED */
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

const untouched = (sink: string): AggregationSummary['sinks'][number] => ({
  sink,
  state: 'skipped',
  verified: false,
  attempts: 0,
  isolatedNodes: 0,
  warnings: [],
})
