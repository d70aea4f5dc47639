import { systemClock } from '../base/clock.ts'
import { type Aggregator, type BuildSettings, createAggregator } from '../builds/aggregation/aggregator.ts'
import { AlertBuilds, type AlertSettings } from '../builds/alerts/alert-builds.ts'
import { createExplainer, type Explain } from '../builds/explain/explain.ts'
import { createJobs, type Jobs, submitTracked } from '../builds/jobs/jobs.ts'
import { createScheduler, type Scheduler } from '../builds/schedule/scheduler.ts'
import { inCamelCase } from '../config/camel-case.ts'
import { alertRuleOptions } from '../config/checks/webhooks.ts'
import type { Config } from '../config/config.ts'
import { defaultParameters, type ParameterDefaults } from '../model/parameters.ts'
import type { Schedule } from '../model/schedule.ts'
import { observeJobs } from '../operations/metrics/build-metrics.ts'
import { observeSchedules } from '../operations/metrics/trigger-metrics.ts'
import type { Context } from './context.ts'
import type { Sinks } from './sinks.ts'
import type { Sources } from './sources.ts'

export interface Builds {
  aggregator: Aggregator
  jobs: Jobs
  alertBuilds: AlertBuilds
  scheduler: Scheduler
  explain: Explain
}

/** Creates what builds graphs, and what starts builds. */
export function createBuilds(
  { live, metrics: { registry }, logger, now }: Context,
  { source }: Sources,
  { store, sinks }: Sinks,
): Builds {
  const { max_spans: maxSpans, max_bytes: maxBytes, ...build } = live.current.build
  const { late_sec: lateSec, full_read_sec: readAllSec } = build
  const { deadlineSec, maxConcurrent, maxPreviews, maxQueued, maxNodes } = inCamelCase(build)
  const limits = { maxSpans, maxBytes }
  const aggregator = createAggregator({
    source,
    store,
    sinks,
    settings: live.derive(buildSettings),
    deadlineSec,
    limits,
    maxConcurrent,
    maxPreviews,
    maxQueued,
    maxNodes,
    incremental: readAllSec === 0 ? undefined : { lateSec, readAllSec },
    now,
  })
  const jobs = createJobs({ aggregator, maxQueued, now, log: logger })
  observeJobs(registry, jobs)
  const explain = createExplainer({ source, aggregator, deadlineSec, limits, maxNodes })

  const clock = systemClock(now)
  const alertBuilds = new AlertBuilds({
    ...alertSettings(live.current),
    clock,
    submit: (parameters) => submitTracked(jobs, parameters, 'webhook'),
    log: logger,
  })
  live.onChange(['webhooks.rules', 'webhooks.min_interval_sec', 'webhooks.deduplicate_sec'], (config) =>
    alertBuilds.reconfigure(alertSettings(config)),
  )
  const scheduler = createScheduler({ schedules: schedulesOf(live.current), jobs, clock, log: logger })
  live.onChange(['graphs'], (config) => scheduler.replace(schedulesOf(config)))
  observeSchedules(registry, scheduler.list)
  return { aggregator, jobs, alertBuilds, scheduler, explain }
}

/** Maps the configuration to what requests and named graphs are built with. */
export function buildSettings(config: Config): BuildSettings {
  const graphs = Object.entries(config.graphs).map(([name, own]) => {
    return [name, { parameters: parametersOf(name, config, own), sinks: own.sinks }]
  })
  return {
    defaults: parametersOf(config.graph.name, config),
    graphs: Object.fromEntries(graphs),
    tenants: config.tempo.tenants,
  }
}

function parametersOf(
  graph: string,
  { query, search, tempo }: Config,
  own: Config['graphs'][string] = {},
): ParameterDefaults {
  const { from: searchFrom, mode: searchMode } = { ...search, ...own.search }
  const { tenant = tempo.tenant } = own
  return {
    ...defaultParameters,
    ...inCamelCase({ ...query, ...own.query }),
    graph,
    searchFrom,
    searchMode,
    ...(tenant === undefined ? {} : { tenant }),
  }
}

/** Maps the configuration to the schedules of graphs, by the name of the graph. */
export function schedulesOf({ graphs }: Config): Record<string, Schedule> {
  const schedules = Object.entries(graphs).flatMap(([name, { schedule }]): [string, Schedule][] => {
    const { every_sec: everySec, cron, timezone = 'UTC' } = schedule ?? {}
    if (everySec !== undefined) return [[name, { everyMs: everySec * 1000 }]]
    return cron === undefined ? [] : [[name, { cron, timezone }]]
  })
  return Object.fromEntries(schedules)
}

/** Maps the configuration to the rules and intervals of alert builds. */
export function alertSettings({ webhooks }: Config): AlertSettings {
  return {
    rules: webhooks.rules.map(alertRuleOptions),
    minIntervalSec: webhooks.min_interval_sec,
    deduplicateSec: webhooks.deduplicate_sec,
  }
}
