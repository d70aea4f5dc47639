import { withSpan } from '../../base/tracing.ts'
import { StringTable } from '../../graph/columns/string-table.ts'
import { GraphBuilder, type GraphBuilderOptions } from '../../graph/graph-builder.ts'
import { nodeLimitFactor } from '../../graph/operations/fold-into-other.ts'
import { nameTemplate } from '../../graph/spans/name-template.ts'
import { parseFailureRule } from '../../model/failure-rules.ts'
import type { ParameterDefaults } from '../../model/parameters.ts'
import { peerAliases } from '../../sources/peer-aliases.ts'
import { anyPattern, isServiceName, type TagSelector } from '../../sources/tag-selector.ts'
import type { ReadLimits, ReadOptions, TraceQuery, TraceSource, Window } from '../../sources/trace-source.ts'
import type { IncrementalReads, ReadGraph } from '../incremental/incremental-reads.ts'
import { type AggregationRequest, unwindowedKey } from './request.ts'

export interface ReadSettings {
  source: TraceSource
  /** Most spans and bytes of one read. */
  limits: ReadLimits
  /** Most nodes of a kind. @default 10,000 */
  maxNodes?: number | undefined
}

/** Returns the query that reads the traces of a request. */
export function traceQuery({
  parameters,
  selector,
  group,
  sampling,
  window,
}: Omit<AggregationRequest, 'warnings'>): TraceQuery {
  const { query, tenant, limit, level, identity, failedWhen, countBy, peerAliases: aliases } = parameters
  const failures = failedWhen.map(parseFailureRule)
  // Only the service level needs peers.
  return {
    selector,
    query,
    tenant,
    window,
    countBy,
    limit,
    identity,
    group,
    peers: level !== 'operation',
    clients: aliases.length > 0,
    sampling,
    failures,
  }
}

/** Returns the options with which the graph of a request is built. Each call makes a new table of strings. */
export function builderOptions(
  parameters: ParameterDefaults,
  selector: TagSelector,
  window: Window,
  maxNodes = 10_000,
): Omit<GraphBuilderOptions, 'level'> {
  const { traceThresholdMs, useTagAsNode, userNode, groupBy, countBy } = parameters
  const { spanNames, exclude, transparent, peerAliases: aliases } = parameters
  return {
    strings: new StringTable(
      maxNodes * nodeLimitFactor,
      spanNames === 'templates' ? nameTemplate : undefined,
    ),
    maxNodes,
    slowThresholdMs: traceThresholdMs,
    isTagNode: useTagAsNode ? selector.matches : undefined,
    tagIsService: isServiceName(selector),
    userNode,
    countedTime: countBy === 'span' ? window : undefined,
    hasGroups: groupBy !== undefined,
    isExcluded: anyPattern(exclude),
    isTransparent: anyPattern(transparent),
    aliasOf: peerAliases(aliases),
  }
}

/**
 * Reads the traces of a request into a graph builder.
 *
 * @param incremental reuses the traces that an earlier read of the same graph kept; absent: reads the whole window
 * @throws {TtaError} the source could not be read
 */
export async function readTraces(
  request: AggregationRequest,
  { source, limits, maxNodes }: ReadSettings,
  incremental: IncrementalReads | undefined,
  options: Pick<ReadOptions, 'signal' | 'onProgress'>,
): Promise<ReadGraph> {
  const { parameters, selector } = request
  const { graph, level } = parameters
  const newOptions = () => builderOptions(parameters, selector, request.window, maxNodes)
  const { strings, ...shared } = newOptions()
  const query = traceQuery(request)
  const { signal, onProgress } = options
  const readOptions = { signal, onProgress, limits }
  return withSpan('read', { 'tta.source': source.name }, async () => {
    // A slice cannot count part of a trace, so spans are counted by full reads.
    if (incremental === undefined || parameters.countBy === 'span') {
      const builder = new GraphBuilder({ level, strings, ...shared })
      return { builder, report: await source.read(query, builder, readOptions) }
    }
    const key = unwindowedKey(parameters)
    const newStrings = () => newOptions().strings
    const newBuilder = (strings: StringTable) => new GraphBuilder({ level, strings, ...shared })
    return incremental.read({ graph, key, query, newStrings, newBuilder }, readOptions)
  })
}
