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

/** So long after a write, ms, the lines that came meanwhile are written together: one by one is a tenth of a request. */
const holdMs = 50

/** Standard error, without a write for each line where there are many. */
function toStandardError(): DestinationStream {
  if (standardError) return standardError
  const stream = pino.destination({ dest: 2, sync: false })
  let lines = ''
  let isHolding = false
  const publish = () => {
    isHolding = lines !== ''
    if (!isHolding) return
    stream.write(lines)
    lines = ''
    setTimeout(publish, holdMs).unref()
  }
  // The last ones at once, after what the stream has: nothing that is begun now would be gone on with.
  process.prependListener('exit', () => {
    stream.flushSync()
    if (lines !== '') pino.destination({ dest: 2, sync: true }).write(lines)
    lines = ''
  })
  standardError = {
    write(line) {
      lines += line
      if (!isHolding) publish()
    },
  }
  return standardError
}

/** One line per request, when it is over. The path without its query: that may hold anything. */
export function logRequests(app: FastifyInstance): void {
  // What is undefined is not written.
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
    request.log.info(line(request), 'client gone before the answer')
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
