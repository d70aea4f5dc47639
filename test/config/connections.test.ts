import { join } from 'node:path'
import t from 'tap'
import { loadConfig } from '../../src/config/file/load.ts'
import type { Tree } from '../../src/config/file/tree.ts'
import { buildSettings } from '../../src/wiring/builds.ts'
import { providerOptions } from '../../src/wiring/sinks.ts'
import { tempoOptions } from '../../src/wiring/sources.ts'
import { complaint, load, refused } from './sources.ts'

t.test('accepts a base URL with or without slash, /api, prefix and credentials', async (t) => {
  const cases: [written: string, url: string, authorization?: string][] = [
    ['http://tempo:3200', 'http://tempo:3200'],
    ['http://tempo:3200/', 'http://tempo:3200'],
    ['http://tempo:3200/api', 'http://tempo:3200'],
    ['http://tempo:3200/api/', 'http://tempo:3200'],
    ['https://a.example/tempo/api', 'https://a.example/tempo'],
    ['https://a.example/api/datasources/proxy/uid/x/', 'https://a.example/api/datasources/proxy/uid/x'],
    ['HTTP://[::1]:80/apis', 'http://[::1]/apis'],
    ['http://us%40er:p%3Aw@a/', 'http://a', `Basic ${Buffer.from('us@er:p:w').toString('base64')}`],
    ['http://user@a', 'http://a', `Basic ${Buffer.from('user:').toString('base64')}`],
  ]
  for (const [written, url, authorization] of cases) {
    for (const section of ['tempo', 'nodegraph_provider']) {
      const config = load(JSON.stringify({ [section]: { url: written } }))
      const part = section === 'tempo' ? tempoOptions(config) : providerOptions(config)
      t.equal(part?.url, url, `${section} ${written}`)
      t.equal(part?.headers.authorization, authorization)
    }
  }
  const wrong = [
    'tempo:3200',
    'localhost',
    'ftp://a',
    '/api',
    'http://',
    '',
    'http://a?b',
    'http://a#b',
    'http://%zz:a@b',
  ]
  for (const url of wrong) {
    t.match(
      complaint(t, JSON.stringify({ tempo: { url } })),
      /^tempo.url must /,
      `refuses ${JSON.stringify(url)}`,
    )
  }
})

t.test('shows an example address with the usual port of the server', async (t) => {
  t.match(complaint(t, 'tempo: { url: a }'), 'such as http://localhost:3200')
  t.match(complaint(t, 'nodegraph_provider: { url: a }'), 'such as http://localhost:9393')
})

t.test('turns the one way to authenticate into a header', async (t) => {
  const basic = `Basic ${Buffer.from('ünal:pä:ss').toString('base64')}`
  const headersOf = (keys: string) => tempoOptions(load(`tempo:\n  url: http://a\n  ${keys}`))?.headers
  t.same(headersOf(`basic_auth: { username: ünal, password: 'pä:ss' }`), { authorization: basic })
  t.same(headersOf('bearer_token: abc'), { authorization: 'Bearer abc' })
  t.same(headersOf('headers: { Authorization: Custom x, X-Y: z }'), { authorization: 'Custom x', 'x-y': 'z' })

  const ways = [
    'basic_auth: { username: a, password: geheim }',
    'bearer_token: geheim',
    'headers: { AUTHORIZATION: geheim }',
    'url: http://a:geheim@b',
  ]
  for (const one of ways) {
    for (const other of ways.filter((way) => way > one)) {
      const url = /url/.test(one + other) ? '' : '  url: http://a\n'
      const { message } = refused(`tempo:\n${url}  ${one}\n  ${other}`)
      t.match(message, 'must have one way to authenticate, but has ')
      t.notMatch(message, /geheim/)
    }
  }
  t.match(
    complaint(t, 'nodegraph_provider: { url: http://a:b@c, headers: { authorization: x } }'),
    'nodegraph_provider must have one way',
  )
  t.match(complaint(t, 'tempo: { url: http://a, headers: { X-A: a, x-a: b } }'), 'is set twice')
})

t.test('refuses credentials without an address instead of using the embedded source', async (t) => {
  for (const key of [
    'bearer_token: x',
    'tenant: x',
    'tenants: [x]',
    'headers: { a: b }',
    'basic_auth: { username: a, password: b }',
  ]) {
    t.match(complaint(t, `tempo:\n  ${key}`), 'tempo.url is missing', key)
  }
  t.match(
    complaint(t, 'nodegraph_provider: { headers: { authorization: x } }'),
    'nodegraph_provider.url is missing',
  )
  t.same(providerOptions(load('nodegraph_provider: { headers: { content-type: a/b } }')), undefined)
  t.same(tempoOptions(load('tempo: { timeout: 20 }')), undefined, 'the embedded source')
})

t.test('refuses a tenant that is set in two ways', async (t) => {
  const withHeader = (keys: string) => `tempo: { url: http://a, headers: { X-Scope-OrgID: b }, ${keys} }`
  t.same(tempoOptions(load(withHeader('')))?.headers, { 'x-scope-orgid': 'b' })
  t.match(
    complaint(t, withHeader('tenant: a')),
    'tempo.tenant cannot be combined with tempo.headers.x-scope-orgid',
  )
  t.match(complaint(t, withHeader('tenants: [a]')), 'tempo.tenants cannot be combined with')
  const graphs = '\ngraphs: { shop: { tenant: a } }'
  t.match(complaint(t, withHeader('') + graphs), 'graphs.shop.tenant cannot be combined with')
  t.match(complaint(t, graphs), 'graphs.shop.tenant needs tempo.url')
  const { defaults, graphs: read } = buildSettings(
    load(`tempo: { url: http://a, tenant: b, tenants: [c, a|b] }${graphs}`),
  )
  t.same([defaults.tenant, read?.shop?.parameters.tenant], ['b', 'a'])
  const commanded = loadConfig({
    text: `tempo: { url: http://a, tenant: b }${graphs}`,
    env: {},
    overrides: { tempo: { tenant: 'z' } },
  })
  t.equal(commanded.graphs.shop?.tenant, 'z', 'the command line overrides the file')
})

t.test('refuses headers and tokens that would add other headers', async (t) => {
  const tempo = (keys: Tree) => JSON.stringify({ tempo: { url: 'http://a', ...keys } })
  t.match(complaint(t, tempo({ headers: { a: 'b\r\nc: d' } })), 'tempo.headers.a must match')
  t.match(complaint(t, tempo({ headers: { 'a b': 'c' } })), 'tempo.headers.a b must have a name that matches')
  t.match(complaint(t, tempo({ headers: { a: 5 } })), 'tempo.headers.a must be a string')
  t.match(complaint(t, tempo({ bearer_token: 'a\nb' })), 'tempo.bearer_token must match')
  t.match(complaint(t, tempo({ tenant: 'a b' })), 'tempo.tenant must match')
  t.match(
    complaint(t, tempo({ basic_auth: { username: 'a:b', password: 'c' } })),
    'tempo.basic_auth.username must match',
  )
})

t.test('reads the certificate authority with the configuration', async (t) => {
  const folder = t.testdir({ 'ca.pem': '-----BEGIN CERTIFICATE-----\nx\n', 'key.txt': 'no' })
  const withFile = (name: string) =>
    `tempo: { url: https://a, ca_file: ${JSON.stringify(join(folder, name))} }`
  t.match(load(withFile('ca.pem')).tempo.ca_file?.pem, 'BEGIN CERTIFICATE')
  t.match(complaint(t, withFile('key.txt')), 'tempo.ca_file must be a file with certificates in PEM')
  t.match(complaint(t, withFile('none.pem')), 'tempo.ca_file cannot be read (ENOENT)')
})
