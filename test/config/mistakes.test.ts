import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import fc from 'fast-check'
import t from 'tap'
import { loadConfig } from '../../src/config/file/load.ts'
import { setAt, type Tree } from '../../src/config/file/tree.ts'
import { complaint, refused } from './sources.ts'

t.test('names unknown variables and wrong values of the environment', async (t) => {
  const env = {
    TTA_SERVER_PROT: '1',
    TTA_SERVER_PORT: 'high',
    TTA_TEMPO_HEADERS: 'geheim',
    TTA_TEMPO_HEADERS_X: 'y',
  }
  const { errors } = refused('', { env })
  t.same(
    errors.map(({ field }) => field),
    ['server.port', 'tempo.headers', 'TTA_SERVER_PROT'],
  )
  t.match(errors[2]?.message, 'did you mean TTA_SERVER_PORT?')
  t.same(errors[0], {
    field: 'server.port',
    value: 'high',
    message: 'must be an integer from 0 to 65535 (set by TTA_SERVER_PORT)',
  })
  t.match(errors[1]?.message, 'set by TTA_TEMPO_HEADERS, as JSON')
  t.notOk('value' in (errors[1] ?? {}))
  t.match(
    refused('', { overrides: { query: { limit: '-4' } } }).message,
    'query.limit is -4, but must be from 1 to',
  )
})

t.test('reports every mistake at once, with the allowed values', async (t) => {
  const { errors, message } = refused(`
graph: { name: A/b }
query: { trace_treshold_ms: 1, filter: '(a', tag: resource., use_tag_as_node: 'yes' }
search: { mode: some, from: 0 }
log: { level: loud }
loop: often
tempo: { url: 'ftp://a', concurrency: 2.5, basic_auth: { username: x } }
toto:
  a: 1
`)
  const said = Object.fromEntries(errors.map((error) => [error.field, error.message]))
  t.match(said['graph.name'], /must match .*lower-case letters/)
  t.match(said['query.trace_treshold_ms'], 'did you mean trace_threshold_ms?')
  t.match(said['query.filter'], 'missing closing )')
  t.equal(said['query.use_tag_as_node'], 'must be a boolean')
  t.equal(said['search.mode'], 'must be one of "all", "blocks", "ingesters", "ingester"')
  t.equal(said['search.from'], 'must be above 0')
  t.match(said['log.level'], 'must be one of "fatal", "error"')
  t.equal(said.loop, 'must be an object')
  t.match(said['tempo.url'], 'http or https URL')
  t.equal(said['tempo.concurrency'], 'must be an integer from 1 to 64')
  t.equal(said['tempo.basic_auth.password'], 'is missing')
  t.match(said.toto, /is not a known key \(known: server, log, graph/)
  t.match(message, 'search.mode is "some", but must be one of', 'the message has each in a line')
  t.equal(message.split('\n').length, errors.length + 1)
})

t.test('reports mistakes in the order of config_example.yml', async (t) => {
  const { errors } = refused(
    `
toto: 1
nodegraph_provider: { url: a }
tempo:
  tenant: '\${NO}'
  url: http://u:p@a?b
  bearer_token: x
  toto: 1
  headers: { B: '', b: '' }
query: { level: x, tag_filter: a, filter: b, tag: '', toto: 1 }
`,
    { env: { TTA_TOTO: '1', TTA_SERVER_PORT: 'x' } },
  )
  t.same(
    errors.map(({ field }) => field),
    [
      'server.port',
      'query.tag',
      'query.tag_filter',
      'query.level',
      'query.toto',
      'tempo',
      'tempo.url',
      'tempo.headers.b',
      'tempo.tenant',
      'tempo.toto',
      'nodegraph_provider.url',
      'TTA_TOTO',
      'toto',
    ],
  )
})

t.test('reads the file, and names the place of a YAML error without quoting it', async (t) => {
  const folder = t.testdir({})
  const path = join(folder, 'tta.yml')
  writeFileSync(path, '\ufeffserver:\n  port: 1\n')
  t.equal(loadConfig({ path, env: {} }).server.port, 1)
  t.throws(() => loadConfig({ path: join(folder, 'none.yml'), env: {} }), {
    message: /none.yml cannot be read \(ENOENT\)/,
  })
  t.match(
    complaint(t, 'server:\n  port: 1\n  host: a\n  port: 2\n', { path: 'a.yml' }),
    'a.yml repeats port in the same section, at line 4, column 3',
  )
  const broken = [
    'tempo: { bearer_token: geheim',
    'tempo: "geheim',
    'a: geheim: b',
    '\ttempo: geheim',
    '- geheim',
    'geheim',
    '*geheim',
    'a: &b geheim\na: *c',
    '---\na: 1\n---\ngeheim: 1',
    'a: !!geheim b',
    '%geheim\n---\na: b',
  ]
  for (const text of broken)
    t.notMatch(refused(text).message, /geheim"|geheim'|: geheim/, JSON.stringify(text))
})

t.test('never shows a secret in an error', async () => {
  const secret = 'g3heim'
  const places = [
    ['tempo'],
    ['tempo', 'headers'],
    ['tempo', 'headers', 'authorization'],
    ['tempo', 'headers', 'bad name'],
    ['tempo', 'basic_auth'],
    ['tempo', 'basic_auth', 'password'],
    ['tempo', 'bearer_token'],
    ['tempo', 'pasword'],
    ['tempo', 'url'],
    ['nodegraph_provider', 'url'],
    ['nodegraph_provider', 'headers', 'x'],
    ['query', 'filter'],
    ['server', 'port'],
    ['log', 'level'],
  ]
  const open = new Set(['query.filter', 'server.port', 'log.level'])
  // A value from the file is shown unless its key is a secret. An address is shown without credentials, query and
  // fragment.
  const shown = (field: string, form: unknown) =>
    open.has(field) || (field.endsWith('.url') && typeof form === 'string' && !/[@?#]/.test(form))
  const forms = fc.constantFrom(
    secret,
    `http://u:${secret}@h:x`,
    `http://h/?token=${secret}`,
    `ftp://h/#${secret}`,
    `${secret}\n`,
    `(${secret}`,
    [secret],
    { a: secret },
    { [`__proto__`]: secret },
  )
  const wrong = fc.array(
    fc.record({ place: fc.constantFrom(...places), form: forms, viaEnv: fc.boolean() }),
    { minLength: 1, maxLength: 6 },
  )
  fc.assert(
    fc.property(wrong, (entries) => {
      const tree: Tree = { build: { deadline_sec: 'soon' } }
      const env: NodeJS.ProcessEnv = {}
      for (const { place, form, viaEnv } of entries) {
        if (viaEnv && typeof form === 'string') {
          env[`S${Object.keys(env).length}`] = form
          setAt(tree, place, `\${S${Object.keys(env).length - 1}}`)
        } else if (!shown(place.join('.'), form)) setAt(tree, place, JSON.parse(JSON.stringify(form)))
      }
      const error = refused(JSON.stringify(tree), { env })
      return !`${error.message}${error.stack}${JSON.stringify(error.errors)}`.includes(secret)
    }),
    { numRuns: 500 },
  )
})

t.test('never shows the query or fragment of an address', async (t) => {
  const addresses: [written: string, shown: string][] = [
    ['http://h/?token=geheim', 'http://h/?…'],
    ['http://h/a#geheim', 'http://h/a#…'],
    ['h:3200?token=geheim\n#geheim', 'h:3200?…'],
    [`http://h/?${'geheim'.repeat(400)}`, 'http://h/?…'],
  ]
  for (const [written, shown] of addresses) {
    for (const section of ['TEMPO', 'NODEGRAPH_PROVIDER']) {
      const error = refused('', { env: { [`TTA_${section}_URL`]: written } })
      t.match(error.message, `.url is ${JSON.stringify(shown)}, but must `)
      t.notMatch(JSON.stringify(error.errors), /geheim/)
    }
    t.notMatch(refused(JSON.stringify({ tempo: { url: written } })).message, /geheim/)
  }
  t.match(
    refused('', { env: { TTA_LOG_LEVEL: 'http://h/?token=geheim' } }).message,
    'log.level is "http://h/?…", but must',
    'an address under the wrong key counts too',
  )
  t.match(refused('graph: { name: What? }').message, 'graph.name is "What?"', 'other text is shown whole')
})

t.test('reports every unknown key, even __proto__', async (t) => {
  t.match(
    refused('{"__proto__": {"a": 1}, "server": {"__proto__": 1}}').errors.map(({ field }) => field),
    ['server.__proto__', '__proto__'],
  )
})
