import type { Graph } from '../../graph/graph.ts'
import type { NodeGraph } from '../../model/node-graph-rows.ts'
import type { AggregationSummary } from '../../model/summary.ts'
import type { ReadReport, TraceSource } from '../../sources/trace-source.ts'
import type { Publication } from './publish.ts'
import type { AggregationRequest } from './request.ts'
import { graphWarnings, leftOutWarnings } from './warnings.ts'

/** Everything that the summary of a graph says about its build. */
export interface BuildAccount {
  request: AggregationRequest
  source: TraceSource['name']
  report: ReadReport
  /** Name of the graph: at level both there are two. */
  name: string
  graph: Graph
  nodeGraph: NodeGraph
  /** ISO 8601. */
  builtAt: string
  phasesMs: Pick<AggregationSummary['phasesMs'], 'read' | 'build' | 'total'>
}

/** Steps after a build that the summary of a published graph reports too. */
export interface BuildOutcome {
  comparison: Pick<AggregationSummary, 'comparison' | 'warnings'>
  publication: Publication
  /** Summary of the service graph that was published with it. */
  services?: AggregationSummary | undefined
}

/** Returns the summary of a graph that has been built and not published. */
export function summaryOfBuild(account: BuildAccount): AggregationSummary {
  const { request, source, report, name, graph, nodeGraph, builtAt, phasesMs } = account
  const {
    searched,
    traceql,
    warnings,
    incompleteTraceIds: _incomplete,
    beganEarlierTraceIds: _earlier,
    untimedTraceIds: _untimed,
    ...read
  } = report
  const { received: _received, traces: _traces, ...spans } = graph.spans
  const { unresolvedLinks } = graph
  const built = { nodes: nodeGraph.nodes.length, edges: nodeGraph.edges.length }
  return {
    graph: name,
    status: statusOf(report, built.nodes),
    builtAt,
    parameters: request.parameters,
    window: {
      from: new Date(searched.fromMs).toISOString(),
      to: new Date(searched.toMs).toISOString(),
      seconds: (searched.toMs - searched.fromMs) / 1000,
    },
    source,
    traceql,
    read,
    spans: unresolvedLinks === undefined ? spans : { ...spans, unresolvedLinks },
    built,
    sinks: [],
    phasesMs: {
      read: roundedMs(phasesMs.read),
      build: roundedMs(phasesMs.build),
      publish: 0,
      total: roundedMs(phasesMs.total),
    },
    warnings: [...request.warnings, ...warnings, ...leftOutWarnings(report), ...graphWarnings(graph, report)],
  }
}

/** Returns the summary of a graph that has been published, or was not to be; `built` stays as it is. */
export function finalSummary(
  built: AggregationSummary,
  { comparison, publication, services }: BuildOutcome,
): AggregationSummary {
  const { reports, warnings, publishMs } = publication
  return {
    ...built,
    ...(comparison.comparison === undefined ? {} : { comparison: comparison.comparison }),
    sinks: reports,
    ...(services === undefined
      ? {}
      : { services: { graph: services.graph, built: services.built, sinks: services.sinks } }),
    phasesMs: {
      ...built.phasesMs,
      publish: roundedMs(publishMs),
      total: roundedMs(built.phasesMs.total + publishMs),
    },
    warnings: [...built.warnings, ...comparison.warnings, ...warnings],
  }
}

function statusOf(report: ReadReport, nodes: number): AggregationSummary['status'] {
  if (report.truncated || report.incomplete > 0) return 'partial'
  if (nodes > 0) return 'complete'
  // Traces exist that the graph leaves out: it must not clear the last one.
  return report.beganEarlier + report.untimedTraces > 0 ? 'partial' : 'empty'
}

/** Rounds to tenths of a millisecond. */
const roundedMs = (ms: number) => Math.round(ms * 10) / 10
