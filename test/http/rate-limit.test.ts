import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/file/load.ts'
import { createLogger } from '../../src/operations/logger.ts'

async function start(t: Test, env: NodeJS.ProcessEnv) {
  const { app, close } = await buildApp(loadConfig({ env }), { logger: createLogger('silent') })
  t.teardown(close)
  return app
}

const twoPerHour = { TTA_SERVER_RATE_LIMIT_MAX: '2', TTA_SERVER_RATE_LIMIT_WINDOW_SEC: '3600' }
const build = { method: 'POST', url: '/aggregate' } as const

t.test('limits requests that read the trace source per address, and no others', async (t) => {
  const app = await start(t, twoPerHour)
  t.equal((await app.inject(build)).statusCode, 200)
  t.equal((await app.inject({ method: 'POST', url: '/aggregate', payload: { nonsense: 1 } })).statusCode, 400)
  t.equal((await app.inject('/graphs/micro?from=now-5m')).statusCode, 200, 'a wrong request did not count')

  for (const refused of [
    await app.inject(build),
    await app.inject('/graphs/micro/nodes?filter=a'),
    await app.inject('/micro/api/graph/data?filter=a'),
  ]) {
    t.equal(refused.statusCode, 429)
    t.match(refused.headers['content-type'], 'application/problem+json')
    t.match(refused.json(), {
      code: 'TTA_RATE_LIMITED',
      detail: /^Rate limit of 2 requests per 3600 s exceeded/,
    })
    const seconds = Number(refused.headers['retry-after'])
    t.ok(seconds > 3500 && seconds <= 3600, 'Retry-After in seconds')
    t.equal(refused.json().retryAfterSec, seconds)
  }
  for (const url of [
    '/graphs',
    '/graphs/micro',
    '/micro/api/graph/data?refresh=1',
    '/health/ready',
    '/docs',
  ]) {
    t.equal((await app.inject(url)).statusCode, 200, url)
  }
  t.equal((await app.inject({ ...build, remoteAddress: '10.0.0.7' })).statusCode, 200, 'another address')
  const network = (host: string) => app.inject({ ...build, remoteAddress: `2001:db8::${host}` })
  t.same(
    [(await network('1')).statusCode, (await network('2')).statusCode, (await network('3')).statusCode],
    [200, 200, 429],
    'an IPv6 network counts as one address',
  )
})

t.test('counts requests per token, from any address', async (t) => {
  const tokens = ['one', 'two'].map((name) => ({
    name,
    token: `${name}-0123456789abcdef`,
    scopes: ['write'],
  }))
  const app = await start(t, { ...twoPerHour, TTA_SERVER_AUTH_TOKENS: JSON.stringify(tokens) })
  const by = (name: string, remoteAddress: string) =>
    app.inject({ ...build, remoteAddress, headers: { authorization: `Bearer ${name}-0123456789abcdef` } })
  t.equal((await by('one', '10.0.0.1')).statusCode, 200)
  t.equal((await by('one', '10.0.0.2')).statusCode, 200)
  t.match((await by('one', '10.0.0.3')).json(), {
    status: 429,
    detail: /^Rate limit of .* exceeded for token one /,
  })
  t.equal((await by('two', '10.0.0.3')).statusCode, 200)
})

t.test('has no limit for 0', async (t) => {
  const app = await start(t, { TTA_SERVER_RATE_LIMIT_MAX: '0' })
  for (let calls = 0; calls < 3; calls++) t.equal((await app.inject(build)).statusCode, 200)
})

t.test('sends pages with a strict policy that works over plain HTTP', async (t) => {
  const app = await start(t, {})
  for (const url of ['/docs', '/docs/static/swagger-ui-bundle.js']) {
    const { headers, body } = await app.inject(url)
    const policy = String(headers['content-security-policy'])
    t.match(policy, "default-src 'none';script-src 'self';style-src 'self'")
    t.notOk(/unsafe|upgrade-insecure-requests|\*/.test(policy), policy)
    t.equal(headers['strict-transport-security'], undefined)
    t.equal(headers['x-content-type-options'], 'nosniff')
    if (url === '/docs') t.notOk(/<script>|<style|style=| on\w+=/.test(body), 'which the page keeps to')
  }
  t.equal((await app.inject('/graphs')).headers['content-security-policy'], undefined, 'answers need none')
})
