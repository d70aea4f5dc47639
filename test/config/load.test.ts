import fc from 'fast-check'
import t from 'tap'
import { defaultConfig, loadConfig } from '../../src/config/file/load.ts'
import { keys } from '../../src/config/sections/keys.ts'
import { defaultParameters } from '../../src/model/parameters.ts'
import { sampleOf } from './samples.ts'
import { complaint, load, refused } from './sources.ts'

t.test('who configures nothing gets the documented defaults, frozen', async (t) => {
  const config = defaultConfig()
  t.same(config, {
    server: {
      host: '127.0.0.1',
      port: 8080,
      bodyLimitBytes: 1_048_576,
      shutdownTimeoutMs: 8000,
      tokens: [],
      rateLimit: { max: 600, windowSec: 60 },
    },
    log: { level: 'info' },
    parameters: defaultParameters,
    graphs: {},
    loop: { intervalSec: 0 },
    build: {
      deadlineSec: 300,
      maxConcurrent: 2,
      maxQueued: 100,
      maxPreviews: 4,
      maxSpans: 20_000_000,
      maxBytes: 8_589_934_592,
      maxNodes: 10_000,
      lateSec: 120,
      readAllSec: 3600,
    },
    tenants: { listed: [] },
    tempo: undefined,
    embedded: { maxAgeSec: 3600, maxBytes: 268_435_456, bodyLimitBytes: 20_971_520 },
    history: { path: undefined, maxBuilds: 50, maxAgeMs: 2_592_000_000 },
    nodegraphProvider: undefined,
    grafana: { url: undefined, tempoUid: 'tempo' },
    webhooks: {
      auth: { bearerToken: undefined, basic: undefined, signature: undefined },
      minIntervalSec: 60,
      deduplicateSec: 3600,
      rules: [],
    },
  })
  t.throws(() => Object.assign(config.server, { port: 1 }), TypeError)
  t.throws(() => Object.assign(config.parameters, { tag: 'x' }), TypeError)
  t.same(load('# only a comment'), config, 'an empty file is no configuration')
  t.same(load('tempo:\nserver:\n'), config, 'a section without keys says nothing')
  t.same(load('tempo: { timeout: 30 }'), config, 'tempo without url is the embedded source')
})

t.test('the configuration of the demo loads unchanged', async (t) => {
  const long = load(`
graph:
  name: micro
query:
  tag: service.name
  filter: 'cart.*'
  use_tag_as_node: false
  trace_threshold_ms: 40.0
search:
  from: 1200
  mode: ingester
loop:
  interval: 60
tempo:
  url: https://tempo.example.net/tempo/api
  headers:
    authorization: 'Basic XXXXXXXXXXX'
  timeout: 15
nodegraph_provider:
  url: http://localhost:9393
  headers:
    content-type: application/json
  timeout: 15`)
  t.match(long.parameters, {
    filter: 'cart.*',
    useTagAsNode: false,
    searchFrom: 1200,
    searchMode: 'ingester',
  })
  t.equal(long.loop.intervalSec, 60)
  t.match(long.tempo, { url: 'https://tempo.example.net/tempo', timeoutMs: 15_000 })
  t.same(long.tempo?.headers, { authorization: 'Basic XXXXXXXXXXX' })
  t.same(long.nodegraphProvider, {
    url: 'http://localhost:9393',
    headers: { 'content-type': 'application/json' },
    timeoutMs: 15_000,
    retries: 3,
  })

  const short = load(`
query: { tag: service.name, tag_filter: 'a.*', use_tag_as_node: true }
tempo: { url: https://tempo.example.net/tempo/api, headers: { authorization: 'Basic <your base64 basic auth>' } }
nodegraph_provider: { url: http://nodegraph-provider:9393, headers: { content-type: application/json } }`)
  t.equal(short.parameters.filter, 'a.*', 'tag_filter is filter')
  t.equal(load(`query: { tag_filter: a, filter: a }`).parameters.filter, 'a', 'both, and the same')
  t.match(
    complaint(t, `query: { tag_filter: a, filter: b }`),
    'query.tag_filter must be the same as query.filter',
  )

  const text = load(`
query: { trace_threshold_ms: '40.5' }
search: { from: '7200' }
loop: { interval: '10' }
tempo: { url: 'http://a', timeout: '2.5' }
nodegraph_provider: { url: 'http://a', timeout: ' 3 ' }`)
  t.equal(text.parameters.traceThresholdMs, 40.5, 'numbers may be text where the demo calls float')
  t.equal(text.parameters.searchFrom, 7200)
  t.equal(text.loop.intervalSec, 10)
  t.equal(text.tempo?.timeoutMs, 2500)
  t.equal(text.nodegraphProvider?.timeoutMs, 3000)
  t.match(complaint(t, `server: { port: '80' }`), 'server.port must be an integer', 'but not elsewhere')
})

t.test('the command line goes over the environment, that over the file, that over the default', async (t) => {
  const text = 'query: { limit: 2 }'
  const env = { TTA_QUERY_LIMIT: '3' }
  t.equal(load(text).parameters.limit, 2)
  t.equal(load(text, { env }).parameters.limit, 3)
  t.equal(load(text, { env, overrides: { query: { limit: 4 } } }).parameters.limit, 4)
  t.equal(
    load(text, { env, overrides: { query: { limit: '5' } } }).parameters.limit,
    5,
    'text is read as a number',
  )
  t.equal(
    load(text, { env, overrides: { query: { limit: undefined } } }).parameters.limit,
    3,
    'undefined says nothing',
  )
  t.equal(
    load(text, { overrides: { query: { tag: 'x' } } }).parameters.limit,
    2,
    'key by key, not section by section',
  )
  const other = { env: { TTA_QUERY_FILTER: 'env' } }
  t.equal(load('query: { tag_filter: file }', other).parameters.filter, 'env', 'across spellings too')
  const merged = load('tempo: { url: http://a, headers: { X-A: file, x-b: file } }', {
    env: { TTA_TEMPO_HEADERS_X_A: 'env', TTA_TEMPO_HEADERS_X_C: 'env' },
  })
  t.same(merged.tempo?.headers, { 'x-a': 'env', 'x-b': 'file', 'x-c': 'env' }, 'headers one by one')
})

t.test('every key has an environment name that sets it', async (t) => {
  for (const key of keys) {
    const { name, text, needed } = sampleOf(key)
    const before = loadConfig({ env: needed })
    const after = loadConfig({ env: { ...needed, [name]: text } })
    const same = JSON.stringify(before) === JSON.stringify(after)
    t.equal(same, text === '' || name === 'TTA_QUERY_LEVEL', `${name} changes the configuration`)
  }
  t.equal(
    loadConfig({ env: { TTA_TEMPO_URL: 'http://a', TTA_TEMPO_CONCURRENCY: '7' } }).tempo?.concurrency,
    7,
  )
  t.equal(
    loadConfig({
      env: { TTA_NODEGRAPH_PROVIDER_URL: 'http://a', TTA_NODEGRAPH_PROVIDER_RETRIES: '0' },
    }).nodegraphProvider?.retries,
    0,
  )
  t.equal(loadConfig({ env: { TTA_QUERY_TAG_FILTER: 'x' } }).parameters.filter, 'x')
  t.equal(
    loadConfig({ env: { TTA_TEMPO_URL: '', TTA_SERVER_PORT: '' } }).tempo,
    undefined,
    'empty is not set',
  )
})

t.test('the service links Kubernetes sets for a service called tta are no configuration', async (t) => {
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

t.test('a file takes values from the environment', async (t) => {
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
  t.equal(config.parameters.filter, `a\${b}`, 'two dollars are one')
  t.equal(config.parameters.serviceNodeSubTitle, `9000-\${TOKEN}`, 'what is put in is not expanded again')
  t.equal(config.parameters.tag, 'service.namespace')
  t.same(config.tempo?.headers, { authorization: 'Bearer geheim' }, 'what comes out empty is not given')

  const missing = refused(
    `{ tempo: { url: 'http://a', bearer_token: '\${NO}', basic_auth: { username: a, password: '\${EMPTY}' } } }`,
    { env },
  )
  t.same(
    missing.errors.map(({ field, message }) => `${field} ${message}`.slice(0, 60)),
    [
      'tempo.basic_auth.password wants the environment variable EMP',
      'tempo.bearer_token wants the environment variable NO, which ',
    ],
    'each missing variable with its key, and nothing twice',
  )
  t.match(complaint(t, `query: { tag: '\${not a name}' }`), 'query.tag has a ${ that is neither')
  const wrong = refused(`server: { port: '\${TOKEN}' }\nquery: { filter: '(\${TOKEN}' }`, { env })
  t.same(wrong.errors, [
    { field: 'server.port', message: 'must be an integer from 0 to 65535' },
    { field: 'query.filter', message: 'must be an RE2 regular expression of at most 256 characters' },
  ])
})

t.test('variables that the file takes may begin with TTA_ and are no unknown keys', async (t) => {
  const env = { TTA_TOKEN: 'geheim', TTA_LIMIT: '', TTA_SERVER_PORT: '9000' }
  const text = `
server: { port: '\${TTA_SERVER_PORT}', host: 'a$\${TTA_OTHER}' }
query: { limit: '\${TTA_LIMIT:-7}' }
tempo: { url: http://a, bearer_token: '\${TTA_TOKEN}' }`
  const config = load(text, { env })
  t.same(config.tempo?.headers, { authorization: 'Bearer geheim' })
  t.equal(config.parameters.limit, 7)
  t.equal(config.server.port, 9000)
  t.match(complaint(t, '', { env }), 'TTA_TOKEN is not the environment name of a key', 'nobody takes it')
  t.match(
    complaint(t, text, { env: { ...env, TTA_OTHER: 'x' } }),
    'TTA_OTHER is not the environment name of a key',
    'a reference that is none takes nothing',
  )
})

t.test('text without references is itself, and doubled dollars protect any text', async () => {
  fc.assert(
    fc.property(fc.string({ unit: 'grapheme', maxLength: 60 }), fc.boolean(), (text, braces) => {
      const title = braces ? `\${${text}}` : text
      const written = title.replaceAll('${', () => `$\${`)
      const config = load(JSON.stringify({ query: { service_node_sub_title: written } }), { env: {} })
      return config.parameters.serviceNodeSubTitle === title
    }),
  )
})
