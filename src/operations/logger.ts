import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import { type DestinationStream, pino } from 'pino'

/** Headers that identify or authenticate a client. */
const secretHeaders = ['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'x-scope-orgid']
// Exact paths: a wildcard costs 20 to 40 µs per line, as much as the rest of a request.
const redact = ['', 'req.', 'res.', 'request.', 'response.', 'options.'].flatMap((place) =>
  secretHeaders.map((header) => `${place}headers["${header}"]`),
)

/**
 * Creates a logger that writes one JSON object per line.
 *
 * @param level a level of pino: trace, debug, info, warn, error, fatal or silent
 * @param destination standard error by default
 */
export function createLogger(
  level: string,
  destination: DestinationStream = toStandardError(),
): FastifyBaseLogger {
  return pino({ level, redact, serializers: { err: (error) => describeError(error) } }, destination)
}

let standardError: ReturnType<typeof pino.destination> | undefined

/**
 * Standard error, which all loggers of the process share. Lines are written together, at 4 KiB or after 50 ms: a write
 * for each line takes a tenth of the time of a request. Pino writes the rest when the process exits.
 */
function toStandardError(): DestinationStream {
  standardError ??= pino.destination({ dest: 2, sync: false, minLength: 4096, periodicFlush: 50 })
  return standardError
}

/**
 * Writes the lines that standard error still has to get. It must be called before the process exits. If the reader has
 * gone (EPIPE), pino then drops the rest; on exit, sonic-boom 4.2 would try to write it forever.
 */
export function flushLog(): Promise<void> {
  return new Promise((resolve) => {
    if (standardError === undefined) resolve()
    else standardError.flush(() => resolve())
  })
}

/** Logs one line for each completed request. The path is logged without its query, which could contain secrets. */
export function logRequests(app: FastifyInstance): void {
  // Pino does not write undefined values.
  const line = ({ method, url, caller }: FastifyRequest, statusCode?: number, ms?: number) => ({
    method,
    path: url.split('?', 1)[0],
    caller: caller?.name,
    statusCode,
    ms,
  })
  app.addHook('onResponse', (request, { statusCode, elapsedTime }, done) => {
    request.log.info(line(request, statusCode, Math.round(elapsedTime * 10) / 10), 'request')
    done()
  })
  app.addHook('onRequestAbort', (request, done) => {
    request.log.info(line(request), 'client disconnected before the response')
    done()
  })
}

interface ErrorDescription {
  type: string
  code?: unknown
  message: string
  stack?: string | undefined
  cause?: unknown
}

/** Describes an error and its causes by known fields only. Errors of HTTP clients contain requests with their headers. */
function describeError(error: unknown, depth = 0): ErrorDescription | string {
  if (!(error instanceof Error)) return typeof error
  const { code } = error as { code?: unknown }
  return {
    type: error.name,
    ...(code === undefined ? {} : { code }),
    message: error.message,
    stack: error.stack,
    ...(error.cause === undefined || depth === 4 ? {} : { cause: describeError(error.cause, depth + 1) }),
  }
}
