import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify'
import { TtaError } from '../../base/errors.ts'
import { sendProblem } from '../problem/problem.ts'

/**
 * Answers requests that no route takes: 405 with `Allow` where the path exists for other methods, else 404.
 * To be called before the routes are registered.
 */
export function answerUnknownRoutes(app: FastifyInstance): void {
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
