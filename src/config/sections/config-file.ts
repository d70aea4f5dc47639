import { type Static, Type } from 'typebox'
import { BuildSection } from './build.ts'
import { GraphsSection } from './graphs.ts'
import { closed } from './key-types.ts'
import { GraphSection, LoopSection, QuerySection, SearchSection } from './query.ts'
import { LogSection, ServerSection } from './server.ts'
import { GrafanaSection, HistorySection, NodegraphProviderSection } from './sinks.ts'
import { EmbeddedSection, TempoSection } from './sources.ts'
import { WebhooksSection } from './webhooks.ts'

/**
 * The configuration file. A key without `default` is absent unless it is set.
 * `writeOnly` marks secrets, whose values are never shown.
 */
export const ConfigFile = Type.Object(
  {
    server: ServerSection,
    log: LogSection,
    graph: GraphSection,
    query: QuerySection,
    search: SearchSection,
    graphs: GraphsSection,
    loop: LoopSection,
    build: BuildSection,
    tempo: TempoSection,
    embedded: EmbeddedSection,
    history: HistorySection,
    nodegraph_provider: NodegraphProviderSection,
    grafana: GrafanaSection,
    webhooks: WebhooksSection,
  },
  { $id: 'ConfigFile', ...closed },
)
export type ConfigFile = Static<typeof ConfigFile>
