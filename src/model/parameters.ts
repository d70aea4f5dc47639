import { type Static, Type } from 'typebox'

/** Graph names go into URLs, Redis keys and Cypher; nodegraph-provider lower-cases them. */
export const maxGraphNameLength = 64
export const graphNamePattern = `^[a-z0-9_-]{1,${maxGraphNameLength}}$`
export const GraphName = Type.String({
  pattern: graphNamePattern,
  description: `Name of the graph: lower-case letters, digits, _ and -, at most ${maxGraphNameLength}`,
})

/** What Tempo takes as X-Scope-OrgID (grafana/dskit, tenant/tenant.go); several joined by `|` are read as one. */
export const tenantForm = "letters, digits and !-_.*'(), at most 150; several joined by |"
export const Tenant = Type.String({
  pattern: "^[a-zA-Z0-9!_.*'()-]{1,150}(\\|[a-zA-Z0-9!_.*'()-]{1,150}){0,19}$",
  description: `Tenant of Tempo: ${tenantForm}`,
})

/** Longest window, h: Tempo's default for `query_frontend.search.max_duration`. */
export const maxWindowHours = 168

/** A point in time as callers write it. */
export const Time = Type.Union([Type.Number(), Type.String({ minLength: 1, maxLength: 64 })])

/**
 * What a caller may ask for. Every key is optional: what is left out comes from the configuration.
 * Defaults stand in `defaultParameters`, not here, so that a body never overrides the configuration unasked.
 */
export const AggregationParameters = Type.Object(
  {
    graph: Type.Optional(GraphName),
    tag: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 256,
        description: 'Tag to select on: resource.x, span.x or a bare attribute name',
      }),
    ),
    filter: Type.Optional(
      Type.String({ maxLength: 256, description: 'RE2 pattern on the value of the tag, unanchored' }),
    ),
    query: Type.Optional(
      Type.String({
        maxLength: 4096,
        description: 'Further TraceQL spanset filter, such as { status = error }',
      }),
    ),
    tenant: Type.Optional({
      ...Tenant,
      description: 'Tenant of Tempo to read, of those in tempo.tenants; several joined by |',
    }),
    from: Type.Optional({ ...Time, description: 'Start: epoch s, epoch ms, ISO 8601, now or now-20m' }),
    to: Type.Optional({ ...Time, description: 'End, exclusive: as from' }),
    searchFrom: Type.Optional(
      Type.Number({ exclusiveMinimum: 0, description: 'Seconds back from `to`, in place of `from`' }),
    ),
    searchMode: Type.Optional(
      Type.Union(
        [Type.Literal('all'), Type.Literal('blocks'), Type.Literal('ingesters'), Type.Literal('ingester')],
        { description: 'ingesters: only the last 15 min; blocks: only what is older' },
      ),
    ),
    level: Type.Optional(
      Type.Union([Type.Literal('operation'), Type.Literal('service'), Type.Literal('both')], {
        description:
          'operation: a node per (service, span name); service: a node per service, and per database, broker ' +
          'and external host that services name; both: the first as `graph`, the second as `graph`-services',
      }),
    ),
    useTagAsNode: Type.Optional(Type.Boolean({ description: 'Adds a node per value of the tag' })),
    userNode: Type.Optional(
      Type.Boolean({
        description: 'At level service: a node `user` that calls what begins a trace and names no caller',
      }),
    ),
    serviceNodeSubTitle: Type.Optional(
      Type.String({ maxLength: 256, description: 'subTitle of these nodes' }),
    ),
    samplingAttribute: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 256,
        description:
          'Attribute that says how a span was sampled, written as tag: the share that was kept, up to 1, or how many ' +
          'spans it stands for. A threshold in tracestate goes before it',
      }),
    ),
    traceThresholdMs: Type.Optional(
      Type.Number({ minimum: 0, description: 'A span slower than this counts as slow, ms' }),
    ),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000_000, description: 'Most traces to read' }),
    ),
    compare: Type.Optional(
      Type.String({
        pattern: '^[1-9][0-9]{0,5}[smhdw]$',
        description:
          'Compares with the window so much earlier, such as 1d (s, m, h, d, w); see comparison in the summary',
      }),
    ),
    dryRun: Type.Optional(Type.Boolean({ description: 'Build and answer, store and forward nothing' })),
  },
  { $id: 'AggregationParameters', additionalProperties: false },
)
/** Name of the service graph where both levels are built. */
export const servicesGraphName = (graph: string) => `${graph}-services`

/** Name of the graph beside which a service graph was built, if that is what the name says. */
export const operationsGraphName = (services: string) => services.replace(/-services$/, '')

export type AggregationParameters = Static<typeof AggregationParameters>

/** What may stay unsaid: there is no value that means the same. */
type OptionalName = 'query' | 'tenant' | 'compare' | 'from' | 'to' | 'samplingAttribute'

/** Parameters in full: the configured ones, over which a request lays its own. */
export type ParameterDefaults = Required<Omit<AggregationParameters, OptionalName>> &
  Pick<AggregationParameters, OptionalName>

export const defaultParameters: ParameterDefaults = {
  graph: 'micro',
  tag: 'service.name',
  filter: '.*',
  searchFrom: 7200,
  searchMode: 'all',
  level: 'operation',
  useTagAsNode: true,
  userNode: false,
  serviceNodeSubTitle: 'Service Node',
  traceThresholdMs: 40,
  limit: 100_000,
  dryRun: false,
}
