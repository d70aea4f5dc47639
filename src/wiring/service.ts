import type { FastifyInstance } from 'fastify'
import { inCamelCase } from '../config/camel-case.ts'
import { senderAuth } from '../config/checks/webhooks.ts'
import { connectionOf } from '../config/connection.ts'
import { AcceptedTokens } from '../http/access/token-check.ts'
import { createServer } from '../http/server/server.ts'
import { observeEmbeddedTraces } from '../operations/metrics/source-metrics.ts'
import { observeAlerts } from '../operations/metrics/trigger-metrics.ts'
import type { Builds } from './builds.ts'
import type { Context } from './context.ts'
import type { Sinks } from './sinks.ts'
import type { Sources } from './sources.ts'

/** Creates the HTTP service with every route. Does not listen. */
export async function createService(
  { live, metrics, logger, now }: Context,
  { source, received }: Sources,
  { store, history, sinks }: Sinks,
  { aggregator, jobs, alertBuilds, scheduler, explain }: Builds,
): Promise<FastifyInstance> {
  const { server, embedded, grafana } = live.current
  const tokens = new AcceptedTokens(server.auth.tokens)
  live.onChange(['server.auth'], (config) => tokens.replace(config.server.auth.tokens))
  const auth = live.derive(({ webhooks }) => senderAuth(webhooks))
  const onAccepted = observeAlerts(metrics.registry, () => alertBuilds.waiting)
  if (received) observeEmbeddedTraces(metrics.registry, received)
  return createServer({
    parts: {
      aggregator,
      jobs,
      store,
      source,
      sinks: [store, ...sinks],
      history,
      alerts: { alertBuilds, auth, onAccepted },
      explain,
      otlpTraces: received && { traces: received, bodyLimitBytes: embedded.body_limit_bytes },
      reload: live.reload,
      page: {
        grafanaUrl: connectionOf({ ...grafana, headers: {} })?.url,
        tempoUid: grafana.tempo_uid,
      },
      scheduler,
    },
    logger,
    bodyLimitBytes: server.body_limit_bytes,
    tokens,
    knownHosts: { allowedHosts: server.allowed_hosts, host: server.host },
    rateLimit: live.derive((config) => inCamelCase(config.server.rate_limit)),
    metrics,
    now,
  })
}
