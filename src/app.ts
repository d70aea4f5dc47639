import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import type { Aggregator } from './aggregation/aggregator.ts'
import { createAggregator } from './aggregation/create-aggregator.ts'
import { AlertRefreshes, type SubmittedBuild } from './alerts/alert-refreshes.ts'
import { alertRule } from './alerts/alert-rule.ts'
import { systemClock } from './clock.ts'
import type { Config, NodegraphProviderConfig, TempoConfig } from './config/config.ts'
import { createReload, type ReloadReport } from './config/reload.ts'
import { embeddedSource } from './embedded/embedded-source.ts'
import { EmbeddedTraces } from './embedded/embedded-traces.ts'
import { TtaError } from './errors.ts'
import { createExplainer } from './explain/explain.ts'
import { createBuildHistory } from './history/build-history.ts'
import { AcceptedTokens } from './http/accepted-tokens.ts'
import { version } from './http/docs.ts'
import { createLogger } from './http/logger.ts'
import { alertWebhooks } from './http/routes/alert-webhooks.ts'
import { explainRoute } from './http/routes/explain.ts'
import { noOtlpTracesRoute } from './http/routes/no-otlp-traces.ts'
import { otlpTracesRoute } from './http/routes/otlp-traces.ts'
import { pageRoutes } from './http/routes/page.ts'
import { reloadRoute } from './http/routes/reload.ts'
import { schedulesRoute } from './http/routes/schedules.ts'
import { createServer } from './http/server.ts'
import { createJobs } from './jobs/create-jobs.ts'
import type { Jobs } from './jobs/jobs.ts'
import { observeGraphs } from './metrics/graph-metrics.ts'
import { observeHistory } from './metrics/history-metrics.ts'
import { observeJobs } from './metrics/job-metrics.ts'
import { createMetrics } from './metrics/metrics.ts'
import { tempoMetrics } from './metrics/tempo-metrics.ts'
import type { AggregationParameters } from './model/parameters.ts'
import type { Schedule } from './model/schedule.ts'
import { createScheduler } from './schedule/scheduler.ts'
import type { GraphSink } from './sink/graph-sink.ts'
import { createGraphStore, type GraphStore } from './sink/graph-store.ts'
import { createNodegraphProviderSink } from './sink/nodegraph-provider.ts'
import type { TraceSource } from './source/trace-source.ts'
import type { TempoObserver } from './tempo/tempo-observer.ts'
import { tempoSource } from './tempo/tempo-source.ts'

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
    ? fromTempo(config.tempo, now, tempoMetrics(metrics.registry))
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

  const aggregator = createAggregator({
    source,
    store,
    sinks,
    defaults: config.parameters,
    graphs: config.graphs,
    tenants: config.tempo?.tenants,
    ...config.build,
    now,
  })
  const jobs = createJobs({ aggregator, maxQueued: config.build.maxQueued, now, log: logger })
  observeJobs(metrics.registry, jobs)

  const { bodyLimitBytes } = config.server
  const tokens = new AcceptedTokens(config.server.tokens)
  let { rateLimit } = config.server
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
    },
  })
  const app = await createServer({
    aggregator,
    jobs,
    store,
    source,
    sinks: [store, ...sinks],
    history,
    logger,
    now,
    bodyLimitBytes,
    tokens,
    rateLimit: () => rateLimit,
    metrics,
  })
  const refreshes = refreshesByAlerts(config, jobs, now, logger)
  await app.register(alertWebhooks, { refreshes, auth: config.webhooks.auth, now })
  const explain = createExplainer({ source, aggregator, ...config.build })
  await app.register(explainRoute, { explain, store })
  if (source === configured && source.name === 'embedded') {
    await app.register(otlpTracesRoute, { traces, bodyLimitBytes: config.embedded.bodyLimitBytes })
  } else await app.register(noOtlpTracesRoute)
  await app.register(reloadRoute, { reload })
  const { url: grafanaUrl, tempoUid } = config.grafana
  await pageRoutes(app, { settings: { grafanaUrl, tempoUid } })
  if (history) app.addHook('onReady', () => store.load())
  const scheduler = createScheduler({
    schedules: schedulesOf(config),
    jobs,
    clock: systemClock(now),
    log: logger,
  })
  await app.register(schedulesRoute, { scheduler })
  const closing = new AbortController()
  app.addHook('onListen', async () => {
    // Before the first build: what a sink has lost is back, should that build fail.
    aggregator.putBack(closing.signal).catch((error) => {
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

function fromTempo(tempo: TempoConfig, now: () => number, observer: TempoObserver): TraceSource {
  const { repairLimit, tenants: _tenants, ...options } = tempo
  return tempoSource({ ...options, maxLookups: repairLimit, now, observer })
}

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
): AlertRefreshes {
  const submit = (parameters: AggregationParameters): SubmittedBuild => {
    let isNew = false
    const unsubscribe = jobs.subscribe(({ sequence }) => {
      isNew ||= sequence === 1
    })
    try {
      const { id } = jobs.submit(parameters, 'webhook')
      const ended = jobs.ended(id, new AbortController().signal)
      return { id, isNew, succeeded: ended.then(({ state }) => state === 'succeeded') }
    } finally {
      unsubscribe()
    }
  }
  return new AlertRefreshes({
    rules: webhooks.rules.map(alertRule),
    minIntervalMs: webhooks.minIntervalSec * 1000,
    deduplicateMs: webhooks.deduplicateSec * 1000,
    clock: systemClock(now),
    submit,
    log,
  })
}
