import { withDeadline } from '../../base/async.ts'
import { queueFull } from '../../base/errors.ts'
import { createKeyedQueue } from '../../base/keyed-queue.ts'
import { SharedWork } from '../../base/shared-work.ts'
import { withSpan } from '../../base/tracing.ts'
import type { GraphDocument } from '../../model/graph-document.ts'
import {
  type AggregationParameters,
  operationsGraphName,
  type ParameterDefaults,
  servicesGraphName,
} from '../../model/parameters.ts'
import type { AggregationSummary } from '../../model/summary.ts'
import type { GraphSink } from '../../sinks/graph-sink.ts'
import type { GraphStore } from '../../sinks/graph-store.ts'
import type { ReadLimits, ReadProgress, TraceSource } from '../../sources/trace-source.ts'
import { IncrementalReads, type IncrementalReadsOptions } from '../incremental/incremental-reads.ts'
import { aggregate } from './aggregate.ts'
import { buildDocuments } from './build-documents.ts'
import { removeEverywhere, restoreLastGraph } from './publish.ts'
import { type AggregationRequest, parametersKey, resolveRequest } from './request.ts'
import { isMoving } from './search-window.ts'

export interface BuildOptions {
  /** Ends the build at once. */
  signal: AbortSignal
  /** Whether traces that an earlier build read, and that are too old to change, may be reused. */
  mayReuse?: boolean | undefined
  /** Called when the build leaves the queue. */
  onStart?: (() => void) | undefined
  onProgress?: ((progress: ReadProgress) => void) | undefined
}

/** Builds graphs: a limited number at once, and one at a time for each graph, so that a graph has one writer. */
export interface Aggregator {
  /** Returns the parameters of a request with the configured values for those that it leaves out. @throws {TtaError} 400 */
  complete(parameters: AggregationParameters): ParameterDefaults
  /**
   * Reads, builds and publishes. If it throws, the last good graph is still everywhere.
   *
   * @throws {TtaError} 400 the parameters; 502 the source; 503 a sink (`details.summary` has the account);
   *   504 the deadline
   */
  aggregate(parameters: AggregationParameters, options: BuildOptions): Promise<AggregationSummary>
  /**
   * Reads and builds, and publishes nothing. Equal requests that run at the same time share one build, which ends
   * when the last caller has gone.
   *
   * @throws {TtaError} 400, 502 and 504 as `aggregate`; 429 too many previews are waiting
   */
  preview(parameters: AggregationParameters, options: BuildOptions): Promise<GraphDocument>
  /** Gives the last graphs back to sinks that have lost them. Logs failures. @throws the reason of the signal */
  restore(signal: AbortSignal): Promise<void>
  /** Removes a graph from every sink. @returns whether it existed @throws {TtaError} 503 */
  remove(graph: string, signal: AbortSignal): Promise<boolean>
}

/** The configuration of one graph. */
interface GraphSettings {
  /** Used instead of the defaults. */
  parameters: ParameterDefaults
  /** Names of the sinks that get the graph, in addition to the embedded store; undefined: all. */
  sinks: readonly string[] | undefined
}

/** The configuration of all graphs. */
export interface BuildSettings {
  /** For graphs without settings; `graph` is the one that is built when a request names none. */
  defaults: ParameterDefaults
  graphs?: Readonly<Record<string, GraphSettings>> | undefined
  /** Tenants that a request may name, in addition to the tenant of its graph. */
  tenants?: readonly string[] | undefined
}

export interface AggregatorOptions {
  source: TraceSource
  /** The embedded store, which readers see. */
  store: GraphStore
  /** All other sinks. */
  sinks: GraphSink[]
  /** Called for every request, because a reload may change the settings. */
  settings: () => BuildSettings
  /** Longest build, s, without its wait in the queue; longest preview, with its wait. */
  deadlineSec: number
  /** For one build or one preview. */
  limits: ReadLimits
  /** Builds at once. */
  maxConcurrent: number
  /** Previews at once. */
  maxPreviews: number
  /** Previews that may wait; further ones are refused. */
  maxQueued: number
  /** Most nodes of a kind. @default 10,000 */
  maxNodes?: number | undefined
  /** For builds that may reuse traces; absent: every build reads its whole window. */
  incremental?: Pick<IncrementalReadsOptions, 'lateSec' | 'readAllSec'> | undefined
  /** Unix ms. */
  now: () => number
}

export function createAggregator(options: AggregatorOptions): Aggregator {
  const { source, store, sinks, deadlineSec, limits, maxNodes, maxQueued, now } = options
  const ports = { source, limits, maxNodes, now }
  const builds = createKeyedQueue(options.maxConcurrent)
  const previews = createKeyedQueue(options.maxPreviews)
  const sharedPreviews = new SharedWork<GraphDocument, ReadProgress>()
  // The embedded source keeps its traces in memory: reading them again costs nothing.
  const incremental =
    options.incremental && source.name === 'tempo'
      ? new IncrementalReads({ source, now, ...options.incremental })
      : undefined

  const settingsOf = (graph: string): GraphSettings | undefined => {
    const { graphs = {} } = options.settings()
    return Object.hasOwn(graphs, graph) ? graphs[graph] : undefined
  }
  const requestOf = (requested: AggregationParameters): AggregationRequest => {
    const { defaults, tenants = [] } = options.settings()
    const name = requested.graph ?? defaults.graph
    const { parameters = defaults } = settingsOf(name) ?? {}
    // A service graph built at level both has the tenant of the graph it was built with.
    const { tenant } = (settingsOf(name) ?? settingsOf(operationsGraphName(name)))?.parameters ?? defaults
    return resolveRequest(requested, parameters, now(), { own: tenant, listed: tenants })
  }
  const sinksOf = (graph: string) => {
    const names = settingsOf(graph)?.sinks
    return names === undefined ? sinks : sinks.filter(({ name }) => names.includes(name))
  }

  const buildOnly = async (requested: AggregationParameters, buildOptions: BuildOptions) =>
    (await buildDocuments(requestOf(requested), ports, undefined, buildOptions)).document

  const buildAndPublish = (requested: AggregationParameters, buildOptions: BuildOptions) => {
    // A window that ends now ends when the build leaves the queue, not when it was requested.
    const request = requestOf(requested)
    const { parameters } = request
    const destinations = { store, sinks: sinksOf(parameters.graph) }
    const reuse = buildOptions.mayReuse && isMoving(parameters) ? incremental : undefined
    return aggregate(
      request,
      { ...ports, destinations, incremental: reuse, preview: buildOnly },
      buildOptions,
    )
  }

  return {
    complete: (requested) => requestOf(requested).parameters,
    aggregate: async (requested, buildOptions) => {
      const keys = graphsOf(requestOf(requested).parameters)
      return builds.run({ keys, signal: buildOptions.signal }, async () => {
        buildOptions.onStart?.()
        return withSpan('build', { 'tta.graph': keys[0] }, () =>
          withDeadline(deadlineSec, buildOptions.signal, (signal) =>
            buildAndPublish(requested, { ...buildOptions, signal }),
          ),
        )
      })
    },
    preview: async (requested, callerOptions) => {
      const key = parametersKey(requestOf(requested).parameters)
      return sharedPreviews.run(key, callerOptions, async (signal, onProgress) => {
        if (previews.waiting >= maxQueued) throw queueFull('previews', maxQueued, 5)
        return withDeadline(deadlineSec, signal, (limited) =>
          previews.run({ keys: [], signal: limited }, () =>
            buildOnly(requested, { signal: limited, onProgress }),
          ),
        )
      })
    },
    restore: async (signal) => {
      const restore = async (name: string) => {
        const document = store.get(name)
        if (document === undefined) return
        await restoreLastGraph(document, sinksOf(document.summary.parameters.graph ?? name), signal)
      }
      const names = store.list().map(({ name }) => name)
      await Promise.all(
        names.map((name) => builds.run({ keys: [name], signal, takesPlace: false }, () => restore(name))),
      )
    },
    remove: (graph, signal) =>
      builds.run({ keys: [graph], signal, takesPlace: false }, () => {
        incremental?.forget(graph)
        return removeEverywhere(graph, { store, sinks }, signal)
      }),
  }
}

/** Returns the names of the graphs that a build writes. */
const graphsOf = ({ graph, level }: ParameterDefaults) =>
  level === 'both' ? [graph, servicesGraphName(graph)] : [graph]
