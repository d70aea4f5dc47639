import { type Attributes, type ShopSpan, SpanKind, type TraceRecorder } from './trace-recorder.ts'

/** A handler of a service. It fails by setting `error` of its span. */
export type Handler = (span: ShopSpan) => void

export interface HttpCall {
  from: string
  to: string
  /** Method and route, such as `GET /products`. */
  endpoint: string
}

/** Records an HTTP call between two services: a client span around a server span. Failures mark both spans. */
export function http(trace: TraceRecorder, { from, to, endpoint }: HttpCall, handler: Handler): ShopSpan {
  const [method = 'GET', route = '/'] = endpoint.split(' ')
  const attributes = { 'http.request.method': method, 'server.address': to, 'server.port': 8080 }
  return trace.span({ service: from, name: method, kind: SpanKind.client, attributes }, (client) => {
    trace.spend(0.3)
    const server = serve(trace, to, endpoint, route, handler)
    trace.spend(0.3)
    finish(client, server.error)
  })
}

/** Records the server span of a request from outside or from a traced caller. */
export function serve(
  trace: TraceRecorder,
  service: string,
  endpoint: string,
  route: string,
  handler: Handler,
): ShopSpan {
  const attributes = { 'http.request.method': endpoint.split(' ')[0] ?? 'GET', 'http.route': route }
  return trace.span({ service, name: endpoint, kind: SpanKind.server, attributes }, (span) => {
    trace.spend(0.8)
    handler(span)
    finish(span, span.error)
  })
}

function finish(span: ShopSpan, error: string | undefined): void {
  span.error = error
  span.attributes['http.response.status_code'] = error === undefined ? 200 : 500
}

/** Records a query to a database that sends no spans. */
export function query(
  trace: TraceRecorder,
  service: string,
  system: 'postgresql' | 'redis',
  statement: string,
  typicalMs: number,
): ShopSpan {
  const [operation = ''] = statement.split(' ')
  const attributes: Attributes = {
    'db.system.name': system,
    'db.operation.name': operation,
    'db.namespace': system === 'redis' ? '0' : 'shop',
    'server.address': system === 'redis' ? 'redis' : 'postgres',
    'server.port': system === 'redis' ? 6379 : 5432,
  }
  return trace.span({ service, name: statement, kind: SpanKind.client, attributes }, () => {
    trace.spend(typicalMs)
  })
}

/** Records a call to an external system that sends no spans. @param failure error message of a failed call */
export function external(
  trace: TraceRecorder,
  service: string,
  host: string,
  endpoint: string,
  typicalMs: number,
  failure?: string,
): ShopSpan {
  const [method = 'POST'] = endpoint.split(' ')
  const attributes = { 'http.request.method': method, 'server.address': host, 'server.port': 443 }
  return trace.span({ service, name: endpoint, kind: SpanKind.client, attributes }, (span) => {
    trace.spend(typicalMs)
    finish(span, failure)
  })
}

/** Records a message through a broker. The consumer processes it after the producer span has ended. */
export function publish(
  trace: TraceRecorder,
  { from, to, queue }: { from: string; to: string; queue: string },
  consume: () => void,
): void {
  const messaging = { 'messaging.system': 'rabbitmq', 'messaging.destination.name': queue }
  const send = { ...messaging, 'messaging.operation.type': 'send', 'server.address': 'rabbitmq' }
  const process = { ...messaging, 'messaging.operation.type': 'process' }
  trace.detached(
    { service: from, name: `send ${queue}`, kind: SpanKind.producer, attributes: send },
    1.5,
    () => {
      trace.spend(20)
      trace.span(
        { service: to, name: `process ${queue}`, kind: SpanKind.consumer, attributes: process },
        () => consume(),
      )
    },
  )
}
