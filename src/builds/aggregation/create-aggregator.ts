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
import type { GraphSink } from '../../sinks/graph-sink.ts'
import type { GraphStore } from '../../sinks/graph-store.ts'
import type { ReadLimits } from '../../sources/read-limits.ts'
import type { ReadProgress, TraceSource } from '../../sources/trace-source.ts'
import { IncrementalReads, type IncrementalReadsOptions } from '../incremental/incremental-reads.ts'
import type { Aggregator, BuildOptions } from './aggregator.ts'
import { build } from './build.ts'
import { comparisonOf } from './compare-builds.ts'
import { publish, removeEverywhere } from './publish.ts'
import { type AggregationRequest, aggregationRequest, parametersKey } from './request.ts'

/** What a graph has of its own. */
export interface GraphSettings {
  /** In place of the defaults. */
  parameters: ParameterDefaults
  /** Names of the sinks it goes to, besides the store; undefined: all. */
  sinks: readonly string[] | undefined
}

/** What graphs are built with. */
export interface BuildSettings {
  /** Of a graph that has none of its own; `graph` is the one that is built when a request names none. */
  defaults: ParameterDefaults
  graphs?: Readonly<Record<string, GraphSettings>> | undefined
  /** Tenants that a request may ask for, besides that of its graph. */
  tenants?: readonly string[] | undefined
}

export interface AggregatorOptions {
  source: TraceSource
  /** The embedded store: what readers see. */
  store: GraphStore
  /** Where graphs go besides. */
  sinks: GraphSink[]
  /** Asked at every request: a reload may change them. */
  settings: () => BuildSettings
  /** Longest build, from its turn on; longest preview, waiting for its turn included. */
  deadlineSec: number
  /** Of one build, or one preview. */
  limits: ReadLimits
  /** Builds at once. */
  maxConcurrent: number
  /** Previews at once. */
  maxPreviews: number
  /** Previews that wait for their turn; one more is refused. */
  maxQueued: number
  /** Most nodes of a kind; 10,000 if left out. */
  maxNodes?: number | undefined
  /** How builds that may do so reuse what was read before; absent: they read all. */
  refresh?: Pick<IncrementalReadsOptions, 'lateSec' | 'readAllSec'> | undefined
  /** Unix ms. */
  now: () => number
}

export function createAggregator(options: AggregatorOptions): Aggregator {
  const { source, store, sinks, deadlineSec, limits, maxNodes, maxQueued, now } = options
  const builds = createKeyedQueue(options.maxConcurrent)
  const previews = createKeyedQueue(options.maxPreviews)
  const shared = new SharedWork<GraphDocument, ReadProgress>()

  const { refresh } = options
  // What is in memory already costs nothing to read.
  const refreshes =
    refresh && source.name === 'tempo' ? new IncrementalReads({ source, now, ...refresh }) : undefined

  const ownOf = (graph: string): GraphSettings | undefined => {
    const { graphs = {} } = options.settings()
    return Object.hasOwn(graphs, graph) ? graphs[graph] : undefined
  }

  const requestOf = (asked: AggregationParameters) => {
    const { defaults, tenants = [] } = options.settings()
    const name = asked.graph ?? defaults.graph
    const { parameters = defaults } = ownOf(name) ?? {}
    // The second graph of level both is of the tenant of the first.
    const { tenant } = (ownOf(name) ?? ownOf(operationsGraphName(name)))?.parameters ?? defaults
    return aggregationRequest(asked, parameters, now(), { own: tenant, listed: tenants })
  }
  const sinksOf = (graph: string) => {
    const own = ownOf(graph)?.sinks
    return own === undefined ? sinks : sinks.filter(({ name }) => own.includes(name))
  }

  const buildOnly = async (asked: AggregationParameters, buildOptions: BuildOptions) =>
    (await build(source, requestOf(asked), { ...buildOptions, limits, maxNodes }, now)).document

  const buildAndHandOn = async (asked: AggregationParameters, buildOptions: BuildOptions) => {
    // The window ends when the turn has come, not when it was asked for.
    const request = requestOf(asked)
    const { graph, dryRun, compare } = request.parameters
    const reuse = buildOptions.mayReuse && isMovingOn(request) ? refreshes : undefined
    const { document, services } = await build(
      source,
      request,
      { ...buildOptions, limits, maxNodes, refreshes: reuse },
      now,
    )
    if (compare !== undefined) {
      const parts = { store, now, aggregator: { preview: buildOnly } }
      Object.assign(document.summary, await comparisonOf(document, compare, parts, buildOptions))
    }
    const destinations = { store, sinks: sinksOf(graph), dryRun }
    const summary = await publish(document, destinations, buildOptions.signal)
    if (services) {
      const own = await publish(services, destinations, buildOptions.signal)
      summary.services = { graph: own.graph, built: own.built, sinks: own.sinks }
    }
    return summary
  }

  return {
    complete: (asked) => requestOf(asked).parameters,
    aggregate: async (asked, buildOptions) => {
      const keys = graphsOf(requestOf(asked).parameters)
      return builds.run({ keys, signal: buildOptions.signal }, async () => {
        buildOptions.onStart?.()
        return withSpan('build', { 'tta.graph': keys[0] }, () =>
          withDeadline(deadlineSec, buildOptions.signal, (signal) =>
            buildAndHandOn(asked, { ...buildOptions, signal }),
          ),
        )
      })
    },
    preview: async (asked, callerOptions) => {
      const key = parametersKey(requestOf(asked).parameters)
      return shared.run(key, callerOptions, async (signal, onProgress) => {
        if (previews.waiting >= maxQueued) throw queueFull('previews', maxQueued, 5)
        return withDeadline(deadlineSec, signal, (limited) =>
          previews.run({ keys: [], signal: limited }, () =>
            buildOnly(asked, { signal: limited, onProgress }),
          ),
        )
      })
    },
    restore: async (signal) => {
      const names = store.list().map(({ name }) => name)
      const restore = async (name: string) => {
        const document = store.get(name)
        if (!document || document.edges.length === 0) return
        const destinations = sinksOf(document.summary.parameters.graph ?? name)
        for (const sink of destinations) await sink.restore?.(document, signal)
      }
      await Promise.all(
        names.map((name) => builds.run({ keys: [name], signal, takesPlace: false }, () => restore(name))),
      )
    },
    remove: (graph, signal) =>
      builds.run({ keys: [graph], signal, takesPlace: false }, () => {
        refreshes?.forget(graph)
        return removeEverywhere(graph, { store, sinks }, signal)
      }),
  }
}

/** Whether the window ends now, and so will be another one the next time. */
const isMovingOn = ({ parameters: { to, searchMode } }: AggregationRequest) =>
  (to === undefined || to === 'now') && searchMode === 'all'

/** The graphs that a build writes. */
const graphsOf = ({ graph, level }: ParameterDefaults) =>
  level === 'both' ? [graph, servicesGraphName(graph)] : [graph]
