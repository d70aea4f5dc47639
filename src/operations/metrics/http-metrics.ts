import type { FastifyInstance } from 'fastify'
import { Counter, Histogram, type Registry } from 'prom-client'
import type { Metrics } from './metrics.ts'

export interface EndedRequest {
  method: string
  /** The pattern of the path, such as /graphs/:name; `none` for a path that is not there. */
  route: string
  status: number
  durationMs: number
  /** Code of the problem it was answered with. */
  problem: string | null
}

export interface HttpObserver {
  requestEnded(request: EndedRequest): void
}

/** Requests are counted so many at a time, or when somebody asks: one by one costs three times as much. */
const countedAtOnce = 256

/** @returns counts requests that tta answered */
export function httpMetrics(registry: Registry): HttpObserver {
  const registers = [registry]
  const ended: EndedRequest[] = []
  const count = () => {
    for (const { route, method, status, durationMs, problem } of ended.splice(0)) {
      if (problem !== null) problems.inc({ route, code: problem })
      requests.inc({ route, method, status })
      duration.observe({ route, method }, durationMs / 1000)
    }
  }
  const requests = new Counter({
    name: 'tta_http_requests_total',
    help: 'Requests answered, by route, method and status',
    labelNames: ['route', 'method', 'status'],
    registers,
    collect: count,
  })
  const duration = new Histogram({
    name: 'tta_http_request_duration_seconds',
    help: 'From a request to the end of its answer, by route and method',
    labelNames: ['route', 'method'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 30, 60],
    registers,
    collect: count,
  })
  const problems = new Counter({
    name: 'tta_http_problems_total',
    help: 'Requests answered with a problem, by route and code',
    labelNames: ['route', 'code'],
    registers,
    collect: count,
  })
  return {
    requestEnded(request) {
      if (ended.push(request) >= countedAtOnce) count()
    },
  }
}

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
  app.addHook('onListen', async () => metrics.collectProcessMetrics())
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
