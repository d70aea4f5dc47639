import { type Static, Type } from 'typebox'
import { failureRulePattern } from './failure-rules.ts'
import { defaultIdentity } from './identity.ts'

export const maxGraphNameLength = 64
/** Graph names are part of URLs, Redis keys and Cypher queries. nodegraph-provider converts them to lower case. */
export const graphNamePattern = `^[a-z0-9_-]{1,${maxGraphNameLength}}$`
export const GraphName = Type.String({
  pattern: graphNamePattern,
  description: `Name of the graph: 1 to ${maxGraphNameLength} lower-case letters, digits, _ or -`,
})

/** Values that Tempo accepts as X-Scope-OrgID (grafana/dskit, tenant/tenant.go). Tempo reads several tenants as one. */
export const tenantForm = "letters, digits and !-_.*'(), at most 150; several joined by |"
export const Tenant = Type.String({
  pattern: "^[a-zA-Z0-9!_.*'()-]{1,150}(\\|[a-zA-Z0-9!_.*'()-]{1,150}){0,19}$",
  description: `Tempo tenant: ${tenantForm}`,
})

/** Longest window, h: Tempo's default for `query_frontend.search.max_duration`. */
export const maxWindowHours = 168

/** Most attributes that identify a service. */
const maxIdentityAttributes = 8
/** Most patterns of services and span names. */
const maxPatterns = 100
const Pattern = Type.String({ minLength: 1, maxLength: 256 })
/** Most rules that say which calls failed. */
const maxFailureRules = 32

/** A point in time as a client writes it. `requiredTimeMs` reads it. */
export const Time = Type.Union([Type.Number(), Type.String({ minLength: 1, maxLength: 64 })])

/**
 * The parameters of a build. Every key is optional: the configuration supplies the rest.
 * Defaults are in `defaultParameters`, not here. A request body must not override the configuration by a default.
 */
export const AggregationParameters = Type.Object(
  {
    graph: Type.Optional(GraphName),
    tag: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 256,
        description:
          'Tag to select spans by: `resource.<attribute>`, `span.<attribute>` or a bare attribute name',
      }),
    ),
    filter: Type.Optional(
      Type.String({ maxLength: 256, description: 'RE2 pattern that matches any part of the tag value' }),
    ),
    query: Type.Optional(
      Type.String({
        maxLength: 4096,
        description: 'Additional TraceQL spanset filter, for example { status = error }',
      }),
    ),
    tenant: Type.Optional({
      ...Tenant,
      description: 'Tempo tenant to read. It must be listed in tempo.tenants. Join several tenants with |',
    }),
    from: Type.Optional({
      ...Time,
      description:
        'Start of the window, inclusive: Unix time in s or ms, ISO 8601, now, or an offset such as now-20m',
    }),
    to: Type.Optional({
      ...Time,
      description: 'End of the window, exclusive. Same formats as from. Default: now',
    }),
    searchFrom: Type.Optional(
      Type.Number({
        exclusiveMinimum: 0,
        description: 'Length of the window before `to`, in seconds. Cannot be combined with `from`',
      }),
    ),
    searchMode: Type.Optional(
      Type.Union(
        [Type.Literal('all'), Type.Literal('blocks'), Type.Literal('ingesters'), Type.Literal('ingester')],
        {
          description:
            'all: the whole window; ingesters: only the last 15 minutes; blocks: only older data. ingester means ingesters',
        },
      ),
    ),
    level: Type.Optional(
      Type.Union([Type.Literal('operation'), Type.Literal('service'), Type.Literal('both')], {
        description:
          'Level operation has one node for each service and span name. Level service has one node for each service, ' +
          'database, broker and external host. Level both builds two graphs. The service graph is `<graph>-services`',
      }),
    ),
    countBy: Type.Optional(
      Type.Union([Type.Literal('trace'), Type.Literal('span')], {
        description:
          'Counts a trace whole in the window in which it begins (trace), or each span in the window in which it starts ' +
          '(span). Spans outside the window then only say who called',
      }),
    ),
    useTagAsNode: Type.Optional(Type.Boolean({ description: 'Adds a node for each value of the tag' })),
    userNode: Type.Optional(
      Type.Boolean({
        description:
          'At level service: adds a node `user`, which calls every service that starts a trace without a known caller',
      }),
    ),
    serviceNodeSubTitle: Type.Optional(
      Type.String({ maxLength: 256, description: 'subTitle of the nodes that useTagAsNode adds' }),
    ),
    identity: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 256 }), {
        minItems: 1,
        maxItems: maxIdentityAttributes,
        uniqueItems: true,
        description:
          'Resource attributes that identify a service. Spans that differ in one of them belong to different nodes. ' +
          'The list must contain service.name. In a query string, commas separate the attributes',
      }),
    ),
    groupBy: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 256,
        description:
          'Attribute whose most frequent value among the spans of a node is its group, written like tag. ' +
          'Diagrams draw groups as boxes, and fold=group makes one node of each',
      }),
    ),
    samplingAttribute: Type.Optional(
      Type.String({
        minLength: 1,
        maxLength: 256,
        description:
          'Attribute with the sampling rate of a span, written like tag. A value up to 1 is the share of spans kept; ' +
          'a larger value is the number of spans that this one represents. A threshold in tracestate has priority',
      }),
    ),
    spanNames: Type.Optional(
      Type.Union([Type.Literal('as_is'), Type.Literal('templates')], {
        description:
          'templates: replaces numbers, UUIDs, hexadecimal strings, e-mail addresses, dates and long tokens in span names by *',
      }),
    ),
    exclude: Type.Optional(
      Type.Array(Pattern, {
        maxItems: maxPatterns,
        uniqueItems: true,
        description:
          'RE2 patterns that match any part of a service or a span name. Such spans and all spans below them count nowhere',
      }),
    ),
    transparent: Type.Optional(
      Type.Array(Pattern, {
        maxItems: maxPatterns,
        uniqueItems: true,
        description:
          'RE2 patterns that match any part of a service, such as a proxy. The graph shows calls through it as calls from ' +
          'its caller to its callee',
      }),
    ),
    peerAliases: Type.Optional(
      Type.Array(Type.String({ minLength: 1, maxLength: 512 }), {
        maxItems: maxPatterns,
        uniqueItems: true,
        description:
          'Names for peers that send no spans, at level service: `10.0.0.0/8 = internal` or `^mongo-[0-9]+ = mongo`. The first rule whose ' +
          'range of addresses contains the peer, or whose RE2 pattern matches any part of its name, names it',
      }),
    ),
    failedWhen: Type.Optional(
      Type.Array(Type.String({ pattern: failureRulePattern }), {
        maxItems: maxFailureRules,
        uniqueItems: true,
        description:
          'Status codes that decide whether a call failed. The rule http 500-599 adds calls without status ERROR. ' +
          'The rule not grpc 1 takes calls away, and has priority',
      }),
    ),
    traceThresholdMs: Type.Optional(
      Type.Number({ minimum: 0, description: 'Duration above which a span counts as slow, ms' }),
    ),
    limit: Type.Optional(
      Type.Integer({ minimum: 1, maximum: 10_000_000, description: 'Maximum number of traces to read' }),
    ),
    compare: Type.Optional(
      Type.String({
        pattern: '^[1-9][0-9]{0,5}[smhdw]$',
        description:
          'Compares the graph with the same window this long before: a number and s, m, h, d or w, such as 1d. ' +
          'The summary then has a comparison',
      }),
    ),
    dryRun: Type.Optional(
      Type.Boolean({
        description: 'Builds the graph and returns the summary, but does not store or publish the graph',
      }),
    ),
  },
  { $id: 'AggregationParameters', additionalProperties: false },
)

/** Returns the name of the service graph of a build at level both. */
export const servicesGraphName = (graph: string) => `${graph}-services`

/** Returns the name of the operation graph that belongs to a service graph. Returns any other name unchanged. */
export const operationsGraphName = (services: string) => services.replace(/-services$/, '')

export type AggregationParameters = Static<typeof AggregationParameters>

/** Parameters without a default. */
type OptionalName = 'query' | 'tenant' | 'compare' | 'from' | 'to' | 'samplingAttribute' | 'groupBy'

/** A complete set of parameters: the configured ones. The parameters of a request override them. */
export type ParameterDefaults = Required<Omit<AggregationParameters, OptionalName>> &
  Pick<AggregationParameters, OptionalName>

export const defaultParameters: ParameterDefaults = {
  graph: 'micro',
  tag: 'service.name',
  filter: '.*',
  searchFrom: 7200,
  searchMode: 'all',
  level: 'operation',
  countBy: 'trace',
  useTagAsNode: true,
  userNode: false,
  serviceNodeSubTitle: 'Service Node',
  identity: [...defaultIdentity],
  spanNames: 'as_is',
  exclude: [],
  transparent: [],
  peerAliases: [],
  failedWhen: [],
  traceThresholdMs: 40,
  limit: 100_000,
  dryRun: false,
}
