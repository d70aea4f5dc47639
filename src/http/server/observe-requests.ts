import type { FastifyInstance } from 'fastify'
import { httpMetrics } from '../../operations/metrics/http-metrics.ts'
import type { Metrics } from '../../operations/metrics/metrics.ts'

declare module 'fastify' {
  interface FastifyReply {
    /** Code of the problem that is the answer. */
    problemCode: string | null
  }
}

/** Counts every answer by its route, and watches the process as soon as the service listens. */
export function observeRequests(app: FastifyInstance, metrics: Metrics): void {
  const observer = httpMetrics(metrics.registry)
  app.decorateReply('problemCode', null)
  app.addHook('onListen', async () => metrics.watchProcess())
  app.addHook('onResponse', (request, reply, done) => {
    // The pattern, not the path: whoever asks for made-up paths must not make new series.
    const route = request.routeOptions.url ?? 'none'
    const { statusCode: status, elapsedTime: durationMs, problemCode: problem } = reply
    observer.requestEnded({ method: methodOf(request.method), route, status, durationMs, problem })
    done()
  })
}

const known = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
const methodOf = (method: string) => (known.has(method) ? method : 'other')
