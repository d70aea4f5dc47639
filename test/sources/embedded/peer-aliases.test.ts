import t from 'tap'
import { callsOf, startWithCase } from '../../support/reported-case.ts'

t.test('a range of addresses names the members of a cluster as one peer', async (t) => {
  const { graphAt } = await startWithCase(t, '18-db-cluster-ips')
  const graph = await graphAt({ level: 'service', peerAliases: '10.0.0.0/31 = odd, 10.0.0.0/8 = shop-db' })
  t.same(callsOf(graph), ['a > odd 1/0', 'a > shop-db 2/0'])
  t.match(
    graph.nodes.filter(({ title }) => title === 'shop-db'),
    [{ detail__role: 'database', count: 2 }],
  )
  const [, edge] = graph.edges
  for (const address of ['10.0.0.2', '10.0.0.3']) t.ok(edge?.traceql.includes(`"${address}"`), address)
  t.notOk(edge?.traceql.includes('shop-db'), 'a query has the names that spans give')
})

t.test('a name without its port is matched, of IPv4, IPv6 and hosts', async (t) => {
  const { graphAt } = await startWithCase(t, '42-urls-with-credentials-and-ids')
  const peerAliases = ['192.168.0.0/16 = influx', '2001:db8::/32 = six', 'ext\\.com$ = partner']
  const graph = await graphAt({ level: 'service', peerAliases })
  t.same(callsOf(graph), ['web > influx 1/0', 'web > partner 2/0', 'web > six 1/0'])
  t.same(callsOf(await graphAt({ level: 'service', peerAliases: ['^influx$ = x'] })).length, 3)
})

t.test('an alias with the name of a service is that service', async (t) => {
  const { graphAt } = await startWithCase(t, '41-dns-name-of-a-known-service')
  t.same(callsOf(await graphAt({ level: 'service' })), ['web > cart 4/3'])
  const other = await graphAt({ level: 'service', peerAliases: '^cart\\. = elsewhere' })
  t.same(callsOf(other), ['web > cart 3/2', 'web > elsewhere 1/1'], 'it goes before what a window teaches')
  t.same(callsOf(await graphAt({ level: 'service', peerAliases: '^cart\\. = cart' })), ['web > cart 4/3'])
})

t.test('a broker has another name, and stays a broker', async (t) => {
  const { graphAt } = await startWithCase(t, '01-kafka-same-trace')
  const graph = await graphAt({ level: 'service', peerAliases: '^orders$ = a' })
  t.match(
    graph.nodes.filter(({ title }) => title === 'a').map((node) => node.detail__role),
    ['messaging', 'service'],
  )
})

t.test('refuses rules that are none, and says what is allowed', async (t) => {
  const { app } = await startWithCase(t, '18-db-cluster-ips')
  for (const [rule, message] of [
    ['10.0.0.0/8', 'such as 10.0.0.0/8 = internal'],
    ['10.0.0.0/8 = ', 'such as 10.0.0.0/8 = internal'],
    [' = x', 'such as 10.0.0.0/8 = internal'],
    ['10.0.0.0/33 = x', 'IPv4 address with /0 to /32'],
    ['10.0.0/8 = x', 'IPv4 address'],
    ['::1/129 = x', '/0 to /128'],
    ['( = x', 'RE2'],
    ['((a{10}){10}){6} = x', '500 characters'],
  ] as const) {
    const answer = await app.inject({ method: 'POST', url: '/aggregate', payload: { peerAliases: [rule] } })
    t.match(answer.json(), { status: 400, errors: [{ field: 'peerAliases[0]', value: rule }] }, rule)
    t.ok(answer.json().errors[0].message.includes(message), answer.json().errors[0].message)
  }
})

t.test('an explanation finds the calls of a peer with an alias', async (t) => {
  for (const [name, rule, source, target, count] of [
    ['18-db-cluster-ips', '10.0.0.0/8 = shop-db', 'a', 'shop-db', 3],
    ['41-dns-name-of-a-known-service', '^cart\\. = cart', 'web', 'cart', 4],
    ['19-db-with-own-spans', '^cockroach = api', 'api', 'api', undefined],
  ] as const) {
    const { app } = await startWithCase(t, name)
    const payload = { graph: 'g', level: 'service', useTagAsNode: false, peerAliases: [rule] }
    t.equal((await app.inject({ method: 'POST', url: '/aggregate', payload })).statusCode, 200)
    const { calls, edge } = (await app.inject({ url: '/graphs/g/explain', query: { source, target } })).json()
    t.equal(edge?.count, count)
    t.equal(calls.count, count ?? 0)
    t.equal(calls.examples.length > 0, count !== undefined, `${name} has examples`)
  }
})

t.test('the address of a client names the caller of a root, if it has an alias', async (t) => {
  const { app, graphAt } = await startWithCase(t, '47-isolated')
  const server = (id: string, parentSpanId: string, name: string, address: string) => ({
    resource: { attributes: [{ key: 'service.name', value: { stringValue: name } }] },
    scopeSpans: [
      {
        spans: [
          {
            traceId: 'c'.repeat(32),
            ...{ spanId: id.repeat(16), parentSpanId, name: 'GET', kind: 2 },
            startTimeUnixNano: '1700000001000000000',
            endTimeUnixNano: '1700000001050000000',
            attributes: [{ key: 'client.address', value: { stringValue: address } }],
          },
        ],
      },
    ],
  })
  const resourceSpans = [server('1', '', 'edge', '10.1.2.3'), server('2', '1'.repeat(16), 'deep', '10.1.2.3')]
  await app.inject({ method: 'POST', url: '/v1/traces', payload: { resourceSpans } })
  t.same(callsOf(await graphAt({ level: 'service' })), ['edge > deep 1/0'])
  t.same(callsOf(await graphAt({ level: 'service', peerAliases: '192.168.0.0/16 = office' })), [
    'edge > deep 1/0',
  ])
  const named = await graphAt({ level: 'service', peerAliases: '10.0.0.0/8 = office' })
  t.same(callsOf(named), ['edge > deep 1/0', 'office > edge 1/0'])
  const edge = named.edges.find(({ traceql }) => traceql.includes('client.address'))
  t.equal(
    edge?.traceql,
    '{ resource.service.name = "edge" && span.client.address = "10.1.2.3" && kind = server }',
  )
})
