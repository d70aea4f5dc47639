import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import type { GraphDocument } from '../../../src/model/graph-document.ts'
import { startWithCase } from '../../support/reported-case.ts'

async function startWith(t: Test, name: string) {
  const { app } = await startWithCase(t, name)
  return app
}
type App = Awaited<ReturnType<typeof startWith>>

const graphAt = async (app: App, query: string) => {
  const answer = await app.inject(`/graphs/any?useTagAsNode=false&${query}`)
  return answer.json() as GraphDocument
}
const md5 = (text: string) => createHash('md5').update(text).digest('hex')

/** Each edge as `caller > callee calls/failed`; a node is named by the values of its identity. */
function callsOf({ nodes, edges }: GraphDocument): string[] {
  const names = new Map(
    nodes.map(({ id, title, operation, identity, detail__role }) => {
      const isPeer = !['operation', 'service'].includes(detail__role)
      const service = (isPeer ? '' : Object.values(identity).join('/')) || title
      return [id, operation === '' ? service : `${service} ${operation}`]
    }),
  )
  return edges.map(
    ({ source, target, count, failed }) => `${names.get(source)} > ${names.get(target)} ${count}/${failed}`,
  )
}

t.test('two services of one name in two namespaces are two nodes', async (t) => {
  const app = await startWith(t, '14-service-namespace')
  const graph = await graphAt(app, 'level=service')
  t.same(callsOf(graph).sort(), ['billing/api > pg 1/0', 'shop/api > billing/api 1/1'])
  const services = graph.nodes.filter(({ detail__role }) => detail__role === 'service')
  t.match(services, [
    {
      id: md5('api##billing##service'),
      title: 'api',
      subTitle: 'Service Node (billing)',
      identity: { 'service.namespace': 'billing', 'service.name': 'api' },
      count: 1,
      failed: 1,
      selfCalls: 0,
      traceql: '{ resource.service.name = "api" && resource.service.namespace = "billing" }',
    },
    { id: md5('api##shop##service'), title: 'api', subTitle: 'Service Node (shop)', count: 1, failed: 0 },
  ])
  const edge = graph.edges.find(({ failed }) => failed === 1)
  t.equal(
    edge?.traceql,
    '{ resource.service.name = "api" && resource.service.namespace = "shop" } > ' +
      '{ resource.service.name = "api" && resource.service.namespace = "billing" }',
  )
})

t.test('their operations are of two services', async (t) => {
  const app = await startWith(t, '14-service-namespace')
  const graph = await graphAt(app, 'level=operation')
  t.same(callsOf(graph).sort(), [
    'billing/api POST /pay > billing/api SELECT 1/0',
    'shop/api GET / > shop/api POST 1/0',
    'shop/api POST > billing/api POST /pay 1/1',
  ])
  t.match(
    graph.nodes.find(({ operation }) => operation === 'POST /pay'),
    { id: md5('api##billing##POST /pay'), title: 'api', subTitle: 'POST /pay (billing)' },
  )
})

t.test('the name alone identifies a service if the request says so', async (t) => {
  const app = await startWith(t, '14-service-namespace')
  const graph = await graphAt(app, 'level=service&identity=service.name')
  t.same(callsOf(graph), ['api > pg 1/0'])
  t.match(graph.nodes[1], { id: md5('api##service'), subTitle: 'Service Node', count: 2, selfCalls: 1 })
})

t.test('an attribute of the identity distinguishes environments', async (t) => {
  const app = await startWith(t, '15-environments')
  t.same(callsOf(await graphAt(app, 'level=service')), ['web > cart 2/1'])
  const identity = 'identity=deployment.environment.name,service.name'
  t.same(callsOf(await graphAt(app, `level=service&${identity}`)).sort(), [
    'prod/web > prod/cart 1/0',
    'staging/web > staging/cart 1/1',
  ])
})

t.test('a node is found by the values of its identity', async (t) => {
  const app = await startWith(t, '14-service-namespace')
  const payload = { graph: 'shop', level: 'service', useTagAsNode: false }
  t.equal((await app.inject({ method: 'POST', url: '/aggregate', payload })).statusCode, 200)
  const explained = (await app.inject('/graphs/shop/explain?source=shop/api&target=billing/api')).json()
  t.match(explained, {
    verdict: 'shop/api calls billing/api: 1 call.',
    calls: { count: 1, examples: [{ service: 'api', name: 'POST /pay' }] },
    source: { title: 'api', subTitle: 'Service Node (shop)' },
  })
  const focused = (await app.inject('/graphs/shop?focus=billing/api&hops=0')).json() as GraphDocument
  t.same(
    focused.nodes.map(({ subTitle }) => subTitle),
    ['Service Node (billing)'],
  )
  const ambiguous = (await app.inject('/graphs/shop/explain?source=api&target=pg')).json()
  t.match(ambiguous, {
    status: 400,
    errors: [{ message: 'but 2 have this title: api/Service Node (billing), api/Service Node (shop)' }],
  })
})

t.test('explains calls between operations of two services with one name', async (t) => {
  const app = await startWith(t, '14-service-namespace')
  const payload = { graph: 'shop', useTagAsNode: false }
  await app.inject({ method: 'POST', url: '/aggregate', payload })
  const ends = 'source=shop/api/POST&target=billing/api/POST%20%2Fpay'
  t.match((await app.inject(`/graphs/shop/explain?${ends}`)).json(), {
    verdict: 'api/POST (shop) calls api/POST /pay (billing): 1 call.',
  })
})

t.test('refuses an identity without service.name, and attributes with a scope', async (t) => {
  const app = await startWith(t, '14-service-namespace')
  const refusal = async (identity: string) =>
    (await app.inject(`/graphs/any?identity=${identity}`)).json().errors?.[0].message
  t.match(await refusal('service.namespace'), 'must contain service.name')
  t.match(await refusal('resource.team,service.name'), 'must be names of resource attributes without a scope')
  t.match(await refusal('service.name,service.name'), /duplicate|unique|once/)
})
