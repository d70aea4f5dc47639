import { randomUUID } from 'node:crypto'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { version } from '../../base/package.ts'
import type { Aggregator } from '../../builds/aggregation/aggregator.ts'
import type { Jobs } from '../../builds/jobs/jobs.ts'
import { logRequests } from '../../operations/logger.ts'
import { createMetrics, type Metrics } from '../../operations/metrics/metrics.ts'
import type { GraphStore } from '../../sinks/graph-store.ts'
import { AcceptedTokens } from '../access/accepted-tokens.ts'
import { watchExposure } from '../access/exposure.ts'
import { limitRates, type RateLimit } from '../access/rate-limit.ts'
import { refuseCrossSite } from '../access/refuse-cross-site.ts'
import { requireScopes } from '../access/require-scopes.ts'
import { handleError } from '../problem/problem.ts'
import { aggregate } from '../routes/aggregate.ts'
import { diffRoutes } from '../routes/diff.ts'
import { grafana } from '../routes/grafana.ts'
import { graph } from '../routes/graph.ts'
import { graphs } from '../routes/graphs.ts'
import { type Dependency, health } from '../routes/health.ts'
import { historyRoute } from '../routes/history.ts'
import { jobRoutes } from '../routes/jobs.ts'
import { metricsRoute } from '../routes/metrics.ts'
import { reportRoute } from '../routes/report.ts'
import { answerBrokenRequest } from './broken-request.ts'
import { documentRoutes } from './docs.ts'
import { observeRequests } from './observe-requests.ts'
import { refuseWhenClosing } from './refuse-when-closing.ts'
import { answerUnknownRoutes } from './unknown-route.ts'
import { createValidator } from './validator.ts'

export interface ServerOptions {
  aggregator: Aggregator
  jobs: Jobs
  store: Pick<GraphStore, 'get' | 'list' | 'at' | 'builds'>
  source: Dependency
  sinks: readonly Dependency[]
  /** Where builds are kept; absent where they are not. */
  history?: Pick<Dependency, 'check'> | undefined
  logger: FastifyBaseLogger
  /** Largest body of a request, bytes. */
  bodyLimitBytes: number
  /** Longest wait for a dependency at /health/ready, ms. @default 2000 */
  checkTimeoutMs?: number
  /** How long a request may take to arrive, body included, ms. @default 60000 */
  requestTimeoutMs?: number
  /** How long the result of a check counts, ms. @default 5000 */
  checkEveryMs?: number
  /** Unix ms. */
  now?: () => number
  /** Who may call. @default everybody */
  tokens?: AcceptedTokens
  /** Asked at every request. @default no limit */
  rateLimit?: () => RateLimit
  /** What GET /metrics shows. @default figures of HTTP alone */
  metrics?: Metrics
}

/** Schemas are compiled so long after the start, ms: requests sent as soon as it listens are answered first. */
const compileAfterMs = 500

const noLimit = () => ({ max: 0, windowSec: 1 })

/** The HTTP API over its parts. Does not listen; more routes may be registered. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const { aggregator, jobs, store, source, sinks, history, logger, bodyLimitBytes } = options
  const { checkTimeoutMs = 2000, metrics = createMetrics(version), now = Date.now } = options
  const { checkEveryMs = 5000, tokens = new AcceptedTokens(), rateLimit = noLimit } = options
  const { requestTimeoutMs = 60_000 } = options
  const app = Fastify({
    // Answered as a problem instead, by a hook.
    return503OnClosing: false,
    loggerInstance: logger,
    logController: new Fastify.LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    bodyLimit: bodyLimitBytes,
    // On a machine under load the parts of the server take longer to load than Fastify's 10 s; ms.
    pluginTimeout: 60_000,
    // Long names are for the schema to refuse: it says what is allowed.
    routerOptions: { maxParamLength: 65_536 },
    // A query of as many characters as the schema allows, each written as %F0%9F%9B%92.
    http: {
      maxHeaderSize: 65_536,
      headersTimeout: requestTimeoutMs,
      connectionsCheckingInterval: requestTimeoutMs / 2,
    },
    // Fastify's default is none: whoever sends a byte now and then would hold a connection for ever.
    requestTimeout: requestTimeoutMs,
    clientErrorHandler: answerBrokenRequest,
    frameworkErrors: (error, request, reply) => handleError(error, request, reply),
  }).withTypeProvider<TypeBoxTypeProvider>()

  const validator = createValidator()
  app.setValidatorCompiler(validator.compiler)
  const compile = () =>
    validator.compileAll().catch((error) => logger.error({ err: error }, 'a schema of the API is none'))
  let compiling: NodeJS.Timeout | undefined
  app.addHook('onListen', async () => {
    compiling = setTimeout(compile, compileAfterMs).unref()
  })
  app.addHook('onClose', async () => clearTimeout(compiling))
  // A serializer compiled for each route and status takes a second of every start, and drops in silence what a schema
  // does not name: what is sent is what the code says, and tests hold it against the schema.
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer))
  app.setErrorHandler(handleError)
  logRequests(app)
  refuseWhenClosing(app)
  observeRequests(app, metrics)
  answerUnknownRoutes(app)
  refuseCrossSite(app)
  requireScopes(app, tokens)
  await limitRates(app, rateLimit)
  const warnings = watchExposure(app, tokens)
  await documentRoutes(app)

  await app.register(aggregate, { jobs })
  await app.register(jobRoutes, { jobs })
  await app.register(graphs, { aggregator, store, now })
  await app.register(graph, { aggregator, store, now })
  await app.register(reportRoute, { aggregator, store, now })
  await app.register(historyRoute, { store, now })
  await app.register(diffRoutes, { aggregator, store, now })
  await app.register(grafana, { aggregator, store, now })
  await app.register(health, { source, sinks, history, checkTimeoutMs, checkEveryMs, warnings })
  await app.register(metricsRoute, { metrics })
  return app
}
