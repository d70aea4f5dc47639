import { randomUUID } from 'node:crypto'
import type { TypeBoxTypeProvider } from '@fastify/type-provider-typebox'
import Fastify, { type FastifyBaseLogger, type FastifyInstance } from 'fastify'
import { version } from '../../base/package.ts'
import { logRequests } from '../../operations/logger.ts'
import { observeRequests } from '../../operations/metrics/http-metrics.ts'
import { createMetrics, type Metrics } from '../../operations/metrics/metrics.ts'
import { type KnownHosts, refuseForeignHosts } from '../access/known-hosts.ts'
import { limitRates, type RateLimit } from '../access/rate-limit.ts'
import { refuseCrossSite, refuseWhenClosing } from '../access/request-guards.ts'
import { AcceptedTokens, requireTokens, warnOfOpenAccess } from '../access/token-check.ts'
import { handleError } from '../problem/error-response.ts'
import { answerMalformedRequest, answerUnroutedRequests } from '../problem/unrouted-requests.ts'
import { type RouteParts, registerRoutes } from '../routes/register-routes.ts'
import { serveOpenapiDocument } from './openapi-document.ts'
import { createValidator } from './request-validator.ts'

export interface ServerOptions {
  /** The parts of tta that the routes serve. */
  parts: Omit<RouteParts, 'metrics' | 'warnings' | 'now'>
  logger: FastifyBaseLogger
  /** Largest request body, bytes. */
  bodyLimitBytes: number
  /** Longest time for a request to arrive, including its body, ms. @default 60000 */
  requestTimeoutMs?: number | undefined
  /** @default no token: every request is accepted */
  tokens?: AcceptedTokens
  /** @default no further hosts */
  knownHosts?: KnownHosts
  /** Called for every request. @default no limit */
  rateLimit?: () => RateLimit
  /** Served at GET /metrics. @default a registry with the HTTP metrics only */
  metrics?: Metrics
  /** Returns Unix ms. */
  now?: () => number
}

/** Delay before all schemas are compiled, ms. Requests that arrive right after the start are served first. */
const compileDelayMs = 500

const noLimit = () => ({ max: 0, windowSec: 1 })

/** Creates the HTTP server with all its hooks and routes. It does not listen yet. */
export async function createServer(options: ServerOptions): Promise<FastifyInstance> {
  const { parts, logger, bodyLimitBytes, requestTimeoutMs = 60_000, now = Date.now } = options
  const { tokens = new AcceptedTokens(), rateLimit = noLimit, metrics = createMetrics(version) } = options
  const { knownHosts = { allowedHosts: [], host: 'localhost' } } = options
  const app = Fastify({
    // `refuseWhenClosing` answers with a problem document instead.
    return503OnClosing: false,
    loggerInstance: logger,
    logController: new Fastify.LogController({ disableRequestLogging: true }),
    genReqId: () => randomUUID(),
    bodyLimit: bodyLimitBytes,
    // A machine under load can take longer than Fastify's 10 s to load the plugins; ms.
    pluginTimeout: 60_000,
    // The schema rejects long names: its message states the limit.
    routerOptions: { maxParamLength: 65_536 },
    // Room for the longest query string that the schemas allow, each character percent-encoded.
    http: {
      maxHeaderSize: 65_536,
      headersTimeout: requestTimeoutMs,
      connectionsCheckingInterval: requestTimeoutMs / 2,
    },
    // Fastify has no limit by default: a client that sends one byte now and then would keep its connection for ever.
    requestTimeout: requestTimeoutMs,
    clientErrorHandler: answerMalformedRequest,
    frameworkErrors: (error, request, reply) => handleError(error, request, reply),
  }).withTypeProvider<TypeBoxTypeProvider>()

  const validator = createValidator()
  app.setValidatorCompiler(validator.compiler)
  const compile = () =>
    validator.compileAll().catch((error) => logger.error({ err: error }, 'an API schema failed to compile'))
  let compiling: NodeJS.Timeout | undefined
  app.addHook('onListen', async () => {
    compiling = setTimeout(compile, compileDelayMs).unref()
  })
  app.addHook('onClose', async () => clearTimeout(compiling))
  // Compiling a serializer for each route and status takes one second at every start. Such a serializer also drops
  // properties that the schema does not name. Tests compare the responses with the schemas instead.
  app.setSerializerCompiler(() => (answer) => JSON.stringify(answer))
  app.setErrorHandler(handleError)
  logRequests(app)
  refuseWhenClosing(app)
  observeRequests(app, metrics)
  answerUnroutedRequests(app)
  refuseCrossSite(app)
  refuseForeignHosts(app, knownHosts, tokens)
  requireTokens(app, tokens)
  await limitRates(app, rateLimit)
  const warnings = warnOfOpenAccess(app, tokens)
  await serveOpenapiDocument(app)
  await registerRoutes(app, { ...parts, metrics, warnings, now })
  return app
}
