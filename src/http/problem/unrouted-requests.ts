import { randomUUID } from 'node:crypto'
import type { Socket } from 'node:net'
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { TtaError } from '../../base/errors.ts'
import { problemOf } from '../../model/problem.ts'
import { sendProblem } from './error-response.ts'

/**
 * Answers requests that no route takes: 405 with `Allow` where the path exists for other methods, else 404.
 * To be called before the routes are registered.
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
      return sendProblem(reply, new TtaError('TTA_NOT_FOUND', 'There is nothing at this path; see /docs'))
    }
    const allow = [...methods].sort().join(', ')
    reply.header('allow', allow)
    return sendProblem(reply, new TtaError('TTA_METHOD_NOT_ALLOWED', `This path takes ${allow}`))
  }
  app.setNotFoundHandler(answer)
  // Before a body is looked at, which could be wrong too.
  app.addHook('onRequest', async (request, reply) => {
    if (request.is404) return answer(request, reply)
  })
}

/** What Node says of what it could not read as a request. */
interface ConnectionError extends Error {
  code?: string
}

/** Answers what is no HTTP request, or one whose head is too long: no route has it, and no reply. */
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
    return new TtaError('TTA_HEADERS_TOO_LARGE', 'Address and headers together are too long')
  }
  if (code === 'ERR_HTTP_REQUEST_TIMEOUT') {
    return new TtaError('TTA_REQUEST_TIMEOUT', 'The request did not come to its end in time')
  }
  return new TtaError('TTA_BAD_REQUEST', `This is no HTTP request${code === undefined ? '' : ` (${code})`}`)
}
