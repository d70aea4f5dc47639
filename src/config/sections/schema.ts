import { type Static, Type } from 'typebox'
import { Tenant, tenantForm } from '../../model/parameters.ts'
import { AuthSection, RateLimitSection } from './access-schema.ts'
import { GraphsSection } from './graphs-schema.ts'
import { Bytes, Headers, Parameter, Secret, Section, TimeoutSec, Url } from './key-types.ts'
import { QuerySection, SearchSection } from './query-schema.ts'
import { WebhooksSection } from './webhooks-schema.ts'

/** The levels of pino, and `silent`. */
const logLevels = ['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent'] as const
export type LogLevel = (typeof logLevels)[number]

/**
 * The configuration file, key by key, in its own spelling. Keys without `default` are absent unless given.
 * `writeOnly` marks secrets: their values are never shown.
 */
export const ConfigFile = Type.Object(
  {
    server: Section('The HTTP service', {
      host: Type.String({ minLength: 1, default: '127.0.0.1', description: 'Address to listen on' }),
      port: Type.Integer({ minimum: 0, maximum: 65535, default: 8080, description: '0: any free port' }),
      body_limit_bytes: Bytes('Largest request body, bytes', 1_048_576),
      shutdown_timeout_sec: Type.Number({
        minimum: 0,
        maximum: 3600,
        default: 8,
        description: 'How long builds under way may take to end when the service does, s',
      }),
      auth: AuthSection,
      rate_limit: RateLimitSection,
    }),
    log: Section('The log, JSON lines on standard error', {
      level: Type.Unsafe<LogLevel>({ enum: logLevels, default: 'info' }),
    }),
    graph: Section('The graph', { name: Parameter('graph') }),
    query: QuerySection,
    search: SearchSection,
    graphs: GraphsSection,
    loop: Section('Repetition', {
      interval: Type.Number({
        minimum: 0,
        maximum: 604_800,
        default: 0,
        description: 'From one build to the next, s; 0: once',
      }),
    }),
    build: Section('Builds', {
      deadline_sec: Type.Number({
        exclusiveMinimum: 0,
        maximum: 86_400,
        default: 300,
        description: 'Longest build, s',
      }),
      max_concurrent: Type.Integer({ minimum: 1, maximum: 64, default: 2, description: 'Builds at once' }),
      max_queued: Type.Integer({
        minimum: 1,
        maximum: 10_000,
        default: 100,
        description: 'Builds that wait for their turn; one more is refused with 429',
      }),
      max_previews: Type.Integer({
        minimum: 1,
        maximum: 64,
        default: 4,
        description: 'Graphs built at once for one answer only',
      }),
      max_spans: Type.Integer({
        minimum: 1,
        maximum: 1_000_000_000,
        default: 20_000_000,
        description: 'Most spans of a build; past them it ends partial',
      }),
      max_bytes: Bytes('Most that a build reads, after decompression, bytes', 8_589_934_592),
      late_sec: Type.Integer({
        minimum: 10,
        maximum: 3600,
        default: 120,
        description:
          'Spans may arrive so long after they ended, s: scheduled builds and alerts read that much again',
      }),
      full_read_sec: Type.Integer({
        minimum: 0,
        maximum: 86_400,
        default: 3600,
        description: 'After so long scheduled builds and alerts read their whole window again, s; 0: always',
      }),
      max_nodes: Type.Integer({
        minimum: 1,
        maximum: 100_000,
        default: 10_000,
        description: 'Most nodes of a kind; the least called of more are drawn as one, called other',
      }),
    }),
    tempo: Section('Grafana Tempo; without url the embedded trace source is used', {
      url: Type.Optional(Url('Base URL of Tempo, http or https, with or without /api')),
      headers: Headers,
      basic_auth: Type.Optional(
        Type.Object(
          {
            username: Type.String({ pattern: '^[^:\\x00-\\x1f\\x7f]*$', description: 'no colon' }),
            password: Type.String({
              pattern: '^[^\\x00-\\x1f\\x7f]*$',
              description: 'no control characters',
              writeOnly: true,
            }),
          },
          { additionalProperties: false },
        ),
      ),
      bearer_token: Type.Optional(Secret('Token for Authorization: Bearer')),
      tenant: Type.Optional({ ...Tenant, description: `X-Scope-OrgID: ${tenantForm}` }),
      tenants: Type.Array(Tenant, {
        default: [],
        maxItems: 1000,
        uniqueItems: true,
        description: 'Tenants that a request may ask for',
      }),
      timeout: TimeoutSec(30),
      ca_file: Type.Optional(
        Type.String({ minLength: 1, description: 'PEM file of the authority that signed the certificate' }),
      ),
      concurrency: Type.Integer({
        minimum: 1,
        maximum: 64,
        default: 4,
        description: 'Requests in flight at once',
      }),
      max_answer_bytes: Bytes('Largest answer, after decompression, bytes', 268_435_456),
      pad_sec: Type.Number({
        minimum: 0,
        maximum: 86_400,
        default: 60,
        description: 'Searched beyond both ends of the window, so that traces at its edges are whole, s',
      }),
      repair_limit: Type.Integer({
        minimum: 0,
        maximum: 1_000_000,
        default: 2000,
        description: 'Most traces of a build that are looked up one by one',
      }),
    }),
    embedded: Section('The embedded trace source', {
      max_age_sec: Type.Number({
        exclusiveMinimum: 0,
        maximum: 604_800,
        default: 3600,
        description: 'How long spans are kept, s',
      }),
      max_bytes: Bytes('Most memory for spans, compressed, bytes', 268_435_456),
      body_limit_bytes: Bytes('Largest OTLP request, after decompression, bytes', 20_971_520),
    }),
    history: Section('Builds that are kept; without path only the last graph of each name is, in memory', {
      path: Type.Optional(
        Type.String({ minLength: 1, maxLength: 4096, description: 'File; it and its folder are made' }),
      ),
      max_builds: Type.Integer({
        minimum: 1,
        maximum: 100_000,
        default: 50,
        description: 'Most builds kept of a graph',
      }),
      max_age_sec: Type.Number({
        exclusiveMinimum: 0,
        maximum: 315_360_000,
        default: 2_592_000,
        description: 'How long a build is kept, s; the last one of a graph always is',
      }),
    }),
    nodegraph_provider: Section('nodegraph-provider; without url graphs stay in the embedded store', {
      url: Type.Optional(Url('Base URL of nodegraph-provider, http or https')),
      headers: Headers,
      timeout: TimeoutSec(30),
      retries: Type.Integer({
        minimum: 0,
        maximum: 20,
        default: 3,
        description: 'Writes tried again after the first',
      }),
    }),
    grafana: Section('Grafana, for links from the page at / to traces; without url ids can be copied', {
      url: Type.Optional(Url('Base URL of Grafana, http or https')),
      tempo_uid: Type.String({
        pattern: '^[a-zA-Z0-9_-]{1,40}$',
        default: 'tempo',
        description: 'uid of the Tempo data source there',
      }),
    }),
    webhooks: WebhooksSection,
  },
  { $id: 'ConfigFile', additionalProperties: false },
)
export type ConfigFile = Static<typeof ConfigFile>
