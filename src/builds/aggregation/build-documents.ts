import { runYielding } from '../../base/event-loop.ts'
import type { Graph } from '../../graph/graph.ts'
import { parseFailureRule } from '../../model/failure-rules.ts'
import type { GraphDocument } from '../../model/graph-document.ts'
import { servicesGraphName } from '../../model/parameters.ts'
import { toNodeGraphInSteps } from '../../node-graph/node-graph.ts'
import type { ReadOptions } from '../../sources/trace-source.ts'
import type { IncrementalReads } from '../incremental/incremental-reads.ts'
import { clockOffsetsOf } from './clock-offsets.ts'
import { type ReadSettings, readTraces } from './read-traces.ts'
import type { AggregationRequest } from './request.ts'
import { summaryOfBuild } from './summary.ts'

export interface BuildPorts extends ReadSettings {
  /** Unix ms. */
  now: () => number
}

/** The graphs of one read. Their summaries say nothing of sinks yet. */
export interface BuiltDocuments {
  /** The graph of the request. */
  document: GraphDocument
  /** The service graph, at level both. */
  services: GraphDocument | undefined
}

/**
 * Reads the traces of a request once and builds their graph, or two graphs at level both. Publishes nothing.
 *
 * @param incremental reuses the traces that an earlier read of the same graph kept; absent: reads the whole window
 * @throws {TtaError} the source could not be read
 */
export async function buildDocuments(
  request: AggregationRequest,
  ports: BuildPorts,
  incremental: IncrementalReads | undefined,
  options: Pick<ReadOptions, 'signal' | 'onProgress'>,
): Promise<BuiltDocuments> {
  const { parameters, selector } = request
  const { graph: requestedName, level } = parameters
  const startedAtMs = performance.now()
  const { builder, report } = await readTraces(request, ports, incremental, options)
  const readAtMs = performance.now()

  const documentOf = async (name: string, graph: Graph): Promise<GraphDocument> => {
    const rows = toNodeGraphInSteps(graph, {
      windowSec: (report.searched.toMs - report.searched.fromMs) / 1000,
      tagNodeSubTitle: parameters.serviceNodeSubTitle,
      tag: selector,
      identity: parameters.identity,
      spanNames: parameters.spanNames,
      failures: parameters.failedWhen.map(parseFailureRule),
    })
    const nodeGraph = await runYielding(rows)
    const builtAt = new Date(ports.now()).toISOString()
    const endedAtMs = performance.now()
    const phasesMs = {
      read: readAtMs - startedAtMs,
      build: endedAtMs - readAtMs,
      total: endedAtMs - startedAtMs,
    }
    const source = ports.source.name
    const summary = summaryOfBuild({ request, source, report, name, graph, nodeGraph, builtAt, phasesMs })
    const traceExamples = {
      incomplete: report.incompleteTraceIds ?? [],
      beganEarlier: report.beganEarlierTraceIds ?? [],
      untimedTraces: report.untimedTraceIds ?? [],
      ...builder.examples(),
    }
    return { name, builtAt, summary, ...nodeGraph, traceExamples, clockOffsets: clockOffsetsOf(graph) }
  }

  const services = await runYielding(builder.finishServicesInSteps())
  if (services && level === 'service') {
    return { document: await documentOf(requestedName, services), services: undefined }
  }
  const operations = await runYielding(builder.finishInSteps())
  return {
    document: await documentOf(requestedName, operations),
    services: services && (await documentOf(servicesGraphName(requestedName), services)),
  }
}
