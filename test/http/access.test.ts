import { createHash } from 'node:crypto'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { defaultConfig, loadConfig } from '../../src/config/file/load.ts'
import { AcceptedTokens } from '../../src/http/access/token-check.ts'
import { createLogger } from '../../src/operations/logger.ts'

const tokens = {
  reader: 'reader-token-0000001',
  writer: 'writer-token-0000001',
  nextWriter: 'writer-token-0000002',
  alerts: 'alerts-token-0000001',
}
const configured = JSON.stringify([
  { name: 'reader', token: tokens.reader, scopes: ['read'] },
  { name: 'writer', token: tokens.writer, scopes: ['write'] },
  { name: 'next-writer', token: tokens.nextWriter, scopes: ['read', 'write'] },
  { name: 'alerts', token: tokens.alerts, scopes: ['webhook'] },
])

async function start(t: Test, env: NodeJS.ProcessEnv = { TTA_SERVER_AUTH_TOKENS: configured }) {
  const lines: string[] = []
  const logger = createLogger('trace', { write: (line) => void lines.push(line) })
  const { app, close } = await buildApp(loadConfig({ env }), { logger })
  t.teardown(close)
  await app.ready()
  return { app, log: () => lines.map((line) => JSON.parse(line)), rawLog: () => lines.join('') }
}

const bearer = (token: string) => ({ authorization: `Bearer ${token}` })

t.test('requires a known token with the right scope if tokens are configured', async (t) => {
  const { app, log, rawLog } = await start(t)
  const get = (headers: Record<string, string>) => app.inject({ url: '/graphs', headers })

  const none = await get({})
  t.equal(none.statusCode, 401)
  t.equal(none.headers['www-authenticate'], 'Bearer realm="tta"')
  t.match(none.headers['content-type'], 'application/problem+json')
  t.match(none.json(), { code: 'TTA_UNAUTHORIZED', status: 401, title: 'Unauthorized' })

  for (const authorization of [
    `Bearer ${tokens.reader}x`,
    `Bearer ${tokens.reader.slice(0, -1)}`,
    `Bearer ${createHash('sha256').update(tokens.reader).digest('hex')}`,
  ]) {
    const wrong = await get({ authorization })
    t.equal(wrong.statusCode, 401, authorization)
    t.equal(wrong.headers['www-authenticate'], 'Bearer realm="tta", error="invalid_token"')
  }
  for (const authorization of [
    'Bearer',
    `Basic ${btoa(`a:${tokens.reader}`)}`,
    tokens.reader,
    'Bearer a b',
  ]) {
    t.equal((await get({ authorization })).statusCode, 401, authorization)
  }
  t.equal(
    (await app.inject(`/graphs?access_token=${tokens.reader}`)).statusCode,
    401,
    'does not accept a token in the URL, which is logged',
  )

  const refused = await get(bearer(tokens.writer))
  t.equal(refused.statusCode, 403)
  t.equal(refused.headers['www-authenticate'], 'Bearer realm="tta", error="insufficient_scope", scope="read"')
  t.match(refused.json(), {
    code: 'TTA_FORBIDDEN',
    scope: 'read',
    detail: 'The token writer lacks the scope read; it has write',
  })
  t.equal((await get(bearer(tokens.reader))).statusCode, 200)
  t.equal((await get({ authorization: `bearer ${tokens.reader}` })).statusCode, 200, 'the scheme has no case')
  t.equal((await get(bearer(tokens.nextWriter))).statusCode, 200)

  t.match(
    log().at(-1),
    { path: '/graphs', statusCode: 200, caller: 'next-writer' },
    'logs the name of the token',
  )
  for (const token of Object.values(tokens)) t.notOk(rawLog().includes(token), 'and no token')
})

t.test('accepts the old and the new token during a rotation, until the old one is removed', async (t) => {
  const hash = (token: string) => createHash('sha256').update(token).digest('hex')
  const entry = (name: string, token: string) => ({ name, sha256: hash(token), scopes: ['write' as const] })
  const accepted = new AcceptedTokens([entry('old', tokens.writer)])
  accepted.replace([entry('old', tokens.writer), entry('new', tokens.nextWriter)])
  t.equal(accepted.find(tokens.writer)?.name, 'old')
  t.equal(accepted.find(tokens.nextWriter)?.name, 'new')
  accepted.replace([entry('new', tokens.nextWriter)])
  t.equal(accepted.find(tokens.writer), undefined)
})

t.test(
  'refuses a request without a token before it reads the body, in the error format of the route',
  async (t) => {
    const { app } = await start(t)
    const large = 'x'.repeat(2_000_000)
    const build = await app.inject({ method: 'POST', url: '/aggregate', payload: large })
    t.equal(build.statusCode, 401)
    const headers = { 'content-type': 'application/json', ...bearer(tokens.reader) }
    const spans = await app.inject({ method: 'POST', url: '/v1/traces', payload: '{', headers })
    t.equal(spans.statusCode, 403)
    t.match(spans.json(), { code: 7, message: /scope write/ }, 'a google.rpc.Status: PERMISSION_DENIED')
    const plugin = await app.inject('/micro/api/graph/data')
    t.match(plugin.json(), { status: 401, error: { code: 'TTA_UNAUTHORIZED' }, message: String })
  },
)

t.test(
  'requires the scope write for every route that changes something, and read for all others',
  async (t) => {
    const routes: { method: string; url: string; scope: unknown }[] = []
    const { app } = await start(t)
    const document = app.swagger() as { paths: Record<string, Record<string, { security?: object[] }>> }
    for (const [path, operations] of Object.entries(document.paths)) {
      for (const [method, { security }] of Object.entries(operations)) {
        const url = path.replace(/\{\w+\}/g, 'x')
        routes.push({ method, url, scope: security })
        const open = path.startsWith('/health/')
        const answer = await app.inject({ method: method.toUpperCase() as 'GET', url })
        t.equal(answer.statusCode === 401, !open, `${method} ${path} requires a token`)
        const alerts = path === '/webhooks/alerts'
        const scope = alerts ? 'webhook' : method === 'get' ? 'read' : 'write'
        t.same(security, open ? undefined : [{ bearer: [scope] }], `${method} ${path} says so`)
      }
    }
    t.ok(routes.length > 10)
    for (const url of ['/health/live', '/openapi.json', '/docs', '/docs/json']) {
      t.not((await app.inject(url)).statusCode, 401, `${url} is open`)
    }
  },
)

t.test('accepts every request without tokens, and warns on a reachable address', async (t) => {
  for (const [host, warned] of [
    ['127.0.0.1', false],
    ['localhost', false],
    ['0.0.0.0', true],
  ] as const) {
    const { app, log } = await start(t, {})
    await app.listen({ host, port: 0 })
    t.equal((await app.inject('/graphs')).statusCode, 200)
    const { warnings } = (await app.inject('/health/ready')).json()
    t.equal(warnings.length, warned ? 1 : 0, host)
    if (warned) t.match(warnings[0], /0\.0\.0\.0.*server\.auth\.tokens is empty/)
    t.equal(log().filter(({ level, msg }) => level === 40 && msg.includes('tokens')).length, warned ? 1 : 0)
  }
  const { app, log } = await start(t)
  await app.listen({ host: '0.0.0.0', port: 0 })
  t.same((await app.inject('/health/ready')).json().warnings, [])
  t.same(
    log().filter(({ level }) => level >= 40),
    [],
  )
  t.same(defaultConfig().server.auth.tokens, [])
})

t.test('refuses requests of other origins that build or are unsafe, but accepts links', async (t) => {
  for (const env of [{}, undefined]) {
    const { app } = await start(t, env)
    const ask = (method: 'GET' | 'POST' | 'DELETE', url: string, site: string) =>
      app.inject({ method, url, headers: { ...bearer(tokens.nextWriter), 'sec-fetch-site': site } })
    for (const site of ['cross-site', 'same-site']) {
      for (const [method, url] of [
        ['POST', '/aggregate'],
        ['DELETE', '/graphs/micro'],
        ['GET', '/graphs/micro?from=now-7d'],
        ['GET', '/graphs/micro/diff?from=now-7d'],
      ] as const) {
        const refused = await ask(method, url, site)
        t.match([refused.statusCode, refused.json().code], [403, 'TTA_FORBIDDEN'], `${method} ${url}`)
      }
      t.equal((await ask('GET', '/graphs', site)).statusCode, 200)
    }
    for (const site of ['same-origin', 'none']) {
      t.equal((await ask('POST', '/aggregate', site)).statusCode, 200, site)
      t.equal((await ask('GET', '/graphs/micro?from=now-1h', site)).statusCode, 200, site)
    }
  }
})

t.test('refuses hosts and origins that are not its own while no token is configured', async (t) => {
  const ask = async (env: NodeJS.ProcessEnv | undefined, host: string, origin?: string) => {
    const { app } = await start(t, env)
    const headers = { ...bearer(tokens.nextWriter), host, ...(origin && { origin }) }
    return (await app.inject({ method: 'POST', url: '/aggregate', headers })).statusCode
  }
  const hosts = 'tta.example.com,*.apps.example.com'
  for (const [host, open, listed] of [
    ['127.0.0.1:8080', 200, 200],
    ['[::1]:8080', 200, 200],
    ['localhost', 200, 200],
    ['tta.localhost:80', 200, 200],
    ['tta:8080', 200, 200],
    ['TTA.example.com.:443', 403, 200],
    ['x.apps.example.com', 403, 200],
    ['apps.example.com', 403, 403],
    ['evil.example', 403, 403],
    ['127.0.0.1.evil.example', 403, 403],
    ['localhost.evil.example:8080', 403, 403],
    [':8080', 403, 403],
    ['a:b', 403, 403],
  ] as const) {
    t.equal(await ask({}, host), open, host)
    t.equal(await ask({ TTA_SERVER_ALLOWED_HOSTS: hosts }, host), listed, `${host}, with allowed hosts`)
    t.equal(await ask(undefined, host), 200, `${host}, with tokens`)
  }
  for (const [origin, open, listed] of [
    ['http://tta:8080', 200, 200],
    ['https://tta:8080', 200, 200],
    ['http://tta:8081', 403, 403],
    ['http://evil', 403, 403],
    ['http://tta.example.com', 403, 200],
    ['null', 403, 403],
    ['', 200, 200],
  ] as const) {
    t.equal(await ask({}, 'tta:8080', origin), open, origin)
    t.equal(await ask({ TTA_SERVER_ALLOWED_HOSTS: hosts }, 'tta:8080', origin), listed, origin)
    t.equal(await ask(undefined, 'tta:8080', origin), 200, `${origin}, with tokens`)
  }
})
