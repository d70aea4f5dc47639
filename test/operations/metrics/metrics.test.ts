import { createHash } from 'node:crypto'
import { readdirSync, readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Registry } from 'prom-client'
import t from 'tap'
import { parse } from 'yaml'
import { buildApp } from '../../../src/app.ts'
import { loadConfig } from '../../../src/config/file/load.ts'
import type { Job, JobEvent } from '../../../src/model/job.ts'
import { createLogger } from '../../../src/operations/logger.ts'
import { observeJobs } from '../../../src/operations/metrics/build-metrics.ts'
import { tempoMetrics } from '../../../src/operations/metrics/source-metrics.ts'
import { TempoClient } from '../../../src/sources/tempo/client/tempo-client.ts'
import { builtAt, documentOf, summaryOf } from '../../support/server-stand-ins.ts'

/** The value of each series of the text format. */
function seriesOf(text: string): Record<string, number> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return Object.fromEntries(
    lines.map((line) => [
      line.slice(0, line.lastIndexOf(' ')),
      Number(line.slice(line.lastIndexOf(' ') + 1)),
    ]),
  )
}

/** The source text between the name of a metric and the end of its labels. */
function labelsOf(metric: string): string {
  const sources = readdirSync('src/operations/metrics').map((file) =>
    readFileSync(`src/operations/metrics/${file}`, 'utf8'),
  )
  const source = sources.find((text) => text.includes(`'${metric}'`)) ?? ''
  return source.slice(source.indexOf(`'${metric}'`)).split('registers', 1)[0] ?? ''
}

t.test('counts each job once, by origin and outcome, with the data it read and wrote', async (t) => {
  const registry = new Registry()
  let tell: (event: JobEvent) => void = () => {}
  observeJobs(registry, {
    subscribe: (listener) => {
      tell = listener
      return () => {}
    },
    count: () => ({ queued: 3, running: 2 }),
  })
  const job = (some: Partial<Job>): JobEvent => ({
    sequence: 1,
    type: 'state',
    job: {
      id: 'a',
      graph: 'micro',
      origin: 'request',
      state: 'queued',
      parameters: {},
      createdAt: '2025-06-01T10:00:00.000Z',
      ...some,
    },
  })
  const times = { startedAt: '2025-06-01T10:00:02.000Z', finishedAt: '2025-06-01T10:00:05.000Z' }
  tell(job({}))
  tell(job({ state: 'running', startedAt: times.startedAt }))
  tell({ ...job({ state: 'running', startedAt: times.startedAt }), type: 'progress' })
  tell(job({ ...times, state: 'succeeded', summary: { ...summaryOf('micro'), status: 'partial' } }))
  const problem = { type: '', title: '', status: 503, detail: '', code: 'TTA_SINK_FAILED', instance: '' }
  const failed = {
    ...summaryOf('micro'),
    sinks: [
      {
        sink: 'nodegraph-provider',
        state: 'failed',
        verified: false,
        attempts: 4,
        isolatedNodes: 0,
        warnings: [],
      },
      { sink: 'embedded', state: 'skipped', verified: false, attempts: 0, isolatedNodes: 0, warnings: [] },
    ],
  }
  tell(
    job({ ...times, origin: 'schedule', state: 'failed', problem: { ...problem, summary: failed } as never }),
  )
  tell(job({ state: 'cancelled', finishedAt: times.finishedAt }))

  const series = seriesOf(await registry.metrics())
  t.equal(series['tta_jobs_unfinished{state="queued"}'], 3)
  t.equal(series['tta_jobs_unfinished{state="running"}'], 2)
  t.equal(series['tta_jobs_total{origin="request",outcome="partial"}'], 1)
  t.equal(series['tta_jobs_total{origin="schedule",outcome="failed"}'], 1)
  t.equal(series['tta_jobs_total{origin="request",outcome="cancelled"}'], 1)
  t.equal(series['tta_jobs_total{origin="webhook",outcome="failed"}'], 0, 'there before the first one')
  t.equal(series['tta_job_failures_total{code="TTA_SINK_FAILED"}'], 1)
  t.equal(series['tta_job_duration_seconds_sum{outcome="partial"}'], 3)
  t.equal(series.tta_job_wait_seconds_sum, 2)
  t.equal(series.tta_job_wait_seconds_count, 1)
  t.equal(series['tta_job_duration_seconds_count{outcome="cancelled"}'], undefined, 'it never ran')
  t.equal(series.tta_read_traces_total, 4, 'two each')
  t.equal(series['tta_read_spans_total{result="counted"}'], 6)
  t.equal(series['tta_sink_writes_total{sink="embedded",state="stored"}'], 1)
  t.equal(series['tta_sink_writes_total{sink="embedded",state="skipped"}'], 1)
  t.equal(series['tta_sink_writes_total{sink="nodegraph-provider",state="failed"}'], 1)
  t.equal(series['tta_sink_write_attempts_total{sink="nodegraph-provider"}'], 4)
  t.equal(series['tta_sink_verifications_total{sink="embedded",result="ok"}'], 1)
  t.equal(series['tta_sink_verifications_total{sink="nodegraph-provider",result="failed"}'], 1)
})

t.test('counts every request to Tempo by outcome', async (t) => {
  const answers = [503, 200, 400, 200]
  const server = createServer((_request, response) => {
    const status = answers.shift()
    if (status !== undefined)
      response.writeHead(status, { 'content-type': 'application/json' }).end('{"a":1}')
  })
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  const registry = new Registry()
  const client = new TempoClient({
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    headers: {},
    timeoutMs: 10_000,
    maxAnswerBytes: 1e6,
    maxSockets: 2,
    retryDelayMs: 1,
    observer: tempoMetrics(registry),
  })
  const get = (path: string, signal = new AbortController().signal) =>
    client.get({ path, accept: 'application/json', signal, tally: { requests: 0, retries: 0, bytes: 0 } })
  await get('/api/search')
  await t.rejects(get('/api/search'))
  await get('/api/v2/traces/0123')
  const stop = new AbortController()
  server.once('request', () => stop.abort(new Error('enough')))
  await t.rejects(get('/api/v2/traces/4567', stop.signal), /enough/)
  client.close()

  const series = seriesOf(await registry.metrics())
  const requests = Object.entries(series).filter(([name]) => name.startsWith('tta_tempo_requests_total'))
  t.same(Object.fromEntries(requests), {
    'tta_tempo_requests_total{endpoint="/api/search",outcome="retried"}': 1,
    'tta_tempo_requests_total{endpoint="/api/search",outcome="ok"}': 1,
    'tta_tempo_requests_total{endpoint="/api/search",outcome="failed"}': 1,
    'tta_tempo_requests_total{endpoint="/api/v2/traces/{id}",outcome="ok"}': 1,
    'tta_tempo_requests_total{endpoint="/api/v2/traces/{id}",outcome="cancelled"}': 1,
  })
  t.equal(series.tta_tempo_received_bytes_total, 14)
  t.equal(series['tta_tempo_request_duration_seconds_count{endpoint="/api/search"}'], 2)
})

t.test(
  'GET /metrics has the graphs as they are now, and requests by route, whatever paths are made up',
  async (t) => {
    const now = () => Date.parse(builtAt) + 90_000
    const { app, store, close } = await buildApp(loadConfig({ env: {} }), {
      logger: createLogger('silent'),
      now,
    })
    t.teardown(close)
    const { signal } = new AbortController()
    await store.replace(documentOf('micro'), signal)
    await store.replace(documentOf('gone'), signal)
    for (const url of ['/graphs/micro', '/graphs/other', '/nowhere/1', '/nowhere/2', '/openapi.json'])
      await app.inject(url)
    await app.inject({ method: 'DELETE', url: '/graphs/gone' })
    const scraped = await app.inject('/metrics')
    t.equal(scraped.headers['content-type'], 'text/plain; version=0.0.4; charset=utf-8')
    const series = seriesOf(scraped.body)
    t.equal(series['tta_graph_age_seconds{graph="micro"}'], 90)
    t.equal(series['tta_graph_age_seconds{graph="gone"}'], undefined)
    t.equal(series['tta_graph_status{graph="micro",status="complete"}'], 1)
    t.equal(series['tta_graph_status{graph="micro",status="empty"}'], 0)
    t.equal(series['tta_graph_nodes{graph="micro"}'], 2)
    t.equal(series['tta_graph_edges{graph="micro"}'], 1)
    t.equal(series['tta_http_requests_total{route="/graphs/:name",method="GET",status="200"}'], 1)
    t.equal(series['tta_http_requests_total{route="/graphs/:name",method="GET",status="404"}'], 1)
    t.equal(series['tta_http_requests_total{route="none",method="GET",status="404"}'], 2)
    t.equal(series['tta_http_requests_total{route="/graphs/:name",method="DELETE",status="204"}'], 1)
    t.ok(Object.keys(series).some((name) => name.startsWith('tta_build_info{version="')))
    t.equal(series.process_resident_memory_bytes, undefined, 'the process is watched where it listens')
    await app.listen({ port: 0, host: '127.0.0.1' })
    const listening = seriesOf((await app.inject('/metrics')).body)
    t.ok((listening.process_resident_memory_bytes ?? 0) > 1e6)
    t.ok('nodejs_eventloop_lag_p99_seconds' in listening)
  },
)

t.test('counts alerts, scheduled builds, received spans and refused requests', async (t) => {
  const text = `
    server: { rate_limit: { max: 1 }, auth: { tokens: [{ name: a, token: aaaaaaaaaaaaaaaa, scopes: [read, write, webhook] }] } }
    graphs: { shop: { schedule: { cron: '0 0 1 1 *' } } }
    embedded: { max_bytes: 1024 }
    webhooks: { rules: [{ match: { alertname: Slow }, graph: shop }] }`
  const { app, close } = await buildApp(loadConfig({ text, env: {} }), { logger: createLogger('silent') })
  t.teardown(close)
  const headers = { authorization: 'Bearer aaaaaaaaaaaaaaaa' }
  const post = (url: string, payload: object) => app.inject({ method: 'POST', url, headers, payload })
  const alert = (alertname: string, startsAt = '2025-06-01T10:00:00Z') => ({
    status: 'firing',
    labels: { alertname },
    startsAt,
  })
  await post('/webhooks/alerts', { alerts: [alert('Slow'), alert('Other')] })
  await post('/webhooks/alerts', { alerts: [alert('Slow'), alert('Slow', '2025-06-02T10:00:00Z')] })
  await post('/webhooks/alerts', { alerts: 1 })
  await app.inject({ method: 'POST', url: '/webhooks/alerts', payload: {} })
  await app.inject({ url: '/graphs', headers: { authorization: 'Bearer bbbbbbbbbbbbbbbb' } })
  for (let call = 0; call < 3; call++) await post('/aggregate', {})
  const span = (spanId: string, traceId = 'a'.repeat(32)) => ({
    traceId,
    spanId,
    // Hardly to be compressed: there is room for one of two requests.
    name: [1, 2, 3, 4]
      .map((part) =>
        createHash('sha512')
          .update(spanId + part)
          .digest('hex'),
      )
      .join(''),
    startTimeUnixNano: '1748772000000000000',
    endTimeUnixNano: '1748772000000000001',
  })
  const spans = (...of: object[]) => post('/v1/traces', { resourceSpans: [{ scopeSpans: [{ spans: of }] }] })
  await spans(span('0000000000000001'), span('0000000000000002', ''))
  await spans(span('0000000000000003'))
  await app.inject({ method: 'POST', url: '/v1/traces', payload: {} })

  const series = seriesOf((await app.inject({ url: '/metrics', headers })).body)
  const some = (name: string) =>
    Object.fromEntries(
      Object.entries(series)
        .filter(([key]) => key.startsWith(name))
        .map(([key, value]) => [key.slice(name.length), value]),
    )
  t.same(some('tta_alerts_total'), {
    '{state="started"}': 1,
    '{state="deferred"}': 1,
    '{state="deduplicated"}': 1,
    '{state="ignored"}': 1,
  })
  t.equal(series.tta_alert_notifications_total, 2)
  t.equal(series.tta_alert_builds_waiting, 1)
  t.same(some('tta_schedule_builds_total'), {
    '{graph="shop",result="started"}': 0,
    '{graph="shop",result="skipped"}': 0,
  })
  t.same(some('tta_embedded_received_spans_total'), { '{result="accepted"}': 2, '{result="rejected"}': 1 })
  t.same(some('tta_embedded_dropped_spans_total'), { '{reason="expired"}': 0, '{reason="evicted"}': 1 })
  t.equal(series.tta_embedded_stored_spans, 1)
  t.ok((series.tta_embedded_stored_bytes ?? 0) > 300)
  t.same(some('tta_http_problems_total'), {
    '{route="/webhooks/alerts",code="TTA_BAD_REQUEST"}': 1,
    '{route="/webhooks/alerts",code="TTA_UNAUTHORIZED"}': 1,
    '{route="/graphs",code="TTA_UNAUTHORIZED"}': 1,
    '{route="/aggregate",code="TTA_RATE_LIMITED"}': 2,
    '{route="/v1/traces",code="TTA_UNAUTHORIZED"}': 1,
  })
})

t.test(
  'names metrics by convention, with a unit or _total, and documents each in docs/operations.md',
  async (t) => {
    const folder = t.testdir()
    const text: string[] = []
    for (const env of [
      { TTA_TEMPO_URL: 'http://127.0.0.1:9' },
      { TTA_HISTORY_PATH: `${folder}/history.db` },
    ]) {
      const { app, close } = await buildApp(loadConfig({ env }), { logger: createLogger('silent') })
      t.teardown(close)
      text.push((await app.inject('/metrics')).body)
    }
    const page = readFileSync('docs/operations.md', 'utf8')
    const types = new Map(
      [...text.join('').matchAll(/^# TYPE (tta_\w+) (\w+)$/gm)].map(([, name, type]) => [name, type]),
    )
    t.ok(types.size > 8)
    for (const [name = '', type] of types) {
      t.equal(name.endsWith('_total'), type === 'counter', name)
      if (type === 'histogram') t.match(name, /_(seconds|bytes)$/)
      t.notOk(/_(ms|milliseconds|minutes|kb)/.test(name), name)
      t.ok(page.includes(`\`${name}\``), `docs/operations.md has ${name}`)
    }
    const named = [...page.matchAll(/\btta_[a-z_]+[a-z]/g)].map(([name]) =>
      name.replace(/_(bucket|sum|count)$/, ''),
    )
    for (const name of new Set(named)) t.ok(types.has(name), `${name} of docs/operations.md is there`)

    const { groups } = parse(readFileSync('deploy/prometheus-rules.yml', 'utf8')) as {
      groups: { rules: { alert: string; expr: string }[] }[]
    }
    const rules = groups.flatMap((group) => group.rules)
    t.ok(rules.length > 8)
    for (const { alert, expr } of rules) {
      const [, metric = ''] = /\b((?:tta|nodejs)_[a-z0-9_]+)/.exec(expr) ?? []
      t.ok(types.has(metric) || metric === 'nodejs_eventloop_lag_p99_seconds', `${alert} asks for ${metric}`)
      for (const [, label = ''] of expr.matchAll(/(\w+)=~?"/g)) {
        t.ok(labelsOf(metric).includes(`'${label}'`), `${metric} has the label ${label}`)
      }
    }
  },
)
