import t from 'tap'
import type { GraphDocument } from '../../src/model/graph-document.ts'
import { AggregationParameters } from '../../src/model/parameters.ts'
import { documentOf, startServer } from '../support/server-stand-ins.ts'

/** A hub that calls 300 others, the first of them once, the second twice and so on. */
function hub(): GraphDocument {
  const document = documentOf('hub')
  const [node] = document.nodes as [GraphDocument['nodes'][number]]
  const [edge] = document.edges as [GraphDocument['edges'][number]]
  const called = Array.from({ length: 300 }, (_, at) => ({
    ...node,
    id: `n${at}`,
    title: `n${at}`,
    count: at + 1,
  }))
  return {
    ...document,
    nodes: [{ ...node, id: 'hub', title: 'hub', count: 1000 }, ...called],
    edges: called.map(({ id, count }) => ({ ...edge, id: `hub_${id}`, source: 'hub', target: id, count })),
  }
}

t.test('max_nodes', async (t) => {
  const { app, put } = await startServer(t)
  await put(hub())
  const get = async (url: string) => (await app.inject(url)).json()

  t.test('folds the least called nodes, and reports how many', async (t) => {
    for (const name of ['max_nodes', 'maxNodes']) {
      const { nodes, edges, shown } = await get(`/graphs/hub?${name}=3`)
      t.same(
        nodes.map(({ title, subTitle, count }: Record<string, unknown>) => [title, subTitle, count]),
        [
          ['hub', 'GET /cart 🛒', 1000],
          ['n299', 'GET /cart 🛒', 300],
          ['other', '299 nodes', (299 * 300) / 2],
        ],
      )
      t.same(
        edges.map(({ source, count }: Record<string, unknown>) => [source, count]),
        [
          ['hub', (299 * 300) / 2],
          ['hub', 300],
        ],
      )
      t.same(shown, {
        nodesInGraph: 301,
        edgesInGraph: 300,
        focus: [],
        outsideFocus: 0,
        folded: 299,
        into: 1,
      })
    }
  })

  t.test('is 200 by default for Grafana, and unlimited elsewhere', async (t) => {
    const { nodes, edges, shown } = await get('/graphs/hub')
    t.same([nodes.length, edges.length, shown], [301, 300, undefined])
    t.equal((await get('/graphs/hub/nodes')).length, 200)
    t.equal((await get('/graphs/hub/edges')).length, 199)
    const data = await get('/hub/api/graph/data')
    t.same([data.nodes.length, data.edges.length], [200, 199])
    t.equal((await get('/graphs/hub/nodes?max_nodes=1000')).length, 301)
    t.equal((await get('/hub/api/graph/data?max_nodes=10&orgId=1')).nodes.length, 10)
    t.equal((await app.inject('/hub/api/graph/fields?max_nodes=10')).statusCode, 200)
  })

  t.test('gives matching nodes and edges in two responses', async (t) => {
    const query = 'focus=hub&max_nodes=7'
    const ids = new Set((await get(`/graphs/hub/nodes?${query}`)).map(({ id }: { id: string }) => id))
    const edges = (await get(`/graphs/hub/edges?${query}`)) as { source: string; target: string }[]
    t.equal(edges.length, 6)
    t.ok(edges.every(({ source, target }) => ids.has(source) && ids.has(target)))
  })
})

t.test('focus', async (t) => {
  const { app, put, calls } = await startServer(t)
  await put(documentOf('micro'))
  await put(hub())
  const titles = async (url: string) =>
    (await app.inject(url)).json().nodes.map(({ title }: { title: string }) => title)

  t.test('selects by id, title or title/subTitle, with hops in both directions', async (t) => {
    for (const focus of ['a', 'cart', 'cart/GET /cart 🛒']) {
      t.same(await titles(`/graphs/micro?hops=0&focus=${encodeURIComponent(focus)}`), ['cart'])
      t.same(await titles(`/micro/api/graph/data?focus=${encodeURIComponent(focus)}`), ['cart', 'db'])
    }
    t.same(await titles('/graphs/hub?focus=n7'), ['hub', 'n7'])
    t.equal((await titles('/graphs/hub?focus=n7&hops=2')).length, 301)
    t.same(await titles('/graphs/hub?focus=n7&hops=2&max_nodes=2'), ['n7', 'other'], 'nodes in focus stay')
    t.match((await app.inject('/graphs/hub?focus=n7')).json(), {
      shown: { focus: ['n7'], outsideFocus: 299 },
    })
  })

  t.test('can be combined with build parameters and with an earlier time', async (t) => {
    t.same(await titles('/graphs/micro?focus=preview&hops=0&filter=x'), ['preview'])
    const { focus: _focus, ...asked } = (calls[0]?.parameters ?? {}) as Record<string, unknown>
    t.same(asked, { filter: 'x', graph: 'micro' }, 'the build does not get the parameter')
    t.same(Object.keys(AggregationParameters.properties).includes('focus'), false)
    t.same(await titles('/graphs/micro?focus=db&hops=0&at=now'), ['db'])
  })

  t.test('is 404 with suggestions for an unknown node, and 400 for an invalid value', async (t) => {
    const unknown = await app.inject('/graphs/micro?focus=carts')
    t.match(unknown.json(), { code: 'TTA_NOT_FOUND', status: 404, near: ['cart/GET /cart 🛒'] })
    const builds = calls.length
    for (const [query, field] of [
      ['hops=1', 'hops'],
      ['hops=1&filter=x', 'hops'],
      ['focus=cart&hops=-1', 'hops'],
      ['focus=cart&hops=1.5', 'hops'],
      ['max_nodes=0', 'maxNodes'],
      ['max_nodes=ten', 'maxNodes'],
      ['max_nodes=1&maxNodes=1', 'maxNodes'],
    ] as const) {
      for (const path of ['/graphs/micro', '/graphs/micro/nodes', '/micro/api/graph/data']) {
        const response = await app.inject(`${path}?${query}`)
        t.equal(response.statusCode, 400, `${path}?${query}`)
        t.match(response.json(), { errors: [{ field }] })
      }
    }
    t.equal(calls.length, builds, 'nothing is built for it')
    t.match((await app.inject('/graphs/micro/report?focus=cart')).json(), { errors: [{ field: 'focus' }] })
  })

  t.test('has its own entity tag for each shown part', async (t) => {
    const whole = await app.inject('/graphs/hub')
    const part = await app.inject('/graphs/hub?focus=n7')
    t.not(whole.headers.etag, part.headers.etag)
    const headers = { 'if-none-match': String(part.headers.etag) }
    t.equal((await app.inject({ url: '/graphs/hub?focus=n7', headers })).statusCode, 304)
  })
})
