import t from 'tap'
import { alertRuleOptions, senderAuth } from '../../src/config/checks/webhooks.ts'
import { alertSettings } from '../../src/wiring/builds.ts'
import { load, refused } from './sources.ts'

t.test('maps rules and credentials of senders to the options of alert builds', async (t) => {
  const config = load(
    `
webhooks:
  auth:
    bearer_token: t0ken
    basic_auth: { username: grafana, password: '\${PASSWORD}' }
    hmac_secret: \${SECRET}
    hmac_timestamp_header: X-Grafana-Alerting-Timestamp
  min_interval_sec: 5
  deduplicate_sec: 0
  rules:
    - match: { alertname: HighLatency, severity: =~critical|page, team: '!=b' }
      graph: micro
      filter: '^{{ labels.service }}$'
    - name: ends
      on: resolved
      graph: shop
      before_sec: 60
      after_sec: 0
      level: service
      use_tag_as_node: false
      trace_threshold_ms: 100
`,
    { env: { PASSWORD: 'p4ss', SECRET: 's3cret' } },
  )
  t.same(senderAuth(config.webhooks), {
    bearerToken: 't0ken',
    basic: { username: 'grafana', password: 'p4ss' },
    signature: {
      secret: 's3cret',
      header: 'x-grafana-alerting-signature',
      timestampHeader: 'x-grafana-alerting-timestamp',
      toleranceSec: 300,
    },
  })
  t.match(alertSettings(config), { minIntervalSec: 5, deduplicateSec: 0 })
  t.same(config.webhooks.rules.map(alertRuleOptions), [
    {
      name: 'rule-1',
      match: { alertname: 'HighLatency', severity: '=~critical|page', team: '!=b' },
      on: 'firing',
      graph: 'micro',
      beforeSec: 900,
      afterSec: 300,
      parameters: { filter: '^{{ labels.service }}$' },
    },
    {
      name: 'ends',
      match: {},
      on: 'resolved',
      graph: 'shop',
      beforeSec: 60,
      afterSec: 0,
      parameters: { level: 'service', useTagAsNode: false, traceThresholdMs: 100 },
    },
  ])
})

t.test('reads rules from the environment as JSON', async (t) => {
  const env = { TTA_WEBHOOKS_RULES: '[{"graph":"micro"}]', TTA_WEBHOOKS_AUTH_BEARER_TOKEN: 'a' }
  const { webhooks } = load('', { env })
  t.equal(webhooks.rules[0]?.graph, 'micro')
  t.equal(webhooks.auth.bearer_token, 'a')
})

t.test('names every mistake in the rules', async (t) => {
  const { errors } = refused(`
webhooks:
  rules:
    - { match: { severity: '=~(' }, filter: '[{{ labels.a }}]', query: '{ name = "{{ labels.a }}" }', graph: a, tag: resource. }
    - { name: a, graph: a }
    - { name: a, graph: b, filter: '{{ service }}' }
`)
  const said = Object.fromEntries(errors.map(({ field, message }) => [field, message]))
  t.match(said, {
    'webhooks.rules[0].match.severity': /RE2 regular expression after the ~/,
    'webhooks.rules[0].filter': /where plain text is/,
    'webhooks.rules[0].query': /after = or !=/,
    'webhooks.rules[0].tag': /attribute name/,
    'webhooks.rules[2].name': 'must be unique',
    'webhooks.rules[2].filter': /neither/,
  })
  t.equal(errors.length, 6)
})

t.test('checks every key of a rule', async (t) => {
  const { errors } = refused(`
webhooks:
  min_interval_sec: often
  rules:
    - { match: { code: 500 }, graph: A/b }
    - { filtr: a, on: always, before_sec: -1 }
`)
  const said = Object.fromEntries(errors.map(({ field, message }) => [field, message]))
  t.match(said, {
    'webhooks.min_interval_sec': 'must be a number from 0 to 86400',
    'webhooks.rules[0].match.code': 'must be a string',
    'webhooks.rules[0].graph': /must match/,
    'webhooks.rules[1].graph': 'is missing',
    'webhooks.rules[1].filtr': /did you mean filter/,
    'webhooks.rules[1].on': /must be one of "firing", "resolved", "both"/,
    'webhooks.rules[1].before_sec': /must be/,
  })
})

t.test('shows no secret, and refuses a timestamp header without a secret', async (t) => {
  const secret = 'geheim geheim'
  const { message, errors } = refused(
    JSON.stringify({
      webhooks: {
        auth: {
          bearer_token: secret,
          basic_auth: { username: 'a', password: `${secret}\n` },
          hmac_secret: 7,
        },
        rules: [{ graph: 'a', filter: `\${PATTERN}` }],
      },
    }),
    { env: { PATTERN: `(${secret}` } },
  )
  t.notMatch(message + JSON.stringify(errors), /geheim/)
  t.same(
    errors.map(({ field }) => field),
    [
      'webhooks.auth.bearer_token',
      'webhooks.auth.basic_auth.password',
      'webhooks.auth.hmac_secret',
      'webhooks.rules[0].filter',
    ],
  )
  t.match(refused('webhooks: { auth: { hmac_timestamp_header: X-Time } }').errors, [
    { field: 'webhooks.auth.hmac_secret', message: /is missing/ },
  ])
})
