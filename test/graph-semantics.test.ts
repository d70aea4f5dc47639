import { readFileSync } from 'node:fs'
import t from 'tap'
import { buildApp } from '../src/app.ts'
import { defaultConfig } from '../src/config/file/load.ts'
import type { GraphDocument } from '../src/model/graph-document.ts'
import { createLogger } from '../src/operations/logger.ts'
import { callsOf } from './support/reported-case.ts'

/** Every example of docs/graph-semantics.md: what it says, the spans that it speaks of, and the graph that they give. */
interface Example {
  rule: string
  /** The sentences of the page, in order. */
  says: string[]
  /** Spans by trace. */
  traces: Span[][]
  query?: Record<string, string | string[]>
  /** Edges as `caller > callee calls/failed`. */
  calls: string[]
  /** Further parts of the graph. */
  graph?: object
}

interface Span {
  id: number
  parent: number | undefined
  service: string
  kind: number
  name: string
  attributes: Record<string, string | number | boolean>
  /** From the start of the trace, and duration. */
  atMs: number
  ms: number
  failed: boolean
  links: [trace: number, id: number][]
  resource: Record<string, string>
  startNs?: string
  tracestate?: string
}

const page = readFileSync('docs/graph-semantics.md', 'utf8').replace(/\s+/g, ' ')
const nowMs = Date.parse('2025-06-01T10:30:00Z')
const startMs = Date.parse('2025-06-01T10:00:00Z')
const [internal, server, client, producer, consumer] = [1, 2, 3, 4, 5] as const

/** A span of a service, below another one of its trace. */
const span = (
  id: number,
  parent: number | undefined,
  service: string,
  kind: number,
  attributes: Span['attributes'] = {},
  more: Partial<Span> = {},
): Span => ({
  ...{ id, parent, service, kind, attributes, name: 'work', failed: false, links: [], resource: {} },
  ...{ atMs: id, ms: 40 - id, ...more },
})
const a = (kind: number = server) => span(1, undefined, 'a', kind)
const kafka = (destination?: string) => ({
  'messaging.system': 'kafka',
  ...(destination === undefined ? {} : { 'messaging.destination.name': destination }),
})
const database = (address: string, more = {}) => ({
  'db.system': 'redis',
  'server.address': address,
  ...more,
})

const examples: Example[] = [
  {
    rule: 'operations',
    says: ['Three calls count three, even if they come from one parent.'],
    traces: [[a(), span(2, 1, 'b', server), span(3, 1, 'b', server), span(4, 1, 'b', server)]],
    query: { level: 'operation' },
    calls: ['a: work > b: work 3/0'],
  },
  {
    rule: 'templates',
    says: ['`GET /items/4711` and `GET /items/12` become `GET /items/*`'],
    traces: [
      [a(), span(2, 1, 'b', server, {}, { name: 'GET /items/4711' })],
      [a(), span(2, 1, 'b', server, {}, { name: 'GET /items/12' })],
    ],
    query: { level: 'operation', spanNames: 'templates' },
    calls: ['a: work > b: GET /items/* 2/0'],
  },
  {
    rule: 'transparent',
    says: [
      'If `a` calls a proxy that calls `b`, the graph has the edge `a` → `b`, and `detail__via` names the proxy.',
    ],
    traces: [[a(), span(2, 1, 'proxy', server), span(3, 2, 'b', server)]],
    query: { transparent: '^proxy$' },
    calls: ['a > b 1/0'],
    graph: { edges: [{ detail__via: /proxy/ }] },
  },
  {
    rule: 'a call of a proxy that nothing answers',
    says: ['A call of the proxy that no span answers belongs to `a`.'],
    traces: [[a(), span(2, 1, 'proxy', client, { 'server.address': 'x.io' })]],
    query: { transparent: '^proxy$' },
    calls: ['a > x.io 1/0'],
  },
  {
    rule: 'exclude',
    says: ['With `EventStream$`, a stream that stays open for hours no longer raises the mean duration.'],
    traces: [
      [a(), span(2, 1, 'b', server, {}, { ms: 10 })],
      [
        span(1, undefined, 'a', client, {}, { name: 'EventStream' }),
        span(2, 1, 'b', server, {}, { ms: 7_200_000 }),
      ],
    ],
    query: { exclude: 'EventStream$' },
    calls: ['a > b 1/0'],
    graph: { edges: [{ meanMs: 10 }], summary: { spans: { excluded: 2 } } },
  },
  {
    rule: 'nested clients',
    says: ['A client span for `db.system` = `dynamodb` above its HTTP client is one call of `dynamodb`'],
    traces: [
      [
        a(),
        span(2, 1, 'a', client, { 'db.system': 'dynamodb' }),
        span(3, 2, 'a', client, { 'server.address': 'dynamodb.aws' }),
      ],
    ],
    calls: ['a > dynamodb 1/0'],
  },
  {
    rule: 'tries of an SDK',
    says: ['an SDK call above three tries is three calls.'],
    traces: [
      [
        a(),
        span(2, 1, 'a', client, { 'rpc.system': 'aws-api', 'rpc.service': 'S3' }),
        ...[3, 4, 5].map((id) => span(id, 2, 'a', client, { 'server.address': '10.0.0.1' })),
      ],
    ],
    calls: ['a > S3 3/0'],
  },
  {
    rule: 'one request once',
    says: ['A server span right below a server span of its service is the same request.'],
    traces: [[a(), span(2, 1, 'a', server), span(3, 2, 'b', server)]],
    calls: ['a > b 1/0'],
    graph: { nodes: [{ title: 'a', count: 1 }, { title: 'b' }] },
  },
  {
    rule: 'two servers of one client',
    says: [
      'Of two server spans of one service below one client, one within the time of the other, the longer one counts.',
    ],
    traces: [
      [
        a(),
        span(2, 1, 'a', client),
        span(3, 2, 'b', server, {}, { ms: 20 }),
        span(4, 2, 'b', server, {}, { ms: 10 }),
      ],
    ],
    calls: ['a > b 1/0'],
    graph: { edges: [{ meanMs: 20 }], summary: { spans: { doubled: 1 } } },
  },
  {
    rule: 'a client of its own service',
    says: ['A client span that names its own service and that no span answers is a self call.'],
    traces: [[a(), span(2, 1, 'a', client, { 'peer.service': 'a' })]],
    calls: [],
    graph: { nodes: [{ title: 'a', count: 1, selfCalls: 1 }] },
  },
  {
    rule: 'peers',
    says: ['`redis` and `mysql` on one host are two nodes, and so are two ports of one host.'],
    traces: [
      [
        a(),
        span(2, 1, 'a', client, database('db-1')),
        span(3, 1, 'a', client, { ...database('db-1'), 'db.system': 'mysql' }),
        span(4, 1, 'a', client, database('db-1', { 'server.port': 7000 })),
      ],
    ],
    calls: ['a > db-1 1/0', 'a > db-1 1/0', 'a > db-1:7000 1/0'],
  },
  {
    rule: 'localhost',
    says: ['two services with a redis on localhost have two nodes.'],
    traces: [
      [
        a(),
        span(2, 1, 'a', client, database('localhost')),
        span(3, 1, 'b', server),
        span(4, 3, 'b', client, database('LOCALHOST')),
      ],
    ],
    calls: ['a > b 1/0', 'a > localhost 1/0', 'b > localhost 1/0'],
    graph: { nodes: [{ title: 'localhost' }, { title: 'localhost' }, { title: 'a' }, { title: 'b' }] },
  },
  {
    rule: 'aliases',
    says: [
      'With `10.0.0.0/8 = shop-db` three databases at `10.0.0.1` to `10.0.0.3` are one node, `shop-db`.',
      'An alias with the name of a service is that service.',
    ],
    traces: [
      [
        a(),
        ...[2, 3, 4].map((id) => span(id, 1, 'a', client, database(`10.0.0.${id - 1}`))),
        span(5, 1, 'b', server),
        span(6, 5, 'b', client, { 'server.address': 'a.svc' }),
      ],
    ],
    query: { peerAliases: ['10.0.0.0/8 = shop-db', '\\.svc$ = a'] },
    calls: ['a > b 1/0', 'a > shop-db 3/0', 'b > a 1/0'],
  },
  {
    rule: 'answered names',
    says: ['Calls to `cart.shop.svc.cluster.local` that no span answered are then calls of `cart`.'],
    traces: [
      [
        a(),
        span(2, 1, 'a', client, { 'server.address': 'cart.shop.svc.cluster.local' }),
        span(3, 2, 'cart', server),
      ],
      [a(), span(2, 1, 'a', client, { 'server.address': 'cart.shop.svc.cluster.local' })],
    ],
    calls: ['a > cart 2/0'],
  },
  {
    rule: 'messages',
    says: ['A producer, a topic and two consumers have three edges of one message each.'],
    traces: [
      [
        a(),
        span(2, 1, 'a', producer, kafka('orders')),
        span(3, 2, 'b', consumer, kafka('orders')),
        span(4, 2, 'c', consumer, kafka('orders')),
      ],
    ],
    calls: ['a > orders 1/0', 'orders > b 1/0', 'orders > c 1/0'],
  },
  {
    rule: 'rank of names of a broker',
    says: ['If the consumer names only `kafka` and the producer `orders`, the broker is `orders`.'],
    traces: [[a(), span(2, 1, 'a', producer, kafka('orders')), span(3, 2, 'b', consumer, kafka())]],
    calls: ['a > orders 1/0', 'orders > b 1/0'],
  },
  {
    rule: 'exchange and queue',
    says: ['If both sides name different destinations, such as an exchange and a queue, an edge joins them.'],
    traces: [[a(), span(2, 1, 'a', producer, kafka('exchange')), span(3, 2, 'b', consumer, kafka('queue'))]],
    calls: ['a > exchange 1/0', 'exchange > queue 1/0', 'queue > b 1/0'],
  },
  {
    rule: 'receiving as a client, settling, empty polls',
    says: [
      'Receiving may be a CLIENT span (`messaging.operation.type` = `receive`): it is a delivery, not a call of the broker.',
      'Settling is no message.',
      'Neither is a poll with a message count of 0 and no link.',
    ],
    traces: [
      [a(), span(2, 1, 'a', producer, kafka('q'))],
      [
        span(
          1,
          undefined,
          'b',
          client,
          { ...kafka('q'), 'messaging.operation.type': 'receive' },
          { links: [[1, 2]] },
        ),
        span(2, 1, 'b', client, { ...kafka('q'), 'messaging.operation.type': 'settle' }),
      ],
      [
        span(1, undefined, 'b', client, {
          ...kafka('q'),
          'messaging.operation.type': 'receive',
          'messaging.batch.message_count': 0,
        }),
      ],
    ],
    calls: ['a > q 1/0', 'q > b 1/0'],
  },
  {
    rule: 'process below receive',
    says: [
      'A process span below a receive span of its service, or for the same message, is the same delivery.',
    ],
    traces: [
      [a(), span(2, 1, 'a', producer, kafka('q'))],
      [
        span(
          1,
          undefined,
          'b',
          consumer,
          { ...kafka('q'), 'messaging.operation.type': 'receive' },
          { links: [[1, 2]] },
        ),
        span(
          2,
          1,
          'b',
          consumer,
          { ...kafka('q'), 'messaging.operation.type': 'process' },
          { links: [[1, 2]] },
        ),
      ],
    ],
    calls: ['a > q 1/0', 'q > b 1/0'],
  },
  {
    rule: 'push to a server',
    says: ['A server span right below a producer that names its broker was reached through the broker.'],
    traces: [[a(), span(2, 1, 'a', producer, kafka('q')), span(3, 2, 'b', server)]],
    calls: ['a > q 1/0', 'q > b 1/0'],
  },
  {
    rule: 'temporary destinations',
    says: [
      'Reply queues and other temporary or anonymous destinations are one node, `(temporary)`, for each system.',
    ],
    traces: [
      [
        a(),
        ...[2, 3].map((id) =>
          span(id, 1, 'a', producer, { ...kafka(`reply-${id}`), 'messaging.destination.temporary': true }),
        ),
      ],
    ],
    calls: ['a > (temporary) 2/0'],
  },
  {
    rule: 'identity',
    says: ['a call from `api` in `shop` to `api` in `billing` is an edge.'],
    traces: [
      [
        span(1, undefined, 'api', server, {}, { resource: { 'service.namespace': 'shop' } }),
        span(2, 1, 'api', server, {}, { resource: { 'service.namespace': 'billing' } }),
      ],
    ],
    calls: ['api > api 1/0'],
    graph: {
      nodes: [{ subTitle: 'Service Node (billing)' }, { subTitle: 'Service Node (shop)' }],
    },
  },
  {
    rule: 'groups',
    says: ['Three spans of team `a` and one of team `b` make group `a`.'],
    traces: [
      [1, 2, 3, 4].map((id) =>
        span(id, id === 1 ? undefined : 1, 'x', internal, { team: id < 4 ? 'a' : 'b' }),
      ),
    ],
    query: { groupBy: 'span.team' },
    calls: [],
    graph: { nodes: [{ title: 'x', group: 'a' }] },
  },
  {
    rule: 'folded groups',
    says: [
      'Calls between two services of `shop` become self calls of `shop`.',
      'Calls from `shop` to `pay` become one edge.',
    ],
    traces: [
      [
        span(1, undefined, 'a', server, { team: 'shop' }),
        span(2, 1, 'b', server, { team: 'shop' }),
        span(3, 1, 'c', server, { team: 'pay' }),
        span(4, 2, 'd', server, { team: 'pay' }),
      ],
    ],
    query: { groupBy: 'span.team', fold: 'group' },
    calls: ['shop > pay 2/0'],
    graph: {
      nodes: [
        { title: 'pay', selfCalls: 0 },
        { title: 'shop', selfCalls: 1 },
      ],
    },
  },
  {
    rule: 'failed calls',
    says: [
      'With `http 500-599` a server span that answers 503 without a status has failed.',
      'With `not http 404` a client span of status ERROR that got 404 has not failed.',
    ],
    traces: [
      [a(), span(2, 1, 'b', server, { 'http.response.status_code': 503 })],
      [
        a(),
        span(
          2,
          1,
          'a',
          client,
          { 'server.address': 'x.io', 'http.response.status_code': 404 },
          { failed: true },
        ),
      ],
    ],
    query: { failedWhen: ['http 500-599', 'not http 404'] },
    calls: ['a > b 1/1', 'a > x.io 1/0'],
  },
  {
    rule: 'impossible start times',
    says: ['a callee with start 0 below a client that began at 10:00:00 counts from 10:00:00, as `untimed`.'],
    traces: [
      [span(1, undefined, 'a', client, {}, { atMs: 0 }), span(2, 1, 'b', server, {}, { startNs: '0' })],
    ],
    query: { from: '2025-06-01T10:00:00Z', to: '2025-06-01T10:00:01Z' },
    calls: ['a > b 1/0'],
    graph: { summary: { spans: { untimed: 1 } } },
  },
  {
    rule: 'sampling',
    says: ['An edge is seen only if both spans were kept, so it has the larger of their adjusted counts.'],
    traces: [
      [
        span(1, undefined, 'a', client, {}, { tracestate: 'ot=th:e' }),
        span(2, 1, 'b', server, {}, { tracestate: 'ot=th:0' }),
      ],
    ],
    calls: ['a > b 1/0'],
    graph: { nodes: [{ adjustedCount: 8 }, { adjustedCount: 1 }], edges: [{ adjustedCount: 8 }] },
  },
]

const hex = (number: number, digits: number) => number.toString(16).padStart(digits, '0')

function otlp(traces: Span[][]): object {
  const values = (attributes: Span['attributes']) =>
    Object.entries(attributes).map(([key, value]) => ({
      key,
      value:
        typeof value === 'string'
          ? { stringValue: value }
          : typeof value === 'number'
            ? { intValue: value }
            : { boolValue: value },
    }))
  const resourceSpans = traces.flatMap((spans, trace) =>
    spans.map(
      ({
        id,
        parent,
        service,
        kind,
        name,
        attributes,
        atMs,
        ms,
        failed,
        links,
        resource,
        startNs,
        tracestate,
      }) => ({
        resource: { attributes: values({ 'service.name': service, ...resource }) },
        scopeSpans: [
          {
            spans: [
              {
                traceId: hex(trace + 1, 32),
                spanId: hex(id, 16),
                ...(parent === undefined ? {} : { parentSpanId: hex(parent, 16) }),
                ...{ name, kind, attributes: values(attributes), status: failed ? { code: 2 } : {} },
                startTimeUnixNano: startNs ?? `${startMs + atMs}000000`,
                endTimeUnixNano: `${startMs + atMs + ms}000000`,
                links: links.map(([of, spanId]) => ({ traceId: hex(of, 32), spanId: hex(spanId, 16) })),
                ...(tracestate && { traceState: tracestate }),
              },
            ],
          },
        ],
      }),
    ),
  )
  return { resourceSpans }
}

for (const { rule, says, traces, query, calls, graph } of examples) {
  t.test(`the example of ${rule} gives the graph that the page says`, async (t) => {
    for (const sentence of says) t.ok(page.includes(sentence), sentence)
    const options = { logger: createLogger('silent'), now: () => nowMs }
    const { app, close } = await buildApp(defaultConfig(), options)
    t.teardown(close)
    const sent = await app.inject({ method: 'POST', url: '/v1/traces', payload: otlp(traces) })
    t.equal(sent.statusCode, 200)
    const answer = await app.inject({
      url: '/graphs/any',
      query: { level: 'service', useTagAsNode: 'false', ...query },
    })
    const document = answer.json<GraphDocument>()
    t.same(callsOf(document), calls)
    if (graph) t.match(document, graph)
  })
}
