import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { systemClock } from './base/clock.ts'
import { TtaError } from './base/errors.ts'
import { version } from './base/package.ts'
import { type Aggregator, type BuildSettings, createAggregator } from './builds/aggregation/aggregator.ts'
import { AlertBuilds, type AlertSettings } from './builds/alerts/alert-builds.ts'
import { alertRule } from './builds/alerts/alert-rule.ts'
import { isConfigured } from './builds/alerts/sender-check.ts'
import { createExplainer } from './builds/explain/explain.ts'
import { createJobs } from './builds/jobs/create-jobs.ts'
import type { Jobs } from './builds/jobs/jobs.ts'
import { submitTracked } from './builds/jobs/tracked-submit.ts'
import { createScheduler } from './builds/schedule/scheduler.ts'
import type { Config, NodegraphProviderConfig, TempoConfig } from './config/config.ts'
import { createReload, type ReloadReport } from './config/reload.ts'
import { AcceptedTokens } from './http/access/token-check.ts'
import { createServer } from './http/server/server.ts'
import type { Schedule } from './model/schedule.ts'
import { createLogger } from './operations/logger.ts'
import { observeJobs } from './operations/metrics/build-metrics.ts'
import { observeGraphs, observeHistory } from './operations/metrics/graph-metrics.ts'
import { createMetrics } from './operations/metrics/metrics.ts'
import { observeEmbeddedTraces, tempoMetrics } from './operations/metrics/source-metrics.ts'
import { observeAlerts, observeSchedules } from './operations/metrics/trigger-metrics.ts'
import type { GraphSink } from './sinks/graph-sink.ts'
import { createGraphStore, type GraphStore } from './sinks/graph-store.ts'
import { createBuildHistory } from './sinks/history/build-history.ts'
import { createNodegraphProviderSink } from './sinks/nodegraph-provider/provider-sink.ts'
import { embeddedSource } from './sources/embedded/embedded-source.ts'
import { EmbeddedTraces } from './sources/embedded/embedded-traces.ts'
import type { TempoObserver } from './sources/tempo/client/tempo-observer.ts'
import { tempoSource } from './sources/tempo/tempo-source.ts'
import type { TraceSource } from './sources/trace-source.ts'

/** Parts to use in place of those the configuration asks for. */
export interface AppOverrides {
  source?: TraceSource
  providerSink?: GraphSink
  /** Unix ms. */
  now?: () => number
  logger?: FastifyBaseLogger
  /** Reads the configuration anew. @throws {ConfigError} @default it never changes */
  readConfig?: () => Config
}

export interface App {
  /** The HTTP service; whoever wants it listens. */
  app: FastifyInstance
  aggregator: Aggregator
  jobs: Jobs
  store: GraphStore
  source: TraceSource
  /** Reads the configuration anew. @throws {TtaError} TTA_CONFIG_INVALID: it stays as it was */
  reload(): ReloadReport
  /** Ends the service, then what it is made of. */
  close(): Promise<void>
}

/** Makes every part of tta and puts them together. Does no I/O and does not listen. */
export async function buildApp(config: Config, overrides: AppOverrides = {}): Promise<App> {
  const now = overrides.now ?? Date.now
  const logger = overrides.logger ?? createLogger(config.log.level)

  const metrics = createMetrics(version)
  const traces = new EmbeddedTraces({ ...config.embedded, now })
  const configured = config.tempo
    ? fromTempo(config.tempo, config, now, tempoMetrics(metrics.registry))
    : embeddedSource(traces)
  const source = overrides.source ?? configured

  const { path } = config.history
  const history =
    path === undefined ? undefined : createBuildHistory({ ...config.history, path, log: logger })
  const store = createGraphStore({ history, log: logger })
  if (history) observeHistory(metrics.registry, history.counts)
  observeGraphs(metrics.registry, () => store.list(), now)
  const sinks: GraphSink[] = []
  if (overrides.providerSink) sinks.push(overrides.providerSink)
  else if (config.nodegraphProvider) sinks.push(toProvider(config.nodegraphProvider, logger))

  const { maxSpans, maxBytes, lateSec, readAllSec, ...buildOptions } = config.build
  const limits = { maxSpans, maxBytes }
  let settings = buildSettings(config)
  const aggregator = createAggregator({
    source,
    store,
    sinks,
    settings: () => settings,
    ...buildOptions,
    limits,
    incremental: readAllSec === 0 ? undefined : { lateSec, readAllSec },
    now,
  })
  const jobs = createJobs({ aggregator, maxQueued: config.build.maxQueued, now, log: logger })
  observeJobs(metrics.registry, jobs)

  const refreshes = refreshesByAlerts(config, jobs, now, logger)
  const schedules = { jobs, clock: systemClock(now), log: logger }
  const scheduler = createScheduler({ schedules: schedulesOf(config), ...schedules })

  const { bodyLimitBytes } = config.server
  const tokens = new AcceptedTokens(config.server.tokens)
  let { rateLimit } = config.server
  let { auth: senders } = config.webhooks
  const applySettings = (next: Config) => {
    settings = buildSettings(next)
  }
  const applyRefreshes = ({ webhooks }: Config) => refreshes.reconfigure(refreshSettings(webhooks))
  const reload = createReload({
    config,
    read: overrides.readConfig ?? (() => config),
    live: {
      'server.auth': ({ server }) => tokens.replace(server.tokens),
      'server.rate_limit': ({ server }) => {
        rateLimit = server.rateLimit
      },
      'log.level': ({ log }) => {
        logger.level = log.level
      },
      graph: applySettings,
      query: applySettings,
      search: applySettings,
      graphs: (next) => {
        applySettings(next)
        scheduler.replace(schedulesOf(next))
      },
      'tempo.tenant': applySettings,
      'tempo.tenants': applySettings,
      'webhooks.auth': ({ webhooks: { auth } }) => {
        // Whether tokens of server.auth are wanted instead is settled when routes are made.
        if (isConfigured(auth) !== isConfigured(senders)) return false
        senders = auth
        return true
      },
      'webhooks.rules': applyRefreshes,
      'webhooks.min_interval': applyRefreshes,
      'webhooks.deduplicate': applyRefreshes,
    },
  })
  const onTaken = observeAlerts(metrics.registry, () => refreshes.waiting)
  observeSchedules(metrics.registry, scheduler.list)
  const takesSpans = source === configured && source.name === 'embedded'
  if (takesSpans) observeEmbeddedTraces(metrics.registry, traces)
  const { url: grafanaUrl, tempoUid } = config.grafana
  const app = await createServer({
    parts: {
      aggregator,
      jobs,
      store,
      source,
      sinks: [store, ...sinks],
      history,
      alerts: { refreshes, auth: () => senders, onTaken },
      explain: createExplainer({ source, aggregator, ...buildOptions, limits }),
      otlpTraces: takesSpans ? { traces, bodyLimitBytes: config.embedded.bodyLimitBytes } : undefined,
      reload,
      page: { grafanaUrl, tempoUid },
      scheduler,
    },
    logger,
    bodyLimitBytes,
    tokens,
    rateLimit: () => rateLimit,
    metrics,
    now,
  })
  if (history) app.addHook('onReady', () => store.load())
  const closing = new AbortController()
  app.addHook('onListen', async () => {
    // Before the first build: what a sink has lost is back, should that build fail.
    aggregator.restore(closing.signal).catch((error) => {
      if (!closing.signal.aborted) logger.error({ err: error }, 'graphs not put back')
    })
    scheduler.start()
  })
  app.addHook('preClose', async () => {
    closing.abort(new TtaError('TTA_CLOSING', 'The service is about to end'))
    scheduler.close()
    refreshes.close()
    await jobs.close(config.server.shutdownTimeoutMs)
  })
  app.addHook('onClose', async () => {
    await Promise.all([source, store, ...sinks].map((part) => part.close()))
  })
  return { app, aggregator, jobs, store, source, reload, close: () => app.close() }
}

function fromTempo(
  { repairLimit, ...options }: TempoConfig,
  { parameters: { tenant }, build: { lateSec } }: Config,
  now: () => number,
  observer: TempoObserver,
): TraceSource {
  // For what is asked on nobody's behalf: a gateway may want a tenant of a health check as well.
  const headers = tenant === undefined ? options.headers : { ...options.headers, 'x-scope-orgid': tenant }
  return tempoSource({ ...options, headers, lateSec, maxLookups: repairLimit, now, observer })
}

const buildSettings = ({ parameters, graphs, tenants }: Config): BuildSettings => ({
  defaults: parameters,
  graphs,
  tenants: tenants.listed,
})

function toProvider(provider: NodegraphProviderConfig, log: FastifyBaseLogger): GraphSink {
  return createNodegraphProviderSink({ ...provider, log })
}

function schedulesOf({ graphs }: Config): Record<string, Schedule> {
  const entries = Object.entries(graphs)
  return Object.fromEntries(entries.flatMap(([name, { schedule }]) => (schedule ? [[name, schedule]] : [])))
}

function refreshesByAlerts(
  { webhooks }: Config,
  jobs: Jobs,
  now: () => number,
  log: FastifyBaseLogger,
): AlertBuilds {
  return new AlertBuilds({
    ...refreshSettings(webhooks),
    clock: systemClock(now),
    submit: (parameters) => submitTracked(jobs, parameters, 'webhook'),
    log,
  })
}

const refreshSettings = ({ rules, minIntervalSec, deduplicateSec }: Config['webhooks']): AlertSettings => ({
  rules: rules.map(alertRule),
  minIntervalMs: minIntervalSec * 1000,
  deduplicateMs: deduplicateSec * 1000,
})
