import { createHmac } from 'node:crypto'
import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { type AppOverrides, buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/file/load.ts'
import { createLogger } from '../../src/operations/logger.ts'
import { newSource } from '../support/aggregator-stand-ins.ts'
import {
  alertmanagerNotification,
  firing,
  grafanaNotification,
  grafanaTest,
} from '../support/alert-notifications.ts'

const url = '/webhooks/alerts'
const rules = `
  rules:
    - { match: { alertname: HighLatency }, graph: micro, filter: '^{{ labels.service }}$' }
`

/** A tta over a source that keeps an account of its reads. */
async function start(t: Test, webhooks: string, more: string = '', overrides: AppOverrides = {}) {
  const source = newSource([])
  const lines: string[] = []
  const logger = createLogger('trace', { write: (line) => void lines.push(line) })
  const config = loadConfig({ text: `${more}\nwebhooks:\n${webhooks}`, env: {} })
  const parts = await buildApp(config, { source, logger, ...overrides })
  t.teardown(parts.close)
  const post = (payload: string | object, headers: Record<string, string> = {}) =>
    parts.app.inject({
      method: 'POST',
      url,
      headers: { 'content-type': 'application/json', ...headers },
      payload,
    })
  return { ...parts, post, source, log: () => lines.join('') }
}

const now = () => new Date().toISOString()
const cart = () => ({ ...firing({ alertname: 'HighLatency', service: 'cart' }), startsAt: now() })

t.test('accepts notifications of Grafana and Alertmanager with 202, by POST and PUT', async (t) => {
  const { app, post, source } = await start(t, rules)
  const answer = await post(grafanaNotification([cart()]))
  t.equal(answer.statusCode, 202)
  t.match(answer.json(), {
    started: 1,
    outcomes: [{ state: 'started', jobId: String, graph: 'micro', rule: 'rule-1' }],
  })
  t.equal(source.reads.length, 1)
  t.equal(source.reads[0]?.query.selector.pattern, '^cart$')

  const payload = alertmanagerNotification([
    { ...cart(), labels: { alertname: 'HighLatency', service: 'db' } },
  ])
  const put = await app.inject({ method: 'PUT', url, payload })
  t.equal(put.statusCode, 202)
  t.match(put.json(), {
    deferred: 1,
    message: /the sender left out 2 alerts/,
    outcomes: [{ runsAt: String }],
  })

  const test = await post(grafanaTest())
  t.equal(test.statusCode, 202)
  t.match(test.json(), { ignored: 1, outcomes: [{ reason: /test notification/ }] })
})

t.test('logs a failed build, and builds the graph again for the next alert', async (t) => {
  const { post, source, log } = await start(t, `  min_interval_sec: 0\n${rules}`)
  source.failure = new Error('no traces today')
  const alert = cart()
  t.match((await post(grafanaNotification([alert]))).json(), { started: 1 })
  await new Promise(setImmediate)
  t.match(log(), /no traces today/)
  t.match((await post(grafanaNotification([alert]))).json(), { started: 1 })
})

t.test('refuses too many alerts by their number, without checking each one', async (t) => {
  const { post } = await start(t, rules)
  const answer = await post(`{"alerts":[${'{},'.repeat(299_999)}{}]}`)
  t.equal(answer.statusCode, 400)
  t.match(answer.json(), {
    detail: 'alerts must NOT have more than 10000 items',
    errors: [{ field: 'alerts' }],
  })
  t.equal(answer.json().errors.length, 1)
})

t.test('refuses a body that is not a notification with 400 and names the field', async (t) => {
  const { post } = await start(t, rules)
  const alert = cart()
  const cases: [payload: object | string, fields: string[]][] = [
    ['{', ['body']],
    ['[]', ['body']],
    ['', ['alerts']],
    [{}, ['alerts']],
    [{ alerts: {} }, ['alerts']],
    [{ alerts: [7] }, ['alerts[0]']],
    [{ alerts: [{}] }, ['alerts[0].labels', 'alerts[0].startsAt', 'alerts[0].status']],
    [{ alerts: [{ ...alert, status: 'pending' }] }, ['alerts[0].status']],
    [{ alerts: [{ ...alert, labels: { a: 7 } }] }, ['alerts[0].labels.a']],
    [{ alerts: [{ ...alert, labels: [] }] }, ['alerts[0].labels']],
    [{ alerts: [{ ...alert, startsAt: 'yesterday' }] }, ['alerts[0].startsAt']],
    [{ alerts: [{ ...alert, endsAt: 7 }] }, ['alerts[0].endsAt']],
    [{ alerts: [], truncatedAlerts: -1 }, ['truncatedAlerts']],
  ]
  for (const [payload, fields] of cases) {
    const response = await post(payload)
    const shown = JSON.stringify(payload).slice(0, 80)
    t.equal(response.statusCode, 400, shown)
    t.same(
      response
        .json()
        .errors.map(({ field }: { field: string }) => field)
        .sort(),
      fields,
      shown,
    )
  }
  t.equal((await post('{}', { 'content-type': 'text/plain' })).statusCode, 415)
  t.equal((await post(JSON.stringify({ alerts: [], more: 'x'.repeat(1_048_576) }))).statusCode, 413)
  t.match((await post({ alerts: [] })).json(), {
    message: '0 started, 0 deferred, 0 deduplicated, 0 ignored',
  })
  const hostile = `{"alerts":[${JSON.stringify({ ...alert, labels: { alertname: 'HighLatency' } }).replace('{}', '{"__proto__":"x"}')}]}`
  t.match((await post(hostile)).json(), {
    ignored: 1,
    outcomes: [{ reason: 'the alert has no label service' }],
  })
})

t.test('checks a signature against the received bytes', async (t) => {
  const auth = '  auth: { hmac_secret: geheim, hmac_timestamp_header: X-Grafana-Alerting-Timestamp }\n'
  const { post, log, source } = await start(t, auth + rules)
  const body = ` ${JSON.stringify(grafanaNotification([cart()]), null, 3)}\n`
  const signed = (text: string, second: number) => ({
    'x-grafana-alerting-timestamp': `${second}`,
    'x-grafana-alerting-signature': createHmac('sha256', 'geheim').update(`${second}:${text}`).digest('hex'),
  })
  const second = Math.floor(Date.now() / 1000)
  t.equal((await post(body, signed(body, second))).statusCode, 202)
  t.equal(source.reads.length, 1)
  for (const [payload, headers] of [
    [body, {}],
    [body, signed(body.trim(), second)],
    [body, signed(body, second - 400)],
    [body, { ...signed(body, second), 'x-grafana-alerting-timestamp': `${second - 1}` }],
    ['{', {}],
    ['', {}],
  ] as [string, Record<string, string>][]) {
    const refused = await post(payload, headers)
    t.equal(refused.statusCode, 401)
    t.match(refused.headers['www-authenticate'], /^HMAC-SHA256 /)
    t.match(refused.json(), {
      code: 'TTA_UNAUTHORIZED',
      detail: /^Authentication of the sender failed: the header x-grafana-/,
    })
  }
  t.equal(source.reads.length, 1, 'an unauthenticated sender starts no build')
  t.notMatch(log(), /geheim/)
})

t.test(
  'authenticates senders by webhooks.auth if set, otherwise by tokens with the scope webhook',
  async (t) => {
    const token = (scope: string) => `${scope}-0123456789`.padEnd(20, 'x')
    const tokens = (['webhook', 'read'] as const).map((scope) => ({
      name: scope,
      token: token(scope),
      scopes: [scope],
    }))
    const more = `server: { auth: { tokens: ${JSON.stringify(tokens)} } }`
    const bearer = (value: string) => ({ authorization: `Bearer ${value}` })
    const byScope = await start(t, rules, more)
    t.equal((await byScope.post(grafanaTest(), bearer(token('webhook')))).statusCode, 202)
    t.equal((await byScope.post(grafanaTest(), bearer(token('read')))).statusCode, 403)
    t.equal((await byScope.post(grafanaTest())).statusCode, 401)
    const own = await start(t, `  auth: { bearer_token: 0wn }\n${rules}`, more)
    t.equal((await own.post(grafanaTest(), bearer('0wn'))).statusCode, 202)
    t.equal((await own.post(grafanaTest(), bearer(token('webhook')))).statusCode, 401)
  },
)

t.test(
  'accepts 1,000 notifications for 5 graphs with 202, and starts one build for each graph',
  async (t) => {
    const five = [1, 2, 3, 4, 5].map(
      (n) => `    - { match: { group: '${n}' }, graph: graph-${n}, filter: '^{{ labels.service }}$' }`,
    )
    const { app, source } = await start(t, `  min_interval_sec: 3600\n  rules:\n${five.join('\n')}`)
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo
    const statuses = new Map<number | undefined, number>()
    let started = 0
    for (let sent = 0; sent < 1000; sent += 20) {
      const answers = await Promise.all(
        Array.from({ length: 20 }, (_, i) => {
          const labels = { group: `${(i % 5) + 1}`, service: `service-${sent + i}` }
          return send(port, JSON.stringify(grafanaNotification([{ ...cart(), labels }])))
        }),
      )
      for (const { status, receipt } of answers) {
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        started += receipt.started
      }
    }
    t.same([...statuses], [[202, 1000]])
    t.equal(started, 5)
    t.equal(
      source.reads.length,
      5,
      'the other 995 wait for the end of the interval, one build for each graph',
    )
  },
)

function send(
  port: number,
  body: string,
): Promise<{ status: number | undefined; receipt: { started: number } }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': 'application/json', 'user-agent': 'Grafana' }
    const request = httpRequest(
      { port, host: '127.0.0.1', path: url, method: 'POST', headers },
      (response) => {
        let text = ''
        response.on('data', (chunk) => {
          text += chunk
        })
        response.on('end', () => resolve({ status: response.statusCode, receipt: JSON.parse(text) }))
      },
    )
    request.on('error', reject)
    request.end(body)
  })
}
