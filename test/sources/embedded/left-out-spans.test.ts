import t from 'tap'
import type { GraphReport } from '../../../src/model/graph-report.ts'
import { callsOf, startWithCase } from '../../support/reported-case.ts'

t.test('a call passes a transparent proxy, and the edge names it', async (t) => {
  const { graphAt } = await startWithCase(t, '21-static-proxy-name')
  t.same(callsOf(await graphAt({ level: 'service' })), [
    'a > linkerd-proxy 1/0',
    'c > linkerd-proxy 1/0',
    'linkerd-proxy > b 1/0',
    'linkerd-proxy > d 1/0',
  ])
  for (const [level, calls] of [
    ['service', ['a > b 1/0', 'c > d 1/0']],
    ['operation', ['a: GET /b > b: GET /b 1/0', 'c: GET /d > d: GET /d 1/0']],
  ] as const) {
    const graph = await graphAt({ level, transparent: '^linkerd-' })
    t.same(callsOf(graph), calls)
    t.equal(graph.nodes.length, 4)
    t.same(
      graph.edges.map(({ detail__via }) => detail__via),
      ['linkerd-proxy', 'linkerd-proxy'],
    )
    t.match(graph.summary.spans, { counted: 4, transparent: 4, withoutService: 0, edgeCalls: 2, roots: 2 })
  }
})

t.test('nothing is transparent unless it is configured', async (t) => {
  const gateway = await startWithCase(t, '20-gateway-client-client-server')
  const graph = await gateway.graphAt({ level: 'service' })
  t.same(callsOf(graph), ['istio-ingressgateway > svc-b 1/0', 'svc-a > istio-ingressgateway 1/0'])
  t.same(
    graph.edges.map(({ detail__via }) => detail__via),
    ['', ''],
  )
  t.same(callsOf(await gateway.graphAt({ level: 'service', transparent: 'gateway$' })), ['svc-a > svc-b 1/0'])
  const sidecar = await startWithCase(t, '22-dapr-sidecar')
  const { nodes } = await sidecar.graphAt({ level: 'service' })
  t.same(
    nodes.map(({ title }) => title),
    ['statestore', '127.0.0.1', 'nodeapp', 'pythonapp'],
  )
})

t.test('excluded spans, and those below them, count nowhere and are reported', async (t) => {
  const { app, graphAt } = await startWithCase(t, '27-streams-with-deadline')
  const all = await graphAt({ level: 'service' })
  t.match(all.edges, [{ count: 11, failed: 1 }])
  const parameters = { from: '1699999000', to: '1700000060', level: 'service', exclude: 'EventStream$' }
  const graph = await graphAt(parameters)
  t.same(callsOf(graph), ['shop > flagd 10/0'])
  t.equal(graph.edges[0]?.meanMs, 1)
  t.match(graph.summary.spans, { counted: 30, excluded: 2, withoutService: 0 })
  t.match(callsOf(await graphAt({ ...parameters, level: 'operation' })), {
    length: 2,
  })
  const onlyBelow = await graphAt({ ...parameters, exclude: 'flagd' })
  t.same(onlyBelow.edges, [], 'also by service')
  t.match(onlyBelow.summary.spans, { counted: 20, excluded: 12 }, 'the name of the client has flagd too')
  const payload = { ...parameters, exclude: ['EventStream$'], graph: 'flags' }
  t.equal((await app.inject({ method: 'POST', url: '/aggregate', payload })).statusCode, 200)
  const report = (await app.inject('/graphs/flags/report')).json() as GraphReport
  t.match(
    report.findings.find(({ kind }) => kind === 'excluded'),
    { count: 2, severity: 'info' },
  )
})

t.test('refuses patterns that are not RE2', async (t) => {
  const { app } = await startWithCase(t, '20-gateway-client-client-server')
  const payload = { exclude: ['ok', '(?=x)'], transparent: ['('] }
  const answer = await app.inject({ method: 'POST', url: '/aggregate', payload })
  t.equal(answer.statusCode, 400)
  t.match(answer.json().errors, [{ field: 'exclude[1]' }, { field: 'transparent[0]' }])
})

t.test('the query of an edge finds calls through a transparent service', async (t) => {
  const { graphAt } = await startWithCase(t, '21-static-proxy-name')
  const { edges } = await graphAt({ level: 'service', transparent: 'linkerd' })
  const [a, b] = ['{ resource.service.name = "a" }', '{ resource.service.name = "b" }']
  t.equal(edges[0]?.traceql, `(${a} > ${b}) || (${a} > { resource.service.name = "linkerd-proxy" } >> ${b})`)
})

t.test('an explanation sees what the graph sees', async (t) => {
  const { app } = await startWithCase(t, '21-static-proxy-name')
  const build = (more: object) => {
    const payload = {
      graph: 'mesh',
      from: '1699999000',
      to: '1700000060',
      level: 'service',
      useTagAsNode: false,
      ...more,
    }
    return app.inject({ method: 'POST', url: '/aggregate', payload })
  }
  const explain = async (source: string, target: string) =>
    (await app.inject({ url: '/graphs/mesh/explain', query: { source, target } })).json()
  await build({ transparent: ['linkerd'] })
  t.match(await explain('a', 'b'), { calls: { count: 1 }, edge: { count: 1, detail__via: 'linkerd-proxy' } })
  const other = await explain('a', 'd')
  t.equal(other.calls.count, 0)
  await build({ exclude: ['^GET /b$'] })
  t.match(await explain('c', 'd'), { calls: { count: 0 }, nearMisses: [{ rule: 'indirect' }] })
})

t.test('a transparent service has no node of the tag either, unless another tag is asked for', async (t) => {
  const { graphAt } = await startWithCase(t, '21-static-proxy-name')
  const tagsOf = async (more: Record<string, string>) => {
    const { nodes } = await graphAt({ transparent: 'linkerd', useTagAsNode: 'true', ...more })
    return nodes.filter(({ detail__role: role }) => role === 'tag').map(({ title }) => title)
  }
  t.same(await tagsOf({ level: 'operation' }), ['a', 'b', 'c', 'd'])
})

t.test('a list may be repeated in a query string, or have commas', async (t) => {
  const { graphAt } = await startWithCase(t, '21-static-proxy-name')
  for (const exclude of [['^a$', '^c{1,2}$'], '^a$,^c{1,2}$']) {
    const { summary } = await graphAt({ level: 'service', exclude })
    t.same(summary.parameters.exclude, ['^a$', '^c{1,2}$'])
    t.match(summary.spans, { counted: 0, excluded: 8 })
  }
})
