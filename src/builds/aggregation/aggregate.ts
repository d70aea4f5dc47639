import { TtaError } from '../../base/errors.ts'
import type { GraphDocument } from '../../model/graph-document.ts'
import type { AggregationSummary } from '../../model/summary.ts'
import type { ReadOptions } from '../../sources/trace-source.ts'
import type { IncrementalReads } from '../incremental/incremental-reads.ts'
import { type BuildPorts, buildDocuments } from './build-documents.ts'
import { type BuildPreview, compareWithEarlier } from './compare-builds.ts'
import { type Destinations, publishToSinks, publishToStore } from './publish.ts'
import type { AggregationRequest } from './request.ts'
import { type BuildOutcome, finalSummary } from './summary.ts'

export interface AggregationPorts extends BuildPorts {
  destinations: Destinations
  /** Reuses the traces that an earlier read of the same graph kept; absent: reads the whole window. */
  incremental: IncrementalReads | undefined
  /** Builds the window that the graph is compared with. */
  preview: BuildPreview
}

type AggregateOptions = Pick<ReadOptions, 'signal' | 'onProgress'>

/**
 * Builds and publishes the graph of a request. Steps: read the traces, build the documents, compare the graph with an
 * earlier window if requested, publish to the sinks, store.
 *
 * @returns the summary that is also in the stored document
 * @throws {TtaError} the source could not be read; TTA_SINK_FAILED with `details.summary`, where the embedded store
 *   keeps its last good graph
 */
export async function aggregate(
  request: AggregationRequest,
  ports: AggregationPorts,
  options: AggregateOptions,
): Promise<AggregationSummary> {
  const { compare, dryRun } = request.parameters
  const { document, services } = await buildDocuments(request, ports, ports.incremental, options)
  const comparison =
    compare === undefined
      ? { warnings: [] }
      : await compareWithEarlier(document, compare, compareParts(ports), options)

  const destinations = { ...ports.destinations, dryRun }
  const publishServices = async () =>
    services && publishDocument(services, { warnings: [] }, destinations, options.signal)
  return publishDocument(document, comparison, destinations, options.signal, publishServices)
}

const compareParts = ({ destinations: { store }, preview, now }: AggregationPorts) => ({
  store,
  aggregator: { preview },
  now,
})

/** @param publishServices publishes the service graph once the sinks hold this one */
async function publishDocument(
  document: GraphDocument,
  comparison: BuildOutcome['comparison'],
  destinations: Destinations & { dryRun: boolean },
  signal: AbortSignal,
  publishServices = async (): Promise<AggregationSummary | undefined> => undefined,
): Promise<AggregationSummary> {
  const publication = await publishToSinks(document, destinations, signal)
  const summaryWith = (services: AggregationSummary | undefined) =>
    finalSummary(document.summary, { comparison, publication, services })
  if (publication.state === 'failed') {
    throw new TtaError('TTA_SINK_FAILED', publication.reason, {
      details: { summary: summaryWith(undefined) },
    })
  }
  const store = async (summary: AggregationSummary) =>
    publication.state === 'published' ? publishToStore(destinations.store, { ...document, summary }) : []
  let services: AggregationSummary | undefined
  try {
    services = await publishServices()
  } catch (error) {
    // The sinks hold this graph, so readers must see it.
    await store(summaryWith(undefined))
    throw error
  }
  const summary = summaryWith(services)
  const lateWarnings = await store(summary)
  return { ...summary, warnings: [...summary.warnings, ...lateWarnings] }
}
