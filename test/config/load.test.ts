import fc from 'fast-check'
import t from 'tap'
import { defaultConfig, loadConfig } from '../../src/config/file/load.ts'
import { keys } from '../../src/config/sections/schema-keys.ts'
import { defaultParameters } from '../../src/model/parameters.ts'
import { providerOptions } from '../../src/wiring/sinks.ts'
import { tempoOptions } from '../../src/wiring/sources.ts'
import { sampleOf } from './samples.ts'
import { complaint, load, parametersOf, refused } from './sources.ts'

t.test('an empty configuration is the documented defaults, frozen', async (t) => {
  const config = defaultConfig()
  t.same(config, {
    server: {
      host: '127.0.0.1',
      port: 8080,
      allowed_hosts: [],
      body_limit_bytes: 1_048_576,
      shutdown_timeout_sec: 8,
      auth: { tokens: [] },
      rate_limit: { max: 600, window_sec: 60 },
    },
    log: { level: 'info' },
    graph: { name: 'micro' },
    query: {
      tag: 'service.name',
      filter: '.*',
      use_tag_as_node: true,
      user_node: false,
      count_by: 'trace',
      identity: ['service.namespace', 'service.name'],
      span_names: 'as_is',
      exclude: [],
      transparent: [],
      peer_aliases: [],
      failed_when: [],
      service_node_sub_title: 'Service Node',
      trace_threshold_ms: 40,
      level: 'operation',
      limit: 100_000,
    },
    search: { from: 7200, mode: 'all' },
    graphs: {},
    loop: { interval: 0 },
    build: {
      deadline_sec: 300,
      max_concurrent: 2,
      max_queued: 100,
      max_previews: 4,
      max_spans: 20_000_000,
      max_bytes: 8_589_934_592,
      late_sec: 120,
      full_read_sec: 3600,
      max_nodes: 10_000,
    },
    tempo: {
      headers: {},
      tenants: [],
      timeout: 30,
      concurrency: 4,
      max_answer_bytes: 268_435_456,
      pad_sec: 60,
      repair_limit: 2000,
    },
    embedded: { max_age_sec: 3600, max_bytes: 268_435_456, body_limit_bytes: 20_971_520 },
    history: { max_builds: 50, max_age_sec: 2_592_000 },
    nodegraph_provider: { headers: {}, timeout: 30, retries: 3 },
    grafana: { tempo_uid: 'tempo' },
    webhooks: {
      auth: { hmac_header: 'X-Grafana-Alerting-Signature', hmac_tolerance_sec: 300 },
      min_interval_sec: 60,
      deduplicate_sec: 3600,
      rules: [],
    },
  })
  t.same(parametersOf(config), defaultParameters)
  t.throws(() => Object.assign(config.server, { port: 1 }), TypeError)
  t.throws(() => Object.assign(config.query, { tag: 'x' }), TypeError)
  t.same(load('# only a comment'), config, 'a file without keys')
  t.same(load('tempo:\nserver:\n'), config, 'sections without keys')
})

t.test('the configuration of the demo loads unchanged', async (t) => {
  const long = loadConfig({ path: 'test/config/demo-config.yml', env: {} })
  t.match(parametersOf(long), {
    filter: 'cart.*',
    useTagAsNode: false,
    searchFrom: 1200,
    searchMode: 'ingester',
  })
  t.equal(long.loop.interval, 60)
  t.match(tempoOptions(long), {
    url: 'https://tempo.example.net/tempo',
    headers: { authorization: 'Basic XXXXXXXXXXX' },
    timeoutMs: 15_000,
  })
  t.same(providerOptions(long), {
    url: 'http://localhost:9393',
    headers: { 'content-type': 'application/json' },
    timeoutMs: 15_000,
    retries: 3,
  })

  const short = load(`
query: { tag: service.name, tag_filter: 'a.*', use_tag_as_node: true }
tempo: { url: https://tempo.example.net/tempo/api, headers: { authorization: 'Basic <your base64 basic auth>' } }
nodegraph_provider: { url: http://nodegraph-provider:9393, headers: { content-type: application/json } }`)
  t.equal(short.query.filter, 'a.*', 'tag_filter is filter')
  t.equal(load(`query: { tag_filter: a, filter: a }`).query.filter, 'a', 'both, and the same')
  t.match(complaint(t, `query: { tag_filter: a, filter: b }`), 'query.tag_filter must equal query.filter')

  const text = load(`
query: { trace_threshold_ms: '40.5' }
search: { from: '7200' }
loop: { interval: '10' }
tempo: { url: 'http://a', timeout: '2.5' }
nodegraph_provider: { url: 'http://a', timeout: ' 3 ' }`)
  t.equal(text.query.trace_threshold_ms, 40.5, 'numbers may be text where the demo calls float')
  t.equal(text.search.from, 7200)
  t.equal(text.loop.interval, 10)
  t.equal(text.tempo.timeout, 2.5)
  t.equal(text.nodegraph_provider.timeout, 3)
  t.match(complaint(t, `server: { port: '80' }`), 'server.port must be an integer', 'but not elsewhere')
})

t.test('the command line overrides the environment, that the file, and that the default', async (t) => {
  const text = 'query: { limit: 2 }'
  const env = { TTA_QUERY_LIMIT: '3' }
  t.equal(load(text).query.limit, 2)
  t.equal(load(text, { env }).query.limit, 3)
  t.equal(load(text, { env, overrides: { query: { limit: 4 } } }).query.limit, 4)
  t.equal(
    load(text, { env, overrides: { query: { limit: '5' } } }).query.limit,
    5,
    'text is read as a number',
  )
  t.equal(
    load(text, { env, overrides: { query: { limit: undefined } } }).query.limit,
    3,
    'undefined overrides nothing',
  )
  t.equal(
    load(text, { overrides: { query: { tag: 'x' } } }).query.limit,
    2,
    'key by key, not section by section',
  )
  const other = { env: { TTA_QUERY_FILTER: 'env' } }
  t.equal(load('query: { tag_filter: file }', other).query.filter, 'env', 'under both names of a key')
  const merged = load('tempo: { url: http://a, headers: { X-A: file, x-b: file } }', {
    env: { TTA_TEMPO_HEADERS_X_A: 'env', TTA_TEMPO_HEADERS_X_C: 'env' },
  })
  t.same(merged.tempo.headers, { 'x-a': 'env', 'x-b': 'file', 'x-c': 'env' }, 'headers one by one')
})

t.test('every key has an environment name that sets it', async (t) => {
  for (const key of keys) {
    const { name, text, needed } = sampleOf(key)
    const before = loadConfig({ env: needed })
    const after = loadConfig({ env: { ...needed, [name]: text } })
    const same = JSON.stringify(before) === JSON.stringify(after)
    t.equal(same, text === '', `${name} changes the configuration`)
  }
  t.equal(loadConfig({ env: { TTA_TEMPO_URL: 'http://a', TTA_TEMPO_CONCURRENCY: '7' } }).tempo.concurrency, 7)
  t.equal(
    loadConfig({
      env: { TTA_NODEGRAPH_PROVIDER_URL: 'http://a', TTA_NODEGRAPH_PROVIDER_RETRIES: '0' },
    }).nodegraph_provider.retries,
    0,
  )
  t.equal(loadConfig({ env: { TTA_QUERY_TAG_FILTER: 'x' } }).query.filter, 'x')
  t.equal(
    loadConfig({ env: { TTA_TEMPO_URL: '', TTA_SERVER_PORT: '' } }).tempo.url,
    undefined,
    'empty is not set',
  )
})

t.test('ignores the variables that Kubernetes sets for a service named tta', async (t) => {
  const env = {
    TTA_SERVICE_HOST: '10.0.0.1',
    TTA_SERVICE_PORT: '8080',
    TTA_SERVICE_PORT_HTTP: '8080',
    TTA_PORT: 'tcp://10.0.0.1:8080',
    TTA_PORT_8080_TCP: 'tcp://10.0.0.1:8080',
    TTA_PORT_8080_TCP_ADDR: '10.0.0.1',
    TTA_SERVER_PORT: 'tcp://10.0.0.2:80',
    PATH: '/bin',
  }
  t.same(loadConfig({ env }), defaultConfig())
})

t.test('expands variables of the environment in the file', async (t) => {
  const env = { TOKEN: 'geheim', PORT: '9000', EMPTY: '', NESTED: `\${TOKEN}` }
  const config = load(
    `
server: { port: '\${PORT}', host: '\${HOST:-0.0.0.0}' }
query: { filter: 'a$\${b}', service_node_sub_title: '\${PORT}-\${NESTED}', tag: '\${EMPTY:-service.namespace}' }
tempo:
  url: http://a
  bearer_token: \${TOKEN}
  tenant: \${EMPTY:-}
`,
    { env },
  )
  t.equal(config.server.port, 9000, 'as the type of the key')
  t.equal(config.server.host, '0.0.0.0')
  t.equal(config.query.filter, `a\${b}`, 'two dollars are one')
  t.equal(config.query.service_node_sub_title, `9000-\${TOKEN}`, 'a replacement is not expanded again')
  t.equal(config.query.tag, 'service.namespace')
  t.same(tempoOptions(config)?.headers, { authorization: 'Bearer geheim' }, 'an empty value counts as absent')

  const missing = refused(
    `{ tempo: { url: 'http://a', bearer_token: '\${NO}', basic_auth: { username: a, password: '\${EMPTY}' } } }`,
    { env },
  )
  t.same(
    missing.errors.map(({ field, message }) => `${field} ${message}`.slice(0, 60)),
    [
      'tempo.basic_auth.password needs the environment variable EMP',
      'tempo.bearer_token needs the environment variable NO, which ',
    ],
    'each missing variable with its key, once',
  )
  t.match(complaint(t, `query: { tag: '\${not a name}' }`), 'query.tag must use ${ only in')
  const wrong = refused(`server: { port: '\${TOKEN}' }\nquery: { filter: '(\${TOKEN}' }`, { env })
  t.same(wrong.errors, [
    { field: 'server.port', message: 'must be an integer from 0 to 65535' },
    { field: 'query.filter', message: 'must be an RE2 regular expression of at most 256 characters' },
  ])
})

t.test('accepts unknown variables with TTA_ that the file refers to', async (t) => {
  const env = { TTA_TOKEN: 'geheim', TTA_LIMIT: '', TTA_SERVER_PORT: '9000' }
  const text = `
server: { port: '\${TTA_SERVER_PORT}', host: 'a$\${TTA_OTHER}' }
query: { limit: '\${TTA_LIMIT:-7}' }
tempo: { url: http://a, bearer_token: '\${TTA_TOKEN}' }`
  const config = load(text, { env })
  t.same(tempoOptions(config)?.headers, { authorization: 'Bearer geheim' })
  t.equal(config.query.limit, 7)
  t.equal(config.server.port, 9000)
  t.match(
    complaint(t, '', { env }),
    'TTA_TOKEN is not the environment name of a key',
    'the file does not refer to it',
  )
  t.match(
    complaint(t, text, { env: { ...env, TTA_OTHER: 'x' } }),
    'TTA_OTHER is not the environment name of a key',
    'an escaped reference does not count',
  )
})

t.test('keeps text without references, and any text after doubled dollars', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.boolean(), (text, braces) => {
      const title = braces ? `\${${text}}` : text
      const written = title.replaceAll('${', () => `$\${`)
      const config = load(JSON.stringify({ query: { service_node_sub_title: written } }), { env: {} })
      return config.query.service_node_sub_title === title
    }),
  )
})

t.test('refuses a renamed key and names the new key', async (t) => {
  const { errors } = refused(`
build: { read_all_sec: 60 }
graphs: { shop: { schedule: { every: 60s } } }
webhooks:
  auth: { hmac_tolerance: 60 }
  min_interval: 5
  deduplicate: 0
  rules: [{ graph: micro, before: 60, after: 0 }]`)
  t.same(
    errors.map(({ field, message }) => `${field} ${message}`),
    [
      'graphs.shop.schedule.every is now graphs.shop.schedule.every_sec',
      'build.read_all_sec is now build.full_read_sec',
      'webhooks.auth.hmac_tolerance is now webhooks.auth.hmac_tolerance_sec',
      'webhooks.min_interval is now webhooks.min_interval_sec',
      'webhooks.deduplicate is now webhooks.deduplicate_sec',
      'webhooks.rules[0].before is now webhooks.rules[0].before_sec',
      'webhooks.rules[0].after is now webhooks.rules[0].after_sec',
    ],
  )
  t.equal(
    complaint(t, '', { env: { TTA_WEBHOOKS_MIN_INTERVAL: '5' } }),
    'TTA_WEBHOOKS_MIN_INTERVAL is now TTA_WEBHOOKS_MIN_INTERVAL_SEC',
  )
  t.equal(
    complaint(t, '', { env: { TTA_GRAPHS: '{"shop":{"schedule":{"every":"60s"}}}' } }),
    'graphs.shop.schedule.every is now graphs.shop.schedule.every_sec',
  )
})
