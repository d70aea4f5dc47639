import { readFileSync } from 'node:fs'
import { Ajv2020 } from 'ajv/dist/2020.js'
import t from 'tap'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/file/load.ts'
import { createLogger } from '../../src/operations/logger.ts'

const nowMs = Date.parse('2025-06-01T10:00:00Z')

interface Description {
  paths: Record<string, Record<string, { responses: Record<string, { content?: Record<string, unknown> }> }>>
}
const description: Description = JSON.parse(
  readFileSync(new URL('../../openapi/tta.json', import.meta.url), 'utf8'),
)
const ajv = new Ajv2020({ strict: false, validateFormats: false })
ajv.addSchema(description, 'api')

const pointer = (...keys: string[]) =>
  `api#/${keys.map((key) => encodeURIComponent(key.replaceAll('~', '~0').replaceAll('/', '~1'))).join('/')}`

/** The documented path of a URL: the one with the fewest parameters. */
function pathOf(url: string, method: string): string {
  const parts = (url.split('?')[0] ?? '').split('/')
  const fits = Object.keys(description.paths).filter((path) => {
    const wanted = path.split('/')
    const isLike = wanted.every((part, at) => part.startsWith('{') || part === parts[at])
    return wanted.length === parts.length && isLike && description.paths[path]?.[method] !== undefined
  })
  const parameters = (path: string) => path.split('{').length
  return fits.sort((a, b) => parameters(a) - parameters(b))[0] ?? `no path for ${method} ${url}`
}

const span = (traceId: number, spanId: number, parent: number, name: string, ms: number, kind = 2) => ({
  traceId: String(traceId).padStart(32, '0'),
  spanId: String(spanId).padStart(16, '0'),
  parentSpanId: parent === 0 ? '' : String(parent).padStart(16, '0'),
  name,
  kind,
  startTimeUnixNano: String(BigInt(nowMs - 60_000) * 1_000_000n),
  endTimeUnixNano: String(BigInt(nowMs - 60_000 + ms) * 1_000_000n),
  status: name === 'SELECT' ? { code: 2 } : {},
  attributes: name === 'SELECT' ? [{ key: 'db.system', value: { stringValue: 'postgresql' } }] : [],
})
const of = (service: string, ...spans: object[]) => ({
  resource: { attributes: [{ key: 'service.name', value: { stringValue: service } }] },
  scopeSpans: [{ spans }],
})
const traces = {
  resourceSpans: [
    of('web', span(1, 1, 0, 'GET /', 80), span(2, 1, 0, 'GET /', 90), span(3, 1, 9, 'lost', 5)),
    of(
      'cart',
      span(1, 2, 1, 'POST /cart', 30),
      span(1, 3, 2, 'SELECT', 9, 3),
      span(2, 2, 1, 'POST /cart', 20),
    ),
  ],
}
const alert = {
  version: '4',
  status: 'firing',
  alerts: [
    { status: 'firing', labels: { alertname: 'Slow', service: 'cart' }, startsAt: '2025-06-01T09:59:00Z' },
  ],
}

/** Method, URL, body; in this order, as each builds on those before. */
const requests: [method: 'GET' | 'POST' | 'PUT' | 'DELETE', url: string, body?: unknown, headers?: object][] =
  [
    ['GET', '/graphs'],
    ['GET', '/graphs/micro'],
    ['GET', '/jobs'],
    ['POST', '/v1/traces', traces],
    ['POST', '/v1/traces', { resourceSpans: [{ scopeSpans: [{ spans: [{ traceId: 'zz' }] }] }] }],
    ['POST', '/aggregate', { level: 'both', userNode: true }],
    ['POST', '/aggregate', { searchFrom: 600, compare: '1h' }],
    ['POST', '/aggregate', { dryRun: true }, { prefer: 'respond-async' }],
    ['POST', '/aggregate', { nonsense: 1, from: 'yesterday' }],
    ['POST', '/aggregate', 'no JSON'],
    ...[
      '',
      '/nodes',
      '/edges',
      '/report',
      '/history',
      '/diff?base=1h',
      '/diff/nodes?base=1h',
      '/diff/edges?base=1h',
    ].map((part): ['GET', string] => ['GET', `/graphs/micro${part}`]),
    ['GET', '/graphs/micro?filter=cart&level=service'],
    ['GET', '/graphs/micro?focus=cart&hops=1&max_nodes=2'],
    ['GET', '/graphs/micro/nodes?max_nodes=1'],
    ['GET', '/graphs/micro?at=now'],
    ...['dot', 'mermaid', 'svg', 'csv', 'graphml'].map((form): ['GET', string] => [
      'GET',
      `/graphs/micro?format=${form}`,
    ]),
    ['GET', '/graphs/micro', undefined, { accept: 'image/png' }],
    ['GET', '/graphs/micro-services/explain?source=web&target=cart'],
    ['GET', '/graphs/micro-services/explain?source=cart&target=web'],
    ['GET', '/graphs/micro-services/explain?source=nobody&target=web'],
    ['GET', '/graphs/micro?from=1&to=0'],
    ['GET', '/graphs/none/report'],
    ['GET', '/graphs/none/diff?base=1h'],
    ['GET', '/micro/api/graph/fields'],
    ['GET', '/micro/api/graph/data'],
    ['GET', '/none/api/graph/data'],
    ['GET', '/micro/api/health'],
    ['POST', '/webhooks/alerts', alert],
    ['PUT', '/webhooks/alerts', { ...alert, alerts: [] }],
    ['POST', '/webhooks/alerts', { alerts: 1 }],
    ['GET', '/schedules'],
    ['GET', '/jobs'],
    ['GET', '/jobs?state=succeeded'],
    ['GET', '/jobs/00000000-0000-4000-8000-000000000000'],
    ['DELETE', '/jobs/00000000-0000-4000-8000-000000000000'],
    ['GET', '/health/live'],
    ['GET', '/health/ready'],
    ['GET', '/metrics'],
    ['POST', '/-/reload'],
    ['DELETE', '/graphs/micro'],
    ['DELETE', '/graphs/micro'],
  ]

t.test('sends only documented responses without further properties', async (t) => {
  const config = loadConfig({ env: { TTA_GRAPH_NAME: 'micro' } })
  const { app, close } = await buildApp(config, { logger: createLogger('silent'), now: () => nowMs })
  t.teardown(close)
  const asked = new Set<string>()
  const ask = async ([method, url, payload, headers = {}]: (typeof requests)[number]) => {
    const answer = await app.inject({
      method,
      url,
      headers: { ...headers, ...(payload === undefined ? {} : { 'content-type': 'application/json' }) },
      ...(payload === undefined
        ? {}
        : { payload: typeof payload === 'string' ? payload : JSON.stringify(payload) }),
    })
    const verb = method.toLowerCase()
    const path = pathOf(url, verb)
    asked.add(`${verb} ${path}`)
    const status = String(answer.statusCode)
    const told = `${method} ${url}: ${status}`
    const documented = description.paths[path]?.[verb]?.responses[status]
    if (!t.ok(documented, told)) return answer
    const type = String(answer.headers['content-type'] ?? '').split(';')[0] ?? ''
    if (answer.payload === '') return answer
    t.ok(documented?.content?.[type], `${told} ${type}`)
    if (!type.endsWith('json')) return answer
    const schema = pointer('paths', path, verb, 'responses', status, 'content', type, 'schema')
    const isValid = ajv.validate({ $ref: schema }, answer.json())
    t.ok(isValid, `${told} ${ajv.errorsText()}`)
    return answer
  }
  for (const request of requests) await ask(request)
  const { jobs } = (await app.inject('/jobs')).json()
  for (const method of ['GET', 'DELETE'] as const) await ask([method, `/jobs/${jobs[0].id}`])
  await ask(['GET', `/jobs/${jobs[0].id}/events`])

  const all = Object.entries(description.paths).flatMap(([path, operations]) =>
    Object.keys(operations)
      .filter((verb) => ['get', 'post', 'put', 'delete'].includes(verb))
      .map((verb) => `${verb} ${path}`),
  )
  t.same(
    all.filter((operation) => !asked.has(operation)),
    [],
    'every operation was requested',
  )
})
