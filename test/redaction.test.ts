import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { writeFileSync } from 'node:fs'
import { createServer, type RequestListener } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join, resolve } from 'node:path'
import t, { type Test } from 'tap'
import { buildApp } from '../src/app.ts'
import { runCommandLine } from '../src/cli/run.ts'
import { loadConfig } from '../src/config/file/load.ts'
import { createLogger } from '../src/operations/logger.ts'
import { terminal } from './support/test-terminal.ts'

// Every secret contains this mark, in base64 too: three bytes always become the same four characters.
const mark = 'S3CRETS3CRETS3CRET'
const secret = (name: string) => `${mark}${mark}-${name}`

/** Returns the planted secret in a text, if there is one: plain, percent-encoded, or in base64 at any offset. */
function leaks(text: string): string | undefined {
  const encoded = [0, 1, 2].map((shift) =>
    Buffer.from(`${'x'.repeat(shift)}${mark}${mark}`)
      .toString('base64')
      .slice(4, 28),
  )
  return [mark, ...encoded].find((planted) => text.includes(planted))
}

async function upstream(t: Test, answer: RequestListener): Promise<string> {
  const server = createServer(answer)
  await new Promise<void>((listening) => server.listen(0, '127.0.0.1', listening))
  t.teardown(() => {
    server.closeAllConnections()
    server.close()
  })
  return `127.0.0.1:${(server.address() as AddressInfo).port}`
}

const config = (address: string, way: Way) =>
  JSON.stringify({
    server: {
      port: 0,
      auth: { tokens: [{ name: 'all', token: secret('token'), scopes: ['read', 'write', 'webhook'] }] },
    },
    log: { level: 'trace' },
    tempo: { timeout: 2, ...way(address) },
    nodegraph_provider: {
      url: `http://provider:${secret('provider')}@${address}`,
      headers: { 'x-api-key': secret('key'), cookie: `sid=${secret('cookie')}` },
      retries: 0,
      timeout: 2,
    },
  })

const upstreams: Record<string, RequestListener> = {
  'refuse the credentials': (_request, response) => response.writeHead(401).end('no'),
  fail: (_request, response) => response.writeHead(500).end('boom'),
  'answer nonsense': (_request, response) =>
    response.writeHead(200, { 'content-type': 'text/html' }).end('<html>'),
  'send elsewhere': (_request, response) =>
    response.writeHead(302, { location: `http://127.0.0.1/?token=${secret('location')}` }).end(),
  'hang up': (request) => void request.socket.destroy(),
  'repeat what they were sent, with 401': repeatsHeaders(401),
  'repeat what they were sent, with 400': repeatsHeaders(400),
  'repeat what they were sent, with 500': repeatsHeaders(500),
}

/** Some gateways do this when they refuse a request. */
function repeatsHeaders(status: number): RequestListener {
  return ({ headers }, response) => {
    const [, credentials = ''] = (headers.authorization ?? '').split(' ')
    const decoded = Buffer.from(credentials, 'base64').toString()
    response.writeHead(status).end(`refused: ${decoded}; ${JSON.stringify(headers)}`)
  }
}

/** Keys of the section tempo for one way to authenticate. */
type Way = (address: string) => object

const ways: Record<string, Way> = {
  'a password in the address': (address) => ({ url: `http://tempo:${secret('password')}@${address}` }),
  'basic auth': (address) => ({
    url: `http://${address}`,
    basic_auth: { username: 'tempo', password: secret('basic') },
    tenant: 'team-a',
  }),
  'a bearer token and headers': (address) => ({
    url: `http://${address}`,
    bearer_token: secret('bearer'),
    headers: { 'x-api-key': secret('header') },
  }),
}

const requests = [
  { method: 'POST', url: '/aggregate' },
  { method: 'POST', url: '/aggregate', payload: { tempo: secret('body') } },
  { method: 'GET', url: `/graphs?token=${secret('query')}` },
  { method: 'GET', url: '/graphs/micro?from=now-5m' },
  { method: 'GET', url: '/micro/api/graph/data?from=now-5m' },
  { method: 'GET', url: '/health/ready' },
  { method: 'GET', url: '/openapi.json' },
  { method: 'GET', url: '/docs/static/swagger-initializer.js' },
  { method: 'GET', url: '/jobs' },
  { method: 'GET', url: '/metrics' },
  { method: 'DELETE', url: '/graphs/micro' },
  { method: 'GET', url: `/nowhere?api_key=${secret('path')}` },
  { method: 'POST', url: '/-/reload' },
] as const

t.test('no response or log line contains a secret of the configuration or of a request', async (t) => {
  const cases = Object.entries(upstreams).map(([what, answer], index) => {
    const way = Object.keys(ways)[index % 3] ?? ''
    return { what, answer, way, tempo: ways[way] ?? fail }
  })
  await Promise.all(
    cases.map(async ({ what, answer, way, tempo }) => {
      const address = await upstream(t, answer)
      const lines: string[] = []
      const logger = createLogger('trace', { write: (line) => void lines.push(line) })
      const { app, close } = await buildApp(loadConfig({ text: config(address, tempo), env: {} }), { logger })
      for (const token of [secret('wrong-token'), secret('token')]) {
        const headers = { authorization: `Bearer ${token}`, cookie: secret('cookie'), 'x-scope-orgid': mark }
        const answers = await Promise.all(requests.map((request) => app.inject({ ...request, headers })))
        for (const [index, { headers: sent, body }] of answers.entries()) {
          const path = requests[index]?.url.split('?')[0]
          t.equal(leaks(JSON.stringify(sent) + body), undefined, `${what}, ${way}: ${path}`)
        }
      }
      await close()
      t.equal(leaks(lines.join('')), undefined, `the log, when upstreams ${what}, with ${way}`)
      t.ok(lines.length > requests.length, 'which has something in it')
    }),
  )
})

t.test('no output of the process contains a secret: help, mistakes, failures, crashes', async (t) => {
  const wrong = [
    JSON.stringify({ tempo: { url: `http://a:${secret('x')}@b?c` } }),
    JSON.stringify({ tempo: { url: `nonsense://${secret('x')}@b` } }),
    JSON.stringify({ tempo: { url: 'http://a', bearer_token: `${secret('x')} y` } }),
    JSON.stringify({ tempo: { url: 'http://a', headers: { a: `${secret('x')}\n` } } }),
    JSON.stringify({
      tempo: { url: 'http://a', basic_auth: { username: 'a:b', password: `${secret('x')}\0` } },
    }),
    JSON.stringify({
      server: { auth: { tokens: [{ name: secret('x'), token: `${secret('x')} `, scopes: [mark] }] } },
    }),
    JSON.stringify({ server: { auth: { tokens: secret('x') } } }),
    `tempo: { url: "http://a", bearer_token: ${secret('x')}\n  x: [`,
  ]
  for (const text of wrong) {
    const here = terminal()
    writeFileSync(join(here.directory, 'config.yml'), text)
    for (const argv of [['serve'], ['--json'], ['--help']]) {
      const status = await runCommandLine(argv, here)
      t.equal(status, argv[0] === '--help' ? 0 : 1)
    }
    const said = here.stdout.text + here.stderr.text
    t.match(said, 'the configuration cannot be used')
    t.equal(leaks(said), undefined, said)
  }

  const address = await upstream(t, (_request, response) => response.writeHead(401).end())
  const directory = t.testdir({ 'config.yml': config(address, ways['basic auth'] ?? fail) })
  const failed = await printed(['--json'], directory)
  t.match(failed, { code: 1, text: /TTA_TEMPO_UNAUTHORIZED/ })
  t.equal(leaks(failed.text), undefined, 'a failed build, logged at level trace')

  const crash = `process.on('SIGUSR2', () => { throw Object.assign(new Error('it broke'), {
    options: { headers: { authorization: '${secret('crash')}' } } }) })`
  writeFileSync(join(directory, 'crash.mjs'), crash)
  const env = { NODE_OPTIONS: '--import=./crash.mjs' }
  const crashed = await printed(['serve'], directory, env, 'SIGUSR2')
  t.match(crashed, { code: 1, text: /it broke/ })
  t.equal(leaks(crashed.text), undefined, 'a crash')
})

t.test('only the configuration decides where tta sends requests, and no caller', async (t) => {
  const called: string[] = []
  const address = await upstream(t, (request, response) => {
    called.push(request.url ?? '')
    response.end()
  })
  const { app, close } = await buildApp(loadConfig({ env: {} }), { logger: createLogger('silent') })
  t.teardown(close)
  const url = `http://${address}`
  for (const payload of [
    { url },
    { tempo: { url } },
    { source: url },
    { nodegraph_provider: { url } },
    { tag: url },
  ]) {
    const { statusCode } = await app.inject({ method: 'POST', url: '/aggregate', payload })
    t.equal(statusCode, 'tag' in payload ? 200 : 400, JSON.stringify(payload))
  }
  const headers = { host: address, 'x-forwarded-host': address, 'x-tempo-url': url, referer: url }
  await app.inject({ method: 'POST', url: '/aggregate', headers })
  t.same(called, [])

  const { paths, components } = app.swagger() as { paths: object; components: object }
  const taken = [
    ...JSON.stringify({ paths, components }).matchAll(/"in":"(?:query|path)","name":"(\w+)"/g),
  ].map(([, name]) => name)
  t.ok(taken.length > 20)
  t.same(
    taken.filter((name) => /url|host|address|endpoint/i.test(name ?? '')),
    [],
  )
})

function fail(): never {
  throw new Error('is not to be called')
}

/** Returns the output and the exit status of `tta`. @param signal sent as soon as it listens */
async function printed(
  argv: string[],
  cwd: string,
  env: Record<string, string> = {},
  signal?: NodeJS.Signals,
) {
  const main = resolve('dist/main.js')
  const child = spawn(process.execPath, [main, ...argv], {
    cwd,
    env: { PATH: process.env.PATH ?? '', ...env },
  })
  let text = ''
  let isListening = false
  for (const stream of [child.stdout, child.stderr]) {
    stream.on('data', (data) => {
      text += data
      if (isListening || !text.includes('tta listens at')) return
      isListening = true
      if (signal) child.kill(signal)
    })
  }
  const [code] = await once(child, 'close')
  return { text, code }
}
