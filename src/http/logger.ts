import type { FastifyBaseLogger, FastifyInstance, FastifyRequest } from 'fastify'
import { type DestinationStream, pino } from 'pino'

/** Headers that name or admit somebody. */
const secretHeaders = ['authorization', 'proxy-authorization', 'cookie', 'set-cookie', 'x-scope-orgid']
// Exact paths: a wildcard costs 20 to 40 µs a line, as much as the rest of a request.
const redact = ['', 'req.', 'res.', 'request.', 'response.', 'options.'].flatMap((place) =>
  secretHeaders.map((header) => `${place}headers["${header}"]`),
)

/**
 * @param level pino's: trace, debug, info, warn, error, fatal or silent
 * @param destination where lines of JSON go
 * @default standard error
 */
export function createLogger(
  level: string,
  destination: DestinationStream = toStandardError(),
): FastifyBaseLogger {
  return pino({ level, redact, serializers: { err: (error) => describeError(error) } }, destination)
}

let standardError: DestinationStream | undefined

/** Lines of one pass of the event loop are written together: a write for each is a sixth of what a request costs. */
function toStandardError(): DestinationStream {
  if (standardError) return standardError
  const stream = pino.destination({ dest: 2, sync: false })
  let lines = ''
  const handOn = () => {
    if (lines !== '') stream.write(lines)
    lines = ''
  }
  // Before pino's own listener, which writes what the stream has by then.
  process.prependListener('exit', handOn)
  standardError = {
    write(line) {
      if (lines === '') setImmediate(handOn)
      lines += line
    },
  }
  return standardError
}

/** One line per request, when it is over. The path without its query: that may hold anything. */
export function logRequests(app: FastifyInstance): void {
  const line = ({ method, url, caller }: FastifyRequest) => ({
    method,
    path: url.split('?', 1)[0],
    ...(caller ? { caller: caller.name } : {}),
  })
  app.addHook('onResponse', (request, reply, done) => {
    const { statusCode, elapsedTime } = reply
    request.log.info({ ...line(request), statusCode, ms: Math.round(elapsedTime * 10) / 10 }, 'request')
    done()
  })
  app.addHook('onRequestAbort', async (request) => {
    request.log.info(line(request), 'client gone before the answer')
  })
}

interface ErrorDescription {
  type: string
  code?: unknown
  message: string
  stack?: string | undefined
  cause?: unknown
}

/** An error and its causes by fields we know: errors of HTTP clients carry whole requests, with their headers. */
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
