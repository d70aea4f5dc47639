import type { FastifyInstance } from 'fastify'
import type { Aggregator } from '../../builds/aggregation/aggregator.ts'
import type { Explain } from '../../builds/explain/explain.ts'
import type { Jobs } from '../../builds/jobs/jobs.ts'
import type { Scheduler } from '../../builds/schedule/scheduler.ts'
import type { ReloadReport } from '../../config/reload.ts'
import type { Metrics } from '../../operations/metrics/metrics.ts'
import type { GraphStore } from '../../sinks/graph-store.ts'
import { aggregateRoute } from './aggregate.ts'
import { type AlertWebhookOptions, alertWebhookRoutes } from './alert-webhooks.ts'
import { diffRoutes } from './diff.ts'
import { explainRoute } from './explain.ts'
import { grafanaPluginRoutes } from './grafana-plugin.ts'
import { graphRoutes } from './graphs.ts'
import { type Dependency, healthRoutes } from './health.ts'
import { historyRoute } from './history.ts'
import { jobRoutes } from './jobs.ts'
import { metricsRoute } from './metrics.ts'
import { type OtlpTracesOptions, otlpTracesRoute, refuseOtlpTracesRoute } from './otlp-traces.ts'
import { type PageSettings, pageRoutes } from './page.ts'
import { reloadRoute } from './reload.ts'
import { reportRoute } from './report.ts'
import { schedulesRoute } from './schedules.ts'

/** The parts of tta that the routes serve. A route whose part is missing is not registered. */
export interface RouteParts {
  aggregator: Aggregator
  jobs: Jobs
  store: Pick<GraphStore, 'get' | 'list' | 'at' | 'builds'>
  /** The trace source, for /health/ready. */
  source: Dependency
  /** All sinks, for /health/ready. */
  sinks: readonly Dependency[]
  /** Absent if builds are not kept. */
  history?: Pick<Dependency, 'check'> | undefined
  /** Alert builds; notifications are received at /webhooks/alerts. */
  alerts?: Omit<AlertWebhookOptions, 'now'> | undefined
  explain?: Explain | undefined
  /** Absent if spans are read from Tempo: then POST /v1/traces is 404. */
  otlpTraces?: OtlpTracesOptions | undefined
  reload?: (() => ReloadReport) | undefined
  page?: PageSettings | undefined
  scheduler?: Pick<Scheduler, 'list'> | undefined
  metrics: Metrics
  /** Longest wait for a dependency at /health/ready, ms. @default 2000 */
  checkTimeoutMs?: number | undefined
  /** How long /health/ready reuses the result of a check, ms. @default 5000 */
  checkEveryMs?: number | undefined
  /** Warnings for /health/ready. */
  warnings: () => string[]
  /** Returns Unix ms. */
  now: () => number
}

/** Registers every route of the HTTP API and of the page. */
export async function registerRoutes(app: FastifyInstance, parts: RouteParts): Promise<void> {
  const { jobs, alerts, explain, otlpTraces, reload, page, scheduler, store, now } = parts
  const { checkTimeoutMs = 2000, checkEveryMs = 5000 } = parts
  await app.register(aggregateRoute, { jobs })
  await app.register(jobRoutes, { jobs })
  await app.register(graphRoutes, parts)
  await app.register(reportRoute, parts)
  await app.register(historyRoute, { store, now })
  await app.register(diffRoutes, parts)
  if (explain) await app.register(explainRoute, { explain, store })
  await app.register(grafanaPluginRoutes, parts)
  if (alerts) await app.register(alertWebhookRoutes, { ...alerts, now })
  if (scheduler) await app.register(schedulesRoute, { scheduler })
  if (otlpTraces) await app.register(otlpTracesRoute, otlpTraces)
  else await app.register(refuseOtlpTracesRoute)
  await app.register(healthRoutes, { ...parts, checkTimeoutMs, checkEveryMs })
  await app.register(metricsRoute, parts)
  if (reload) await app.register(reloadRoute, { reload })
  if (page) await pageRoutes(app, { settings: page })
}
