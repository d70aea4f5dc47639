import t from 'tap'
import { hasValue } from '../../src/model/traceql-terms.ts'
import { toNodeGraph } from '../../src/node-graph/node-graph.ts'
import { peerCondition } from '../../src/node-graph/row-traceql.ts'
import { builderOf } from '../support/graph/test-graphs.ts'
import type { TestSpan } from '../support/graph/test-spans.ts'

// Each kind of query was run on Tempo 3.0.3 and 2.10.7, which found the calls and their exemplars.

const span = (
  id: number,
  parent: number | undefined,
  service: string,
  more: Partial<TestSpan>,
): TestSpan => ({
  id,
  parent,
  service,
  name: 'op',
  ...more,
})

/** Returns the query of each node by its title, and of each edge by the titles of its ends. */
function queriesOf(level: 'operation' | 'service', traces: TestSpan[][], key = 'region') {
  const builder = builderOf(traces, { level, isTagNode: () => true })
  const graph = level === 'service' ? builder.finishServices() : builder.finish()
  if (!graph) throw new Error('no graph')
  const { nodes, edges } = toNodeGraph(graph, {
    windowSec: 60,
    tagNodeSubTitle: '',
    tag: { scope: 'resource', key },
  })
  const title = new Map(nodes.map((node) => [node.id, node.title]))
  return Object.fromEntries([
    ...nodes.map((node) => [node.title, node.traceql]),
    ...edges.map((edge) => [`${title.get(edge.source)} > ${title.get(edge.target)}`, edge.traceql]),
  ]) as Record<string, string>
}

t.test('finds operations, tag nodes and their edges', async (t) => {
  const trace = [span(1, undefined, 'shop', { name: 'GET /', tag: 'eu' }), span(2, 1, 'cart', { name: '' })]
  t.same(queriesOf('operation', [trace]), {
    shop: '{ resource.service.name = "shop" && name = "GET /" }',
    cart: '{ resource.service.name = "cart" && name = "" }',
    eu: '{ resource.region = "eu" }',
    'shop > cart':
      '{ resource.service.name = "shop" && name = "GET /" } > { resource.service.name = "cart" && name = "" }',
    'eu > shop':
      '{ resource.region = "eu" } && { resource.service.name = "shop" && name = "GET /" && nestedSetParent < 0 }',
  })
})

t.test('quotes any name', async (t) => {
  const name = 'GET "/a" }\\ || { } \n\u0000☃'
  t.same(queriesOf('operation', [[span(1, undefined, 'shop', { name })]]), {
    shop: '{ resource.service.name = "shop" && name = "GET \\"/a\\" }\\\\ || { } \\n\\u0000☃" }',
  })
  t.match(queriesOf('operation', [[span(1, undefined, 'shop', { tag: 'x' })]], 'my key "a"'), {
    x: '{ resource."my key \\"a\\"" = "x" }',
  })
})

t.test('finds services and peers that send no spans', async (t) => {
  const trace = [
    span(1, undefined, 'shop', { kind: 'server', peer: { 'peer.service': 'phone' } }),
    span(2, 1, 'cart', { kind: 'server' }),
    span(3, 2, 'cart', { kind: 'client', peer: { 'db.system': 'redis', 'server.address': 'r1' } }),
    span(4, 2, 'cart', { kind: 'client', peer: { 'db.system': 'redis', 'net.peer.name': 'r1' } }),
  ]
  const r1 = '(span.server.address = "r1" || span.net.peer.name = "r1")'
  t.same(queriesOf('service', [trace]), {
    shop: '{ resource.service.name = "shop" }',
    cart: '{ resource.service.name = "cart" }',
    phone: '{ span.peer.service = "phone" }',
    r1: `{ ${r1} }`,
    'shop > cart': '{ resource.service.name = "shop" } > { resource.service.name = "cart" }',
    'phone > shop': '{ resource.service.name = "shop" && span.peer.service = "phone" && kind = server }',
    'cart > r1': `{ resource.service.name = "cart" && ${r1} && kind != server }`,
  })
})

t.test('joins calls recorded by the callee and calls recorded only by the caller', async (t) => {
  const trace = [
    span(1, undefined, 'shop', {}),
    span(2, 1, 'cart', {}),
    span(3, 1, 'shop', { kind: 'client', peer: { 'server.address': 'cart' } }),
  ]
  t.equal(
    queriesOf('service', [trace])['shop > cart'],
    '({ resource.service.name = "shop" } > { resource.service.name = "cart" }) || ' +
      '({ resource.service.name = "shop" && span.server.address = "cart" && kind != server })',
  )
})

/** Conditions of messages, as Tempo 2.10.7 and 3.0.3 accepted and answered them. */
const receives = '(span.messaging.operation.type = "receive" || span.messaging.operation = "receive")'
const isReceiver = `(kind = consumer || kind = client && ${receives})`

t.test('finds messages through a broker that either side names', async (t) => {
  const peer = { 'messaging.destination.name': 'q' } as const
  const trace = [
    span(1, undefined, 'shop', { kind: 'producer', peer }),
    span(2, 1, 'mail', { kind: 'consumer' }),
  ]
  const q = 'span.messaging.destination.name = "q"'
  t.match(queriesOf('service', [trace]), {
    'shop > q':
      `({ resource.service.name = "shop" && ${q} && kind != consumer && !${receives} }) || ` +
      `({ resource.service.name = "shop" } > { ${q} && kind = consumer })`,
    'q > mail':
      `({ resource.service.name = "mail" && ${q} && ${isReceiver} }) || ` +
      `({ ${q} && kind != consumer } > { resource.service.name = "mail" && (kind = consumer || kind = server) })`,
  })
})

t.test("finds the callee's part of messages that only a span link connects", async (t) => {
  const sent = [span(7, undefined, 'shop', { kind: 'producer' })]
  const received = (service: string, more: Partial<TestSpan>) => [
    span(9, undefined, service, { kind: 'consumer', link: [1, 7], ...more }),
  ]
  const named = received('log', { peer: { 'messaging.destination.name': 'q' } })
  t.match(queriesOf('service', [sent, received('mail', {}), named]), {
    'shop > mail': `{ resource.service.name = "mail" && ${isReceiver} }`,
    'shop > q': '{ resource.service.name = "shop" && kind = producer }',
  })
})

t.test('searches for a number or a boolean as text too', async (t) => {
  const values = ['7', '-0.5', 'true', '7a', '1e21', '007', '', '99999999999999999999']
  t.same(
    values.map((text) => hasValue('.x', text)),
    [
      '(.x = "7" || .x = 7)',
      '(.x = "-0.5" || .x = -0.5)',
      '(.x = "true" || .x = true)',
      ...['7a', '1e21', '007', '', '99999999999999999999'].map((text) => `.x = "${text}"`),
    ],
  )
})

t.test('matches only the host of a URL or of a Host header', async (t) => {
  const [, url] = /"\(\?i\)(.*)"$/.exec(peerCondition([{ attribute: 'url.full', name: 'a.b' }])) ?? []
  const pattern = new RegExp(`^(?:${JSON.parse(`"${url}"`)})$`, 'i')
  for (const text of [
    'http://a.b',
    'HTTP://A.b/',
    'https://u:p@a.b:80/x?y#z',
    'amqp://a.b?x',
    'http://[a.b]:1/',
  ]) {
    t.match(text, pattern)
  }
  for (const text of ['http://axb', 'http://x/a.b', 'http://c.a.b/', 'http://a.b.c/', '/x://a.b']) {
    t.notMatch(text, pattern)
  }
  t.equal(
    peerCondition([{ attribute: 'http.host', name: 'a' }]),
    'span.http.host =~ "(?i)([^@/?#]*@)?\\\\[?a\\\\]?(:[0-9]*)?"',
  )
  t.equal(
    peerCondition([{ attribute: 'server.address', name: '10.0.0.7', port: '8080' }]),
    '(span.server.address = "10.0.0.7" && ((span.server.port = "8080" || span.server.port = 8080) || ' +
      '(span.net.peer.port = "8080" || span.net.peer.port = 8080) || ' +
      '(span.network.peer.port = "8080" || span.network.peer.port = 8080)))',
  )
})
