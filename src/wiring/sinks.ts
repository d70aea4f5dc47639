import type { Config } from '../config/config.ts'
import { connectionOf } from '../config/connection.ts'
import { observeGraphs, observeHistory } from '../operations/metrics/graph-metrics.ts'
import type { GraphSink } from '../sinks/graph-sink.ts'
import { createGraphStore, type GraphStore } from '../sinks/graph-store.ts'
import { type CountedHistory, createBuildHistory } from '../sinks/history/build-history.ts'
import {
  createNodegraphProviderSink,
  type NodegraphProviderOptions,
} from '../sinks/nodegraph-provider/provider-sink.ts'
import type { Context } from './context.ts'

export interface Sinks {
  /** The graphs that readers see. */
  store: GraphStore
  /** Where the store keeps earlier builds, if `history.path` is set. */
  history: CountedHistory | undefined
  /** Where graphs go in addition to the store. */
  sinks: GraphSink[]
}

/** Creates every place that graphs go to. */
export function createSinks(
  { live: { current: config }, metrics: { registry }, logger, now }: Context,
  providerOverride?: GraphSink,
): Sinks {
  const history = createHistory(config, logger)
  const store = createGraphStore({ history, log: logger })
  if (history) observeHistory(registry, history.counts)
  observeGraphs(registry, () => store.list(), now)
  const options = providerOptions(config)
  const configured = options && createNodegraphProviderSink({ ...options, log: logger })
  const provider = providerOverride ?? configured
  return { store, history, sinks: provider ? [provider] : [] }
}

function createHistory({ history: section }: Config, log: Context['logger']): CountedHistory | undefined {
  const { path, max_builds: maxBuilds, max_age_sec: maxAgeSec } = section
  if (path === undefined) return undefined
  return createBuildHistory({ path, maxBuilds, maxAgeMs: maxAgeSec * 1000, log })
}

/** Maps the configuration to the options of the provider's sink; undefined if its `url` is not set. */
export function providerOptions({
  nodegraph_provider: section,
}: Config): Omit<NodegraphProviderOptions, 'log'> | undefined {
  const connection = connectionOf(section)
  return connection && { ...connection, timeoutMs: section.timeout * 1000, retries: section.retries }
}
