import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { TtaError } from '../../base/errors.ts'
import { problemOf } from '../../model/problem.ts'
import { sendProblem } from './error-response.ts'

/**
 * Answers requests without a route: 405 with `Allow` if the path has other methods, otherwise 404.
 * Call this before the routes are registered.
 */
export function answerUnroutedRequests(app: FastifyInstance): void {
  const routes: { path: RegExp; methods: string[] }[] = []

  app.addHook('onRoute', ({ url, method }) => {
    const source = url
      .replace(/[.+?^${}()|[\]\\]/g, '\\$&')
      .replace(/:[^/]+/g, '[^/]+')
      .replace('*', '.*')
    routes.push({ path: new RegExp(`^${source}$`), methods: [method].flat() })
  })

  const answer = (request: FastifyRequest, reply: FastifyReply) => {
    const path = request.url.split('?', 1)[0] ?? ''
    const methods = new Set(routes.filter((route) => route.path.test(path)).flatMap((route) => route.methods))
    if (methods.size === 0 || methods.has(request.method)) {
      return sendProblem(reply, new TtaError('TTA_NOT_FOUND', 'Path not found; see /docs'))
    }
    const allow = [...methods].sort().join(', ')
    reply.header('allow', allow)
    return sendProblem(
      reply,
      new TtaError('TTA_METHOD_NOT_ALLOWED', `Method not allowed; allowed methods: ${allow}`),
    )
  }
  app.setNotFoundHandler(answer)
  // Before the body is read, which could also be invalid.
  app.addHook('onRequest', async (request, reply) => {
    if (request.is404) return answer(request, reply)
  })
}

/** The error of Node for a connection without a valid HTTP request. */
interface ConnectionError extends Error {
  code?: string
}

/** Answers data that is not an HTTP request, and requests with a too long or incomplete head. Fastify has no reply for them. */
export function answerMalformedRequest(error: ConnectionError, socket: Socket): void {
  if (error.code === 'ECONNRESET' || !socket.writable) {
    socket.destroy()
    return
  }
  const problem = problemOf(toTtaError(error), `urn:uuid:${randomUUID()}`)
  const body = JSON.stringify(problem)
  const head = [
    `HTTP/1.1 ${problem.status} ${problem.title}`,
    'content-type: application/problem+json',
    `content-length: ${Buffer.byteLength(body)}`,
    'connection: close',
  ]
  socket.end(`${head.join('\r\n')}\r\n\r\n${body}`)
}

function toTtaError({ code }: ConnectionError): TtaError {
  if (code === 'HPE_HEADER_OVERFLOW') {
    return new TtaError('TTA_HEADERS_TOO_LARGE', 'The URL and the headers are too long')
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new TtaError('TTA_REQUEST_TIMEOUT', 'The request was not complete in time')
  }
  return new TtaError('TTA_BAD_REQUEST', `Not a valid HTTP request${code === undefined ? '' : ` (${code})`}`)
}
