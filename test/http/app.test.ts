import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { type AppOverrides, buildApp } from '../../src/app.ts'
import { TtaError } from '../../src/base/errors.ts'
import { defaultConfig, loadConfig } from '../../src/config/file/load.ts'
import { createValidator } from '../../src/http/server/request-validator.ts'
import { createLogger } from '../../src/operations/logger.ts'
import type { GraphSink } from '../../src/sinks/graph-sink.ts'
import { createEmbeddedSource } from '../../src/sources/embedded/embedded-source.ts'
import { EmbeddedStore } from '../../src/sources/embedded/embedded-store.ts'
import { documentOf } from '../support/server-stand-ins.ts'

const nowMs = Date.parse('2025-06-01T10:00:00Z')
const quiet = { logger: createLogger('silent'), now: () => nowMs }

async function start(t: Test, config = defaultConfig(), overrides: AppOverrides = {}) {
  const parts = await buildApp(config, { ...quiet, ...overrides })
  t.teardown(parts.close)
  return parts
}

const attribute = (key: string, stringValue: string) => ({ key, value: { stringValue } })

/** A span of 10 ms, `startMs` after a quarter to ten. */
function span(traceId: string, spanId: string, parentSpanId: string, name: string, startMs: number) {
  const startNs = BigInt(nowMs - 900_000 + startMs) * 1_000_000n
  return {
    traceId,
    spanId,
    parentSpanId,
    name,
    kind: 2,
    startTimeUnixNano: String(startNs),
    endTimeUnixNano: String(startNs + 10_000_000n),
    status: name === 'SELECT' ? { code: 2 } : {},
  }
}

const resource = (service: string, spans: object[]) => ({
  resource: { attributes: [attribute('service.name', service)] },
  scopeSpans: [{ spans }],
})

/** Two traces: cart calls db twice in the first, and no service in the second. */
const twoTraces = {
  resourceSpans: [
    resource('cart', [
      span('0'.repeat(31) + 1, '0000000000000001', '', 'GET /cart', 0),
      span('0'.repeat(31) + 2, '0000000000000001', '', 'GET /cart', 1000),
    ]),
    resource('db', [
      span('0'.repeat(31) + 1, '0000000000000002', '0000000000000001', 'SELECT', 1),
      span('0'.repeat(31) + 1, '0000000000000003', '0000000000000001', 'SELECT', 2),
    ]),
  ],
}

t.test('reports an invalid schema soon after the start, before the first request', async (t) => {
  const { compiler, compileAll } = createValidator()
  const route = { method: 'GET', url: '/' }
  compiler({ schema: { type: 'object', properties: { from: { type: 'string' } } }, ...route })
  await compileAll()
  compiler({ schema: { type: 'object', properties: { from: { $ref: 'nowhere' } } }, ...route })
  await t.rejects(compileAll(), /nowhere/)
})

t.test('receives traces and returns a graph without any configuration', async (t) => {
  const { app } = await start(t)
  const sent = await app.inject({ method: 'POST', url: '/v1/traces', payload: twoTraces })
  t.equal(sent.statusCode, 200)

  const answer = await app.inject({ method: 'POST', url: '/aggregate', payload: { useTagAsNode: false } })
  t.equal(answer.statusCode, 200, answer.body)
  t.match(answer.json(), {
    graph: 'micro',
    status: 'complete',
    source: 'embedded',
    read: { traces: 2, spans: 4 },
    spans: { counted: 4, roots: 2, edgeCalls: 2, orphans: 0 },
    built: { nodes: 2, edges: 1 },
    sinks: [{ sink: 'embedded', state: 'stored', verified: true }],
  })

  const { nodes, edges } = (await app.inject('/micro/api/graph/data')).json()
  t.match(
    nodes.sort((a: { title: string }, b: { title: string }) => (a.title < b.title ? -1 : 1)),
    [
      { title: 'cart', subTitle: 'GET /cart', mainStat: 2, arc__passed: 1 },
      { title: 'db', subTitle: 'SELECT', mainStat: 2, arc__failed: 1 },
    ],
  )
  t.match(edges, [{ source: nodes[0].id, target: nodes[1].id, mainStat: 2 }])

  t.test('builds another graph for a GET with parameters, and keeps the stored one', async (t) => {
    const before = await app.inject('/graphs/micro')
    const db = (await app.inject('/graphs/micro?filter=db&useTagAsNode=false')).json()
    t.equal(db.summary.read.traces, 1, 'only the first trace has a span of db')
    t.equal(db.edges[0].count, 2)
    const after = await app.inject('/graphs/micro')
    t.equal(after.body, before.body)
    t.equal(after.headers.etag, before.headers.etag)
  })

  t.test('clears the graph for a window without traces, and reports it', async (t) => {
    const empty = { graph: 'other', from: 'now-2m' }
    t.match((await app.inject({ method: 'POST', url: '/aggregate', payload: empty })).json(), {
      status: 'empty',
      sinks: [{ state: 'cleared' }],
    })
    t.equal((await app.inject('/other/api/graph/data')).body, '{"nodes":[],"edges":[]}')
  })

  t.test('stores nothing in a dry run', async (t) => {
    const payload = { graph: 'dry', dryRun: true }
    t.equal((await app.inject({ method: 'POST', url: '/aggregate', payload })).statusCode, 200)
    t.equal((await app.inject('/graphs/dry')).statusCode, 404)
  })

  t.test('removes the graph on DELETE', async (t) => {
    t.equal((await app.inject({ method: 'DELETE', url: '/graphs/micro' })).statusCode, 204)
    t.equal((await app.inject('/graphs/micro')).statusCode, 404)
  })
})

t.test(
  'refuses parameters that only the aggregator can check with 400, in a body and in a URL',
  async (t) => {
    const wrong: [parameters: Record<string, string>, field: string][] = [
      [{ filter: '(' }, 'filter'],
      [{ filter: '(?=a)' }, 'filter'],
      [{ from: 'now', to: 'now-1h' }, 'from'],
      [{ from: 'now-169h' }, 'from'],
      [{ from: 'yesterday' }, 'from'],
      [{ to: 'Infinity' }, 'to'],
      [{ tag: '.' }, 'tag'],
      [{ query: '{ status = error }' }, 'query'],
    ]
    const { app } = await start(t)
    for (const [parameters, field] of wrong) {
      const query = new URLSearchParams(parameters)
      for (const response of [
        await app.inject({ method: 'POST', url: '/aggregate', payload: parameters }),
        await app.inject(`/graphs/micro?${query}`),
        await app.inject(`/micro/api/graph/data?${query}`),
      ]) {
        const { status, code, errors = [] } = response.json()
        t.same([status, code], [400, 'TTA_BAD_REQUEST'], query.toString())
        t.ok(
          errors.some((error: { field: string }) => error.field === field),
          `${query} names ${field}: ${JSON.stringify(errors)}`,
        )
      }
    }
    const start0 = performance.now()
    const evil = await app.inject({ method: 'POST', url: '/aggregate', payload: { filter: '(a+)+$' } })
    t.equal(evil.statusCode, 200)
    t.comment(`(a+)+$: ${Math.round(performance.now() - start0)} ms`)
  },
)

t.test('answers 502 if Tempo fails, never "no data", and keeps the stored graph', async (t) => {
  const tempo = createServer((_request, response) => {
    response.writeHead(401, { 'content-type': 'text/plain' }).end('no org id')
  })
  await new Promise<void>((resolve) => tempo.listen(0, '127.0.0.1', resolve))
  t.teardown(() => tempo.close())
  const { port } = tempo.address() as AddressInfo
  const config = loadConfig({ env: { TTA_TEMPO_URL: `http://user:s3cret@127.0.0.1:${port}` } })
  const lines: string[] = []
  const logger = createLogger('trace', { write: (line) => void lines.push(line) })
  const { app, store } = await start(t, config, { logger })
  await store.replace(documentOf('micro'), new AbortController().signal)

  const response = await app.inject({ method: 'POST', url: '/aggregate' })
  t.equal(response.statusCode, 502)
  t.match(response.json(), { code: 'TTA_TEMPO_UNAUTHORIZED', status: 502 })
  t.equal((await app.inject('/graphs/micro')).json().nodes.length, 2)
  t.match((await app.inject('/micro/api/graph/data?filter=a')).json(), { status: 502, message: String })

  const ready = await app.inject('/health/ready')
  t.equal(ready.statusCode, 503)
  t.match(ready.json(), {
    checks: [
      { kind: 'source', name: 'tempo', ok: false },
      { kind: 'sink', ok: true },
    ],
  })
  t.notOk(`${response.body}${ready.body}${lines.join('')}`.includes('s3cret'), 'no secret anywhere')
  t.notOk(`${response.body}${ready.body}${lines.join('')}`.includes(btoa('user:s3cret')))

  t.test('refuses spans with a 404 that states the reason', async (t) => {
    for (const type of ['application/json', 'application/x-protobuf']) {
      const headers = { 'content-type': type }
      const payload = JSON.stringify(twoTraces)
      const sent = await app.inject({ method: 'POST', url: '/v1/traces', headers, payload })
      t.equal(sent.statusCode, 404)
      t.match(sent.json(), { code: 'TTA_NOT_FOUND', detail: /because tempo\.url is configured/ })
    }
    t.equal((await app.inject('/openapi.json')).json().paths['/v1/traces'], undefined)
  })
})

t.test('answers 503 with the summary if a sink fails, and closes the sink with the service', async (t) => {
  const closed: string[] = []
  const providerSink: GraphSink = {
    name: 'nodegraph-provider',
    replace: async () => ({
      sink: 'nodegraph-provider',
      state: 'failed',
      verified: false,
      attempts: 4,
      isolatedNodes: 0,
      warnings: [],
      reason: 'answered 201 and stored nothing',
    }),
    remove: async () => {
      throw new TtaError('TTA_SINK_FAILED', 'nodegraph-provider did not answer')
    },
    check: async () => {},
    close: async () => void closed.push('sink'),
  }
  const traces = new EmbeddedStore({ maxBytes: 1e6, maxAgeSec: 3600, now: () => nowMs })
  const source = { ...createEmbeddedSource(traces), close: async () => void closed.push('source') }
  const { app, close } = await start(t, defaultConfig(), { providerSink, source })
  const response = await app.inject({ method: 'POST', url: '/aggregate' })
  t.match(response.json(), {
    status: 503,
    code: 'TTA_SINK_FAILED',
    summary: { sinks: [{ sink: 'nodegraph-provider', state: 'failed', attempts: 4 }] },
  })
  t.match((await app.inject({ method: 'DELETE', url: '/graphs/micro' })).json(), { status: 503 })
  await close()
  t.same(closed.sort(), ['sink', 'source'])
})

t.test('builds scheduled graphs once the service listens, and ends jobs with it', async (t) => {
  const config = loadConfig({
    env: {},
    text: `
graphs:
  cart: { query: { filter: '^cart$' }, search: { from: 3600 }, schedule: { every_sec: 3600 } }
  night: { schedule: { cron: '0 3 * * *' } }
`,
  })
  const { app, jobs, close } = await start(t, config)
  await app.inject({ method: 'POST', url: '/v1/traces', payload: twoTraces })
  t.same(jobs.list(), [], 'nothing is built before')
  const begun = new Promise<string>((resolve) => jobs.subscribe(({ job }) => resolve(job.id)))
  await app.listen({ port: 0, host: '127.0.0.1' })
  const job = await jobs.ended(await begun, new AbortController().signal)
  t.match(job, { graph: 'cart', origin: 'schedule', state: 'succeeded', parameters: { searchFrom: 3600 } })
  t.equal((await app.inject('/graphs/cart')).json().summary.read.traces, 2)
  t.same((await app.inject('/schedules')).json().schedules, [
    {
      graph: 'cart',
      schedule: { everyMs: 3_600_000 },
      nextAt: '2025-06-01T11:00:00.000Z',
      jobId: job.id,
      started: 1,
      skipped: 0,
    },
    {
      graph: 'night',
      schedule: { cron: '0 3 * * *', timezone: 'UTC' },
      nextAt: '2025-06-02T03:00:00.000Z',
      started: 0,
      skipped: 0,
    },
  ])
  await close()
  t.throws(() => jobs.submit({}, 'schedule'), { code: 'TTA_CLOSING' })
})

t.test('aborts the requests to Tempo of a cancelled job', async (t) => {
  let freed = () => {}
  const isFree = new Promise<void>((resolve) => {
    freed = resolve
  })
  let asked = () => {}
  const isAsked = new Promise<void>((resolve) => {
    asked = resolve
  })
  const tempo = createServer((_request, response) => {
    asked()
    response.on('close', freed)
  })
  t.teardown(() => tempo.close())
  await new Promise<void>((resolve) => tempo.listen(0, '127.0.0.1', resolve))
  const { port } = tempo.address() as AddressInfo
  const { app } = await start(t, loadConfig({ env: {}, text: `tempo: { url: http://127.0.0.1:${port} }` }))
  const headers = { prefer: 'respond-async' }
  const { id } = (await app.inject({ method: 'POST', url: '/aggregate', headers })).json()
  await isAsked
  const cancelled = await app.inject({ method: 'DELETE', url: `/jobs/${id}` })
  t.equal(cancelled.statusCode, 200, 'within a second')
  t.match(cancelled.json(), { state: 'cancelled' })
  await isFree
})
