import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/file/load.ts'
import { createLogger } from '../../src/operations/logger.ts'
import { type Fragment, fragmentOf } from '../support/tempo/stored-trace.ts'
import { startTempo, text } from '../support/tempo/tempo-stand-in.ts'

const minuteAgoMs = Date.now() - 60_000

/** A trace in two fragments. A filter on the service matches only one of them, so the other must be looked up. */
const traceOf = (id: number, service: string): Fragment[] => [
  fragmentOf(id, minuteAgoMs, [{ id: 1, service: `${service}-web`, name: 'GET /', atMs: 0, ms: 50 }]),
  fragmentOf(id, minuteAgoMs, [{ id: 2, parent: 1, service, name: 'work', atMs: 5, ms: 20 }]),
]

/** A Tempo with tenants, as dskit has them: none named is 401, an unknown one has no traces. */
async function startTenants(t: Test, traces: Record<string, Fragment[]>) {
  const tempo = await startTempo({
    fault: ({ kind, headers }) => {
      const tenant = headers['x-scope-orgid']
      if (kind === 'echo') return undefined
      if (typeof tenant !== 'string') return text(401, 'no org id')
      tempo.options.fragments = tenant.split('|').flatMap((one) => traces[one] ?? [])
      return undefined
    },
  })
  t.teardown(() => tempo.close())
  return tempo
}

async function startTta(t: Test, url: string, tempo: string, graphs = '{}') {
  const text = `tempo: { url: '${url}', ${tempo} }\ngraphs: ${graphs}\nsearch: { from: 600 }`
  const { app, close } = await buildApp(loadConfig({ text, env: {} }), { logger: createLogger('silent') })
  t.teardown(close)
  const call = async (method: 'GET' | 'POST', address: string, payload?: object) => {
    const response = await app.inject({ method, url: address, ...(payload ? { payload } : {}) })
    return { status: response.statusCode, body: response.json() }
  }
  return {
    build: (payload: object) => call('POST', '/aggregate', payload),
    get: (address: string) => call('GET', address),
  }
}

const servicesOf = ({ body }: { body: { nodes: { title: string; detail__role: string }[] } }) =>
  [...new Set(body.nodes.map(({ title }) => title))].sort()

t.test('sends the tenant of the graph with every request to Tempo', async (t) => {
  const tempo = await startTenants(t, { a: traceOf(1, 'alpha'), b: traceOf(2, 'beta') })
  const graphs = '{ mine: { }, theirs: { tenant: b, query: { filter: "^beta$" } } }'
  const { build, get } = await startTta(t, tempo.url, 'tenant: a', graphs)
  t.equal((await build({ graph: 'mine' })).body.parameters.tenant, 'a')
  t.same(servicesOf(await get('/graphs/mine')), ['alpha', 'alpha-web'])
  const asked = tempo.asked.length
  const { body } = await build({ graph: 'theirs' })
  t.match(body, { status: 'complete', parameters: { tenant: 'b' }, read: { spans: 2, repaired: 1 } })
  t.same(servicesOf(await get('/graphs/theirs')), ['beta', 'beta-web'])
  const later = tempo.asked.slice(asked)
  t.ok(later.some(({ kind }) => kind === 'ids') && later.some(({ kind }) => kind === 'histogram'))
  t.ok(later.every(({ headers }) => headers['x-scope-orgid'] === 'b'))
})

t.test('accepts one or more tenants of the list in a request, and no others', async (t) => {
  const tempo = await startTenants(t, {
    a: traceOf(1, 'alpha'),
    b: traceOf(2, 'beta'),
    c: traceOf(3, 'gamma'),
  })
  const { build, get } = await startTta(t, tempo.url, 'tenant: a, tenants: [b, c]')
  t.same(servicesOf(await get('/graphs/x?tenant=b')), ['beta', 'beta-web'])
  t.same(servicesOf(await get('/graphs/x?tenant=a')), ['alpha', 'alpha-web'], 'the default tenant')
  t.match((await build({ graph: 'x', tenant: 'c|b' })).body.parameters, { tenant: 'b|c' })
  t.same(servicesOf(await get('/graphs/x')), ['beta', 'beta-web', 'gamma', 'gamma-web'])
  const before = tempo.asked.length
  for (const tenant of ['z', 'b|z', 'a|b']) {
    const { status, body } = await build({ tenant })
    t.match([status, body.code, body.errors[0].field], [400, 'TTA_BAD_REQUEST', 'tenant'])
    t.match(body.detail, /^tenant must be one of tempo\.tenants, or several joined by \|: b, c$/)
  }
  t.equal((await get('/graphs/x?tenant=a%20b')).status, 400, 'an invalid tenant')
  t.equal((await get('/x/api/graph/data?tenant=z')).status, 400)
  t.equal(tempo.asked.length, before, 'Tempo is not asked')
})

t.test('refuses a tenant in a request without a list', async (t) => {
  const tempo = await startTenants(t, {})
  const { build } = await startTta(t, tempo.url, 'timeout: 5')
  t.match((await build({ tenant: 'a' })).body.detail, /^tenant must be left out.* no tempo\.tenants/)
  const { status, body } = await build({})
  t.match([status, body.code], [502, 'TTA_TEMPO_UNAUTHORIZED'], 'no tenant at all is no empty graph')
  t.match(body.detail, /no org id.*tenant/)
  const { app, close } = await buildApp(loadConfig({ env: {} }), { logger: createLogger('silent') })
  t.teardown(close)
  const embedded = await app.inject({ method: 'POST', url: '/aggregate', payload: { tenant: 'a' } })
  t.equal(embedded.statusCode, 400)
})

t.test('runs builds for different tenants as different jobs', async (t) => {
  const tempo = await startTenants(t, {})
  const { build } = await startTta(t, tempo.url, 'tenants: [a, b]')
  const all = await Promise.all(['a', 'b', 'a|b', 'b|a'].map((tenant) => build({ graph: 'g', tenant })))
  const byTenant = all.map(({ body }) => [body.parameters.tenant, body.builtAt])
  t.equal(new Set(byTenant.map(([tenant]) => tenant)).size, 3)
  t.same(byTenant[2], byTenant[3])
})

t.test('explains and compares a graph with the tenant of its build', async (t) => {
  const tempo = await startTenants(t, { a: traceOf(1, 'alpha'), b: traceOf(2, 'beta') })
  const { build, get } = await startTta(
    t,
    tempo.url,
    'tenant: a',
    '{ g: { tenant: b, query: { level: both } } }',
  )
  await build({ graph: 'g', useTagAsNode: false })
  const from = tempo.asked.length
  const explained = await get('/graphs/g/explain?source=beta-web&target=beta')
  t.match([explained.status, explained.body.calls.count], [200, 1])
  for (const name of ['g', 'g-services']) {
    const compared = await get(`/graphs/${name}/diff?base=1h`)
    t.match([compared.status, compared.body.summary.nodes.new], [200, 2], name)
  }
  t.ok(tempo.asked.slice(from).every(({ headers }) => headers['x-scope-orgid'] === 'b'))
})
