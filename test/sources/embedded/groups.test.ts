import t, { type Test } from 'tap'
import { buildApp } from '../../../src/app.ts'
import { defaultConfig } from '../../../src/config/file/load.ts'
import type { GraphDocument } from '../../../src/model/graph-document.ts'
import { createLogger } from '../../../src/operations/logger.ts'

const startMs = 1_700_000_000_000

interface Span {
  id: number
  parent?: number
  service: string
  kind: number
  /** Attributes of the resource, and of the span. */
  resource?: Record<string, string>
  attributes?: Record<string, string>
}

const attributes = (values: Record<string, string> = {}) =>
  Object.entries(values).map(([key, stringValue]) => ({ key, value: { stringValue } }))

const otlp = (spans: Span[]) => ({
  resourceSpans: spans.map(({ id, parent, service, kind, resource, attributes: own }) => ({
    resource: { attributes: attributes({ 'service.name': service, ...resource }) },
    scopeSpans: [
      {
        spans: [
          {
            traceId: '1'.padStart(32, '0'),
            spanId: String(id).padStart(16, '0'),
            parentSpanId: parent === undefined ? '' : String(parent).padStart(16, '0'),
            name: 'op',
            kind,
            startTimeUnixNano: `${startMs}000000`,
            endTimeUnixNano: `${startMs + 10}000000`,
            attributes: attributes(own),
          },
        ],
      },
    ],
  })),
})

async function startWith(t: Test, spans: Span[]) {
  const options = { logger: createLogger('silent'), now: () => startMs + 60_000 }
  const { app, close } = await buildApp(defaultConfig(), options)
  t.teardown(close)
  const answer = await app.inject({ method: 'POST', url: '/v1/traces', payload: otlp(spans) })
  t.equal(answer.statusCode, 200)
  return async (query: string) => (await app.inject(`/graphs/any?useTagAsNode=false&${query}`)).json()
}

const shop = { resource: { 'k8s.namespace.name': 'shop' } }
const pay = { resource: { 'k8s.namespace.name': 'pay' } }
const spans: Span[] = [
  { id: 1, service: 'web', kind: 2, ...shop },
  { id: 2, parent: 1, service: 'cart', kind: 2, ...shop },
  { id: 3, parent: 1, service: 'bank', kind: 2, ...pay },
  { id: 4, parent: 2, service: 'bank', kind: 2, ...pay },
  {
    id: 5,
    parent: 4,
    service: 'bank',
    kind: 3,
    ...pay,
    attributes: { 'db.system.name': 'redis', 'server.address': 'r1' },
  },
]

const groupsOf = ({ nodes }: GraphDocument) =>
  Object.fromEntries(nodes.map(({ title, group }) => [title, group]))
const callsOf = ({ nodes, edges }: GraphDocument) => {
  const titles = new Map(nodes.map(({ id, title }) => [id, title]))
  return edges.map(({ source, target, count }) => `${titles.get(source)} > ${titles.get(target)} ${count}`)
}

t.test('every service has the group of its spans, and a peer has none', async (t) => {
  const get = await startWith(t, spans)
  const graph = await get('level=service&groupBy=k8s.namespace.name')
  t.same(groupsOf(graph), { r1: '', bank: 'pay', cart: 'shop', web: 'shop' })
  t.same(groupsOf(await get('level=operation&group_by=k8s.namespace.name')), {
    bank: 'pay',
    cart: 'shop',
    web: 'shop',
  })
  t.same(groupsOf(await get('level=service')), { r1: '', bank: '', cart: '', web: '' })
})

t.test('an attribute of the span has priority over that of the resource', async (t) => {
  const own = (team: string): Pick<Span, 'attributes' | 'resource'> => ({
    resource: { team: 'all' },
    attributes: { team },
  })
  const get = await startWith(t, [
    { id: 1, service: 'web', kind: 2, ...own('blue') },
    { id: 2, parent: 1, service: 'cart', kind: 2, resource: { team: 'all' } },
  ])
  t.same(groupsOf(await get('level=service&groupBy=team')), { cart: 'all', web: 'blue' })
  t.same(groupsOf(await get('level=service&groupBy=resource.team')), { cart: 'all', web: 'all' })
  t.same(groupsOf(await get('level=service&groupBy=span.team')), { cart: '', web: 'blue' })
})

t.test('fold=group makes one node of each group, and its sums add up', async (t) => {
  const get = await startWith(t, spans)
  const graph: GraphDocument = await get('level=service&groupBy=k8s.namespace.name&fold=group')
  t.match(graph.nodes, [
    // bank: two requests, and no call within the group.
    { title: 'pay', subTitle: '1 node', detail__role: 'other', count: 2, selfCalls: 0, group: '' },
    // web: one request; cart: one, called by web.
    { title: 'shop', subTitle: '2 nodes', count: 2, selfCalls: 1 },
    { title: 'r1', detail__role: 'database', count: 1 },
  ])
  t.same(callsOf(graph).sort(), ['pay > r1 1', 'shop > pay 2'])
  t.match(graph.shown, { nodesInGraph: 4, edgesInGraph: 4, folded: 0 })
  const focused = await get('level=service&groupBy=k8s.namespace.name&fold=group&focus=shop&hops=0')
  t.same(
    focused.nodes.map(({ title }: { title: string }) => title),
    ['shop'],
  )
})

t.test('a graph without groups cannot be folded to groups', async (t) => {
  const get = await startWith(t, spans)
  t.match(await get('level=service&fold=group'), {
    status: 400,
    errors: [{ field: 'fold', message: 'must be combined with groupBy' }],
  })
  t.match(await get('level=service&groupBy=span.'), { status: 400, errors: [{ field: 'groupBy' }] })
})

t.test('grouping does not change anything else', async (t) => {
  const get = await startWith(t, spans)
  for (const level of ['service', 'operation']) {
    const plain: GraphDocument = await get(`level=${level}`)
    const grouped: GraphDocument = await get(`level=${level}&groupBy=k8s.namespace.name`)
    t.same(
      grouped.nodes.map((row) => ({ ...row, group: '' })),
      plain.nodes,
    )
    t.same(grouped.edges, plain.edges)
  }
})
