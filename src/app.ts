import type { FastifyBaseLogger, FastifyInstance } from 'fastify'
import { TtaError } from './base/errors.ts'
import { version } from './base/package.ts'
import type { Aggregator } from './builds/aggregation/aggregator.ts'
import type { Jobs } from './builds/jobs/jobs.ts'
import type { Config } from './config/config.ts'
import { createLiveConfig, type ReloadReport } from './config/reload.ts'
import { createLogger } from './operations/logger.ts'
import { createMetrics } from './operations/metrics/metrics.ts'
import type { GraphSink } from './sinks/graph-sink.ts'
import type { GraphStore } from './sinks/graph-store.ts'
import type { TraceSource } from './sources/trace-source.ts'
import { createBuilds } from './wiring/builds.ts'
import { createService } from './wiring/service.ts'
import { createSinks } from './wiring/sinks.ts'
import { createSources } from './wiring/sources.ts'

/** Parts to use in place of the configured ones. */
export interface AppOverrides {
  source?: TraceSource
  providerSink?: GraphSink
  /** Unix ms. */
  now?: () => number
  logger?: FastifyBaseLogger
  /** Reads the configuration again. @throws {ConfigError} @default it never changes */
  readConfig?: () => Config
}

export interface App {
  /** The HTTP service, which does not listen yet. */
  app: FastifyInstance
  aggregator: Aggregator
  jobs: Jobs
  store: GraphStore
  source: TraceSource
  /** Reads the configuration again. @throws {TtaError} TTA_CONFIG_INVALID: it stays as it was */
  reload(): ReloadReport
  /** Closes the service, then its parts. */
  close(): Promise<void>
}

/** Creates every part of tta and connects them. Does no I/O and does not listen. */
export async function buildApp(config: Config, overrides: AppOverrides = {}): Promise<App> {
  const { now = Date.now, logger = createLogger(config.log.level) } = overrides
  const live = createLiveConfig(config, overrides.readConfig)
  live.onChange(['log.level'], ({ log }) => {
    logger.level = log.level
  })
  const context = { live, metrics: createMetrics(version), logger, now }
  const sources = createSources(context, overrides.source)
  const sinks = createSinks(context, overrides.providerSink)
  const builds = createBuilds(context, sources, sinks)
  const app = await createService(context, sources, sinks, builds)

  const { source } = sources
  const { store, history } = sinks
  const { aggregator, jobs, scheduler, alertBuilds } = builds
  const closing = new AbortController()
  if (history) app.addHook('onReady', () => store.load())
  app.addHook('onListen', async () => {
    // A sink that lost a graph gets it back even if the first build fails.
    aggregator.restore(closing.signal).catch((error) => {
      if (!closing.signal.aborted) logger.error({ err: error }, 'graphs not restored')
    })
    scheduler.start()
  })
  app.addHook('preClose', async () => {
    closing.abort(new TtaError('TTA_CLOSING', 'The service is closing'))
    scheduler.close()
    alertBuilds.close()
    await jobs.close(config.server.shutdown_timeout_sec * 1000)
  })
  app.addHook('onClose', async () => {
    await Promise.all([source, store, ...sinks.sinks].map((part) => part.close()))
  })
  return { app, aggregator, jobs, store, source, reload: live.reload, close: () => app.close() }
}
