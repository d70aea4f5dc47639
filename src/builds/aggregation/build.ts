import { runYielding } from '../../base/event-loop.ts'
import { withSpan } from '../../base/tracing.ts'
import type { StringTable } from '../../graph/columns/string-table.ts'
import type { Graph } from '../../graph/graph.ts'
import { GraphBuilder } from '../../graph/graph-builder.ts'
import type { GraphDocument } from '../../model/graph-document.ts'
import type { NodeGraph } from '../../model/node-graph-rows.ts'
import { servicesGraphName } from '../../model/parameters.ts'
import type { AggregationSummary } from '../../model/summary.ts'
import { toNodeGraphInSteps } from '../../node-graph/node-graph.ts'
import {
  earlierLinks,
  type ReadReport,
  type TraceQuery,
  type TraceSource,
} from '../../sources/trace-source.ts'
import type { IncrementalReads, ReadGraph } from '../incremental/incremental-reads.ts'
import type { BuildOptions } from './aggregator.ts'
import { builderOptions } from './builder-options.ts'
import { type AggregationRequest, unwindowedKey } from './request.ts'

/** What one read gave. */
export interface BuiltGraphs {
  /** The graph that was asked for. */
  document: GraphDocument
  /** At level both: the service graph. */
  services: GraphDocument | undefined
}

/**
 * Reads the traces of a request once and builds their graph, at level both two of them; hands nothing on.
 *
 * @param now Unix ms
 * @throws {TtaError} the source could not be read
 */
export async function build(
  source: TraceSource,
  request: AggregationRequest,
  options: BuildOptions & { maxNodes?: number | undefined; refreshes?: IncrementalReads | undefined },
  now: () => number,
): Promise<BuiltGraphs> {
  const { parameters, selector, sampling, window } = request
  const { graph: name, level } = parameters
  const startedAt = performance.now()
  const { query, tenant, limit } = parameters
  const wanted = { selector, query, tenant, window, limit, peers: level !== 'operation', sampling }
  const { builder, report } = await withSpan('read', { 'tta.source': source.name }, () =>
    readTraces(source, request, wanted, options),
  )
  const readAt = performance.now()
  const document = async (graphName: string, graph: Graph): Promise<GraphDocument> => {
    const nodeGraphSteps = toNodeGraphInSteps(graph, {
      windowSec: (report.searched.toMs - report.searched.fromMs) / 1000,
      tagNodeSubTitle: parameters.serviceNodeSubTitle,
      tag: selector,
    })
    const nodeGraph = await runYielding(nodeGraphSteps)
    const builtAt = new Date(now()).toISOString()
    const summary = summarize(request, source.name, report, graph, nodeGraph, builtAt)
    summary.graph = graphName
    summary.phasesMs.read = rounded(readAt - startedAt)
    summary.phasesMs.build = rounded(performance.now() - readAt)
    summary.phasesMs.total = rounded(performance.now() - startedAt)
    const { incompleteTraceIds: incomplete = [] } = report
    const traceExamples = { incomplete, ...builder.examples() }
    return { name: graphName, builtAt, summary, ...nodeGraph, traceExamples }
  }
  const services = await runYielding(builder.finishServicesInSteps())
  if (services && level === 'service')
    return { document: await document(name, services), services: undefined }
  return {
    document: await document(name, await runYielding(builder.finishInSteps())),
    services: services && (await document(servicesGraphName(name), services)),
  }
}

/** All of the window, or what is new in it. */
async function readTraces(
  source: TraceSource,
  { parameters, selector }: AggregationRequest,
  query: TraceQuery,
  options: Parameters<typeof build>[2],
): Promise<ReadGraph> {
  const { graph, level } = parameters
  const { strings, ...rest } = builderOptions(parameters, selector, options.maxNodes)
  if (options.refreshes === undefined) {
    const builder = new GraphBuilder({ level, strings, ...rest })
    return { builder, report: await source.read(query, builder, options) }
  }
  const refresh = {
    graph,
    key: unwindowedKey(parameters),
    query,
    newStrings: () => builderOptions(parameters, selector, options.maxNodes).strings,
    newBuilder: (shared: StringTable) => new GraphBuilder({ level, strings: shared, ...rest }),
  }
  return options.refreshes.read(refresh, options)
}

function summarize(
  request: AggregationRequest,
  source: TraceSource['name'],
  report: ReadReport,
  graph: Graph,
  { nodes, edges }: NodeGraph,
  builtAt: string,
): AggregationSummary {
  const { searched, traceql, warnings, incompleteTraceIds: _ids, ...read } = report
  const { received: _received, traces: _traces, ...spans } = graph.spans
  const { unresolvedLinks } = graph
  return {
    graph: request.parameters.graph,
    status: statusOf(report, nodes.length),
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
    built: { nodes: nodes.length, edges: edges.length },
    sinks: [],
    phasesMs: { read: 0, build: 0, publish: 0, total: 0 },
    warnings: [
      ...request.warnings,
      ...warnings,
      ...spanWarnings(graph),
      ...linkWarnings(report, graph),
      ...foldWarnings(graph),
    ],
  }
}

function statusOf(report: ReadReport, nodes: number): AggregationSummary['status'] {
  if (report.truncated || report.incomplete > 0) return 'partial'
  return nodes === 0 ? 'empty' : 'complete'
}

function spanWarnings({ edges, spans, unresolvedLinks = 0 }: Graph): string[] {
  const negativeGaps = edges.reduce((sum, { sides }) => sum + sides.negativeGaps, 0)
  const reasons: [number, string][] = [
    [spans.withoutService, 'without service.name: on no node.'],
    [spans.orphans, 'with a parent that never arrived: no edge leads there.'],
    [spans.cycles, 'among their own ancestors: the loop was cut.'],
    [spans.skewed, 'with an end before the start: the duration counts as 0.'],
    [negativeGaps, 'longer than the client, or begun before the producer had ended: in no mean of gaps.'],
    [spans.badWeights, 'with a sampling ratio or pruned count that cannot be: each stands for itself.'],
    [unresolvedLinks, 'linked to a producer that was not read: no edge leads there.'],
  ]
  return reasons
    .filter(([count]) => count > 0)
    .map(([count, reason]) => `${count} ${count === 1 ? 'span' : 'spans'} ${reason}`)
}

function foldWarnings({ foldings = [], droppedMessages = 0 }: Graph): string[] {
  const reasons = { operations: 'span names', services: 'names of peers', 'tag values': 'values of the tag' }
  const warnings = foldings.flatMap(({ kind, folded, of, late }) => [
    ...(folded === 0
      ? []
      : [
          `${inWords(folded)} of ${inWords(of)} ${kind} are drawn as \`other\` (build.max_nodes): ${reasons[kind]} may hold ids.`,
        ]),
    ...(late === 0
      ? []
      : [
          `${inWords(late)} calls went to \`other\` as they came, because there were too many ${kind}: which ones depends on the order of reading.`,
        ]),
  ])
  if (droppedMessages === 0) return warnings
  return [
    ...warnings,
    `${inWords(droppedMessages)} ends of messages were too many to hold: calls that only span links tell of are missing.`,
  ]
}

const inWords = (count: number) => count.toLocaleString('en-US')

function linkWarnings({ unavailable }: ReadReport, { linkedSpans = 0 }: Graph): string[] {
  if (linkedSpans === 0 || !unavailable.includes(earlierLinks)) return []
  const spans = linkedSpans === 1 ? '1 span names its producer' : `${linkedSpans} spans name their producers`
  return [`${spans} by links, of which a search gives only the last: there may be more producers.`]
}

/** Tenths of a millisecond are plenty. */
export const rounded = (ms: number) => Math.round(ms * 10) / 10
