import { type Attributes, type ShopSpan, SpanKind, type TraceRecorder } from './trace-recorder.ts'

/** A handler of a service: fails by setting `error` of its span. */
export type Handler = (span: ShopSpan) => void

export interface HttpCall {
  from: string
  to: string
  /** Method and route: `GET /products`. */
  endpoint: string
}

/** An HTTP call between two services: a client span around a server span; a failure is seen on both sides. */
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

/** A request as the service that answers it sees it: from outside, or from a traced caller. */
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

/** A query of a database that sends no spans of its own. */
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

/** A call of something outside that sends no spans. @param failure what it answers, where it fails */
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

/** A message through a broker: the consumer works on it a while after the producer has gone on. */
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
