import { once } from 'node:events'
import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import t from 'tap'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/file/load.ts'
import { createLogger } from '../../src/operations/logger.ts'
import { newSource } from '../support/aggregator-stand-ins.ts'
import { documentOf, startServer } from '../support/server-stand-ins.ts'

const token = (name: string) => ({ name, token: `${name}-0123456789abcdef`, scopes: ['read', 'write'] })
const bearer = (name: string) => ({ authorization: `Bearer ${name}-0123456789abcdef` })

t.test(
  'applies what a reload can change, reports the rest, and ignores an invalid configuration',
  async (t) => {
    const lines: string[] = []
    const logger = createLogger('info', { write: (line) => void lines.push(line) })
    let written: object = { server: { auth: { tokens: [token('old')] }, rate_limit: { max: 1 } } }
    const readConfig = () => loadConfig({ text: JSON.stringify(written), env: {} })
    const { app, reload, close } = await buildApp(readConfig(), { readConfig, logger })
    t.teardown(close)
    const post = (url: string, name: string) => app.inject({ method: 'POST', url, headers: bearer(name) })

    t.same(reload(), { applied: [], needsRestart: [] }, 'nothing has changed')
    t.equal((await post('/aggregate', 'old')).statusCode, 200)
    t.equal((await post('/aggregate', 'old')).statusCode, 429)

    written = {
      server: { port: 9, auth: { tokens: [token('new')] }, rate_limit: { max: 5 } },
      log: { level: 'warn' },
      tempo: { url: 'http://user:geheim@tempo' },
    }
    const report = (await post('/-/reload', 'old')).json()
    t.same(report.applied, ['server.auth.tokens', 'server.rate_limit.max', 'log.level'])
    t.ok(report.needsRestart.includes('server.port'))
    t.ok(report.needsRestart.includes('tempo.url'))
    t.notOk(JSON.stringify(report).includes('geheim'))
    t.equal((await post('/aggregate', 'old')).statusCode, 401)
    t.equal((await post('/aggregate', 'new')).statusCode, 200)
    const before = lines.length
    await app.inject('/health/live')
    t.equal(lines.length, before, 'requests are logged at info')
    t.same(reload().applied, [])
    t.ok(reload().needsRestart.includes('server.port'), 'which is reported until the restart')

    written = { server: { auth: { tokens: [] }, port: 'geheim' }, tempo: { bearer_token: 'geheim' } }
    const refused = await post('/-/reload', 'new')
    t.equal(refused.statusCode, 422)
    t.match(refused.json(), {
      code: 'TTA_CONFIG_INVALID',
      errors: [{ field: 'server.port' }, { field: 'tempo.url' }],
    })
    t.equal((await app.inject('/graphs')).statusCode, 401, 'the tokens of before hold')
  },
)

t.test('keeps its tokens if the configuration is cut short, empty or missing', async (t) => {
  const whole = `
    log: { level: warn }
    server: { auth: { tokens: [${JSON.stringify(token('old'))}] }, rate_limit: { max: 9 } }
    graphs: { shop: {} }`
  let read = () => loadConfig({ text: whole, env: {} })
  const logger = createLogger('silent')
  const { app, reload, close } = await buildApp(read(), { readConfig: () => read(), logger })
  t.teardown(close)
  const reading = (text: string) => {
    read = () => loadConfig({ text, env: {} })
  }
  const refused = (...fields: string[]) =>
    t.throws(reload, { code: 'TTA_CONFIG_INVALID', errors: fields.map((field) => ({ field })) })
  const lost = [
    ['log: { level: warn }', 'server', 'graphs'],
    ['log: { level: warn }\nserver: { rate_limit: { max: 9 } }', 'graphs'],
    ['server:\ngraphs:', 'server', 'log', 'graphs'],
    ['', 'server', 'log', 'graphs'],
  ]
  for (const [text = '', ...sections] of lost) {
    reading(text)
    refused(...sections)
  }
  read = () => loadConfig({ path: '/no/such/config.yml', env: {} })
  refused('/no/such/config.yml')
  reading(whole.replace(/auth: \{.*?\] \},/, ''))
  t.same(reload(), { applied: [], needsRestart: ['server.auth.tokens'] }, 'no tokens need a restart')
  t.equal((await app.inject('/graphs')).statusCode, 401)
  t.equal((await app.inject({ url: '/graphs', headers: bearer('old') })).statusCode, 200)
})

t.test('applies graphs, schedules and alert rules at once', async (t) => {
  let written = ''
  const readConfig = () => loadConfig({ text: written, env: {} })
  const { app, reload, close } = await buildApp(readConfig(), { readConfig, logger: createLogger('silent') })
  t.teardown(close)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const post = async (url: string, payload: object) =>
    (await app.inject({ method: 'POST', url, payload })).json()
  const alert = { status: 'firing', labels: { alertname: 'Slow' }, startsAt: '2025-06-01T10:00:00Z' }
  const schedules = async () => (await app.inject('/schedules')).json().schedules
  t.match(await post('/webhooks/alerts', { alerts: [alert] }), { ignored: 1 })

  written = `
    query: { limit: 7 }
    graphs:
      shop: { query: { filter: a }, schedule: { every_sec: 3600 } }
      other: { schedule: { cron: '0 3 * * *' } }
    webhooks: { rules: [{ match: { alertname: Slow }, graph: shop }], auth: { bearer_token: x } }`
  const { applied, needsRestart } = reload()
  t.same([...applied].sort(), ['graphs.other', 'graphs.shop', 'query.limit', 'webhooks.rules'])
  t.same(needsRestart, ['webhooks.auth.bearer_token'], 'tokens of server.auth were wanted so far')
  t.match((await post('/aggregate', { graph: 'shop' })).parameters, { filter: 'a', limit: 7 })
  t.match(await schedules(), [
    { graph: 'shop', started: 1 },
    { graph: 'other', started: 0, nextAt: String },
  ])
  t.match(await post('/webhooks/alerts', { alerts: [alert] }), { started: 1, outcomes: [{ graph: 'shop' }] })

  written = `
    graphs: { shop: { schedule: { every_sec: 7200 } } }
    query: { limit: 100000, identity: [service.name] }
    webhooks: { rules: [] , min_interval_sec: 31 }`
  reload()
  t.match(await schedules(), [{ graph: 'shop', schedule: { everyMs: 7_200_000 }, started: 1 }])
  t.equal((await schedules()).length, 1)
  t.match((await post('/aggregate', { graph: 'shop' })).parameters, { filter: '.*', limit: 100_000 })
})

t.test('replaces the secret of alert senders without a restart', async (t) => {
  let secret = 'old'
  const readConfig = () => loadConfig({ env: { TTA_WEBHOOKS_AUTH_BEARER_TOKEN: secret } })
  const { app, reload, close } = await buildApp(readConfig(), { readConfig, logger: createLogger('silent') })
  t.teardown(close)
  const send = (bearer: string) =>
    app.inject({
      method: 'POST',
      url: '/webhooks/alerts',
      headers: { authorization: `Bearer ${bearer}` },
      payload: { alerts: [] },
    })
  secret = 'new'
  t.same(reload(), { applied: ['webhooks.auth.bearer_token'], needsRestart: [] })
  t.same([(await send('old')).statusCode, (await send('new')).statusCode], [401, 202])
})

t.test('answers requests in progress during shutdown, and refuses new ones', async (t) => {
  let finish = () => {}
  const building = new Promise<void>((begun) => {
    finish = begun
  })
  let release = () => {}
  const released = new Promise<void>((done) => {
    release = done
  })
  const { app } = await startServer(t, {
    aggregator: {
      aggregate: async () => {
        finish()
        await released
        return documentOf('micro').summary
      },
    },
  })
  // Stands for jobs that are let come to their end.
  app.addHook('preClose', () => released)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const send = (method: string, path: string) => {
    const client = httpRequest({ port, host: '127.0.0.1', method, path, agent: false })
    client.end()
    return once(client, 'response').then(([response]) => response)
  }
  const underWay = send('POST', '/aggregate')
  await building
  const closed = app.close()
  const refused = await send('GET', '/graphs')
  t.equal(refused.statusCode, 503)
  t.equal(refused.headers.connection, 'close')
  t.match(refused.headers['content-type'], 'application/problem+json')
  refused.resume()
  release()
  t.equal((await underWay).statusCode, 200)
  await closed
})

t.test('waits for running builds for the configured time, then cancels them', async (t) => {
  const source = newSource([[{ id: 1, service: 'web', name: 'GET /' }]])
  source.gate = new Promise(() => {})
  const config = loadConfig({ env: { TTA_SERVER_SHUTDOWN_TIMEOUT_SEC: '0' } })
  const { app, jobs } = await buildApp(config, { source, logger: createLogger('silent') })
  const { id } = (
    await app.inject({ method: 'POST', url: '/aggregate', headers: { prefer: 'respond-async' } })
  ).json()
  while (source.underWay === 0) await new Promise(setImmediate)
  await app.close()
  t.match(jobs.get(id), { state: 'cancelled', problem: { detail: /the service is shutting down/ } })
})

t.test('checks each dependency once per interval, for any number of requests', async (t) => {
  let asked = 0
  const source = { name: 'tempo', check: async () => void asked++ }
  const { app } = await startServer(t, { source })
  const ask = () => app.inject('/health/ready')
  for (const { statusCode } of [...(await Promise.all([ask(), ask()])), await ask()]) t.equal(statusCode, 200)
  t.equal(asked, 1)
})
