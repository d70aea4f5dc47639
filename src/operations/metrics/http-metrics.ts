import type { FastifyInstance } from 'fastify'
import { Counter, Histogram, type Registry } from 'prom-client'
import type { Metrics } from './metrics.ts'

interface EndedRequest {
  method: string
  /** Pattern of the path, such as /graphs/:name; `none` for an unknown path. */
  route: string
  status: number
  durationMs: number
  /** Error code of the response. */
  problem: string | null
}

interface HttpObserver {
  requestEnded(request: EndedRequest): void
}

/** Requests are counted in batches of this size, and at every scrape. Counting each one alone costs three times as much. */
const batchSize = 256

/** Creates the metrics of the HTTP API. */
function httpMetrics(registry: Registry): HttpObserver {
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
    help: 'Number of HTTP requests, by route, method and status.',
    labelNames: ['route', 'method', 'status'],
    registers,
    collect: count,
  })
  const duration = new Histogram({
    name: 'tta_http_request_duration_seconds',
    help: 'Seconds from the start of an HTTP request to the end of its response, by route and method.',
    labelNames: ['route', 'method'],
    buckets: [0.001, 0.005, 0.025, 0.1, 0.5, 2.5, 10, 30, 60],
    registers,
    collect: count,
  })
  const problems = new Counter({
    name: 'tta_http_problems_total',
    help: 'Number of HTTP requests with an error, by route and error code.',
    labelNames: ['route', 'code'],
    registers,
    collect: count,
  })
  return {
    requestEnded(request) {
      if (ended.push(request) >= batchSize) count()
    },
  }
}

declare module 'fastify' {
  interface FastifyReply {
    /** Error code of the response; null if it is not an error. */
    problemCode: string | null
  }
}

/** Counts every response by its route, and collects the metrics of the process once the service listens. */
export function observeRequests(app: FastifyInstance, metrics: Metrics): void {
  const observer = httpMetrics(metrics.registry)
  app.decorateReply('problemCode', null)
  app.addHook('onListen', async () => metrics.collectProcessMetrics())
  app.addHook('onResponse', (request, reply, done) => {
    // The pattern instead of the path: unknown paths must not create new series.
    const route = request.routeOptions.url ?? 'none'
    const { statusCode: status, elapsedTime: durationMs, problemCode: problem } = reply
    observer.requestEnded({ method: methodOf(request.method), route, status, durationMs, problem })
    done()
  })
}

const known = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])
const methodOf = (method: string) => (known.has(method) ? method : 'other')
