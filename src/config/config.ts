import { defaultParameters, type ParameterDefaults } from '../model/parameters.ts'
import type { Schedule } from '../model/schedule.ts'
import { type AccessToken, accessTokens } from './rules/access-tokens.ts'
import { basicAuthorization, parseBaseUrl } from './rules/base-url.ts'
import { scheduleOf } from './rules/graphs.ts'
import { readAuthority } from './rules/rules.ts'
import { type WebhooksConfig, webhooks } from './rules/webhooks.ts'
import type { ConfigFile, LogLevel } from './sections/schema.ts'

/** How to reach a real Tempo. `headers` hold every header to send, secrets among them: never log them. */
export interface TempoConfig {
  /** Without trailing slash, `/api` and credentials. */
  url: string
  headers: Record<string, string>
  /** Longest wait for one request, ms. */
  timeoutMs: number
  /** Certificates in PEM to trust in place of the system's. */
  ca: string | undefined
  concurrency: number
  maxAnswerBytes: number
  padSec: number
  repairLimit: number
}

/** How to reach nodegraph-provider. `headers` hold secrets: never log them. */
export interface NodegraphProviderConfig {
  /** Without trailing slash, `/api` and credentials. */
  url: string
  headers: Record<string, string>
  timeoutMs: number
  retries: number
}

/** What builds may take. */
export interface BuildLimits {
  deadlineSec: number
  /** Builds at once. */
  maxConcurrent: number
  /** Builds, and previews, that wait for their turn. */
  maxQueued: number
  /** Previews at once. */
  maxPreviews: number
  /** Most that one of them reads. */
  maxSpans: number
  maxBytes: number
  /** Most nodes of a kind in a graph. */
  maxNodes: number
  /** How long after a span its trace may change. */
  lateSec: number
  /** After how long all is read again; 0: all is, always. */
  readAllSec: number
}

/** One of the graphs that are built again and again. */
export interface GraphConfig {
  parameters: ParameterDefaults
  /** Names of the sinks it goes to, the embedded store besides; undefined: all. */
  sinks: readonly string[] | undefined
  schedule: Schedule | undefined
}

/** The configuration, checked and complete; each part is what one consumer needs. Frozen. */
export interface Config {
  server: {
    host: string
    port: number
    bodyLimitBytes: number
    /** For builds under way, when the service ends. */
    shutdownTimeoutMs: number
    /** Empty: everybody may call. */
    tokens: readonly AccessToken[]
    /** Requests of one caller that cost Tempo; max 0: any number. */
    rateLimit: { max: number; windowSec: number }
  }
  log: { level: LogLevel }
  /** What a build uses where its request says nothing. */
  parameters: ParameterDefaults
  /** Graphs that have something of their own, by name. */
  graphs: Record<string, GraphConfig>
  /** 0: once. */
  loop: { intervalSec: number }
  build: BuildLimits
  /** Tenants of Tempo that a request may ask for; that of a graph is among its parameters. */
  tenants: { listed: readonly string[] }
  /** Absent: the embedded trace source. */
  tempo: TempoConfig | undefined
  embedded: { maxAgeSec: number; maxBytes: number; bodyLimitBytes: number }
  /** Without a path graphs are kept in memory only. */
  history: { path: string | undefined; maxBuilds: number; maxAgeMs: number }
  /** Absent: graphs stay in the embedded store. */
  nodegraphProvider: NodegraphProviderConfig | undefined
  /** What the page at / links traces to. */
  grafana: { url: string | undefined; tempoUid: string }
  webhooks: WebhooksConfig
}

/** @param file checked, by schema and rules */
export function toConfig(file: ConfigFile): Config {
  const { server, log, loop, build, embedded, history } = file
  return {
    server: {
      host: server.host,
      port: server.port,
      bodyLimitBytes: server.body_limit_bytes,
      shutdownTimeoutMs: server.shutdown_timeout_sec * 1000,
      tokens: accessTokens(server.auth),
      rateLimit: { max: server.rate_limit.max, windowSec: server.rate_limit.window_sec },
    },
    log: { level: log.level },
    parameters: parameters(file.graph.name, file.query, file.search, file.tempo.tenant),
    graphs: graphs(file),
    loop: { intervalSec: loop.interval },
    build: {
      deadlineSec: build.deadline_sec,
      maxConcurrent: build.max_concurrent,
      maxQueued: build.max_queued,
      maxPreviews: build.max_previews,
      maxSpans: build.max_spans,
      maxBytes: build.max_bytes,
      maxNodes: build.max_nodes,
      lateSec: build.late_sec,
      readAllSec: build.read_all_sec,
    },
    tenants: { listed: file.tempo.tenants },
    tempo: tempo(file.tempo),
    embedded: {
      maxAgeSec: embedded.max_age_sec,
      maxBytes: embedded.max_bytes,
      bodyLimitBytes: embedded.body_limit_bytes,
    },
    history: {
      path: history.path,
      maxBuilds: history.max_builds,
      maxAgeMs: history.max_age_sec * 1000,
    },
    nodegraphProvider: nodegraphProvider(file.nodegraph_provider),
    grafana: {
      url: file.grafana.url === undefined ? undefined : parseBaseUrl(file.grafana.url).url,
      tempoUid: file.grafana.tempo_uid,
    },
    webhooks: webhooks(file.webhooks),
  }
}

function graphs(file: ConfigFile): Config['graphs'] {
  const entries = Object.entries(file.graphs).map(([name, { query, search, tenant, schedule, sinks }]) => {
    const { tempo } = file
    const merged = [
      { ...file.query, ...query },
      { ...file.search, ...search },
    ] as const
    const own = parameters(name, ...merged, tenant ?? tempo.tenant)
    return [name, { parameters: own, sinks, schedule: scheduleOf(schedule) }]
  })
  return Object.fromEntries(entries)
}

function parameters(
  graph: string,
  query: ConfigFile['query'],
  search: ConfigFile['search'],
  tenant: string | undefined,
): ParameterDefaults {
  return {
    ...defaultParameters,
    graph,
    tag: query.tag,
    filter: query.filter,
    ...(query.query === undefined ? {} : { query: query.query }),
    ...(query.sampling_attribute === undefined ? {} : { samplingAttribute: query.sampling_attribute }),
    ...(tenant === undefined ? {} : { tenant }),
    searchFrom: search.from,
    searchMode: search.mode,
    level: query.level,
    useTagAsNode: query.use_tag_as_node,
    userNode: query.user_node,
    serviceNodeSubTitle: query.service_node_sub_title,
    traceThresholdMs: query.trace_threshold_ms,
    limit: query.limit,
  }
}

function tempo(section: ConfigFile['tempo']): TempoConfig | undefined {
  if (section.url === undefined) return undefined
  const { url, authorization } = parseBaseUrl(section.url)
  return {
    url,
    headers: withHeaders(section.headers, {
      authorization: authorization ?? configuredAuthorization(section),
    }),
    timeoutMs: section.timeout * 1000,
    ca: section.ca_file === undefined ? undefined : readAuthority(section.ca_file),
    concurrency: section.concurrency,
    maxAnswerBytes: section.max_answer_bytes,
    padSec: section.pad_sec,
    repairLimit: section.repair_limit,
  }
}

function configuredAuthorization({ basic_auth: basic, bearer_token: token }: ConfigFile['tempo']) {
  if (basic !== undefined) return basicAuthorization(basic.username, basic.password)
  return token === undefined ? undefined : `Bearer ${token}`
}

function nodegraphProvider(section: ConfigFile['nodegraph_provider']): NodegraphProviderConfig | undefined {
  if (section.url === undefined) return undefined
  const { url, authorization } = parseBaseUrl(section.url)
  return {
    url,
    headers: withHeaders(section.headers, { authorization }),
    timeoutMs: section.timeout * 1000,
    retries: section.retries,
  }
}

function withHeaders(headers: Record<string, string>, more: Record<string, string | undefined>) {
  const given = Object.entries(more).filter((entry): entry is [string, string] => entry[1] !== undefined)
  return { ...headers, ...Object.fromEntries(given) }
}
