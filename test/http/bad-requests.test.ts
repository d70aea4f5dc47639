import type { AddressInfo } from 'node:net'
import { connect } from 'node:net'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import t from 'tap'
import { buildApp } from '../../src/app.ts'
import { badRequest } from '../../src/base/errors.ts'
import { loadConfig } from '../../src/config/file/load.ts'
import { createLogger } from '../../src/operations/logger.ts'
import { startServer } from '../support/server-stand-ins.ts'

const json = { 'content-type': 'application/json' }

t.test('refuses an invalid body with 400 and names the fields', async (t) => {
  const bodies: [payload: string, fields: string[]][] = [
    ['{"tga":"service.name"}', ['tga']],
    ['{"graph":"a/b"}', ['graph']],
    ['{"graph":"Ä"}', ['graph']],
    ['{"graph":""}', ['graph']],
    [JSON.stringify({ graph: 'a'.repeat(65) }), ['graph']],
    ['{"limit":-1}', ['limit']],
    ['{"limit":0}', ['limit']],
    ['{"limit":1.5}', ['limit']],
    ['{"limit":"5"}', ['limit']],
    ['{"limit":1e999}', ['limit']],
    ['{"limit":null}', ['limit']],
    ['{"from":true}', ['from']],
    ['{"from":[]}', ['from']],
    ['{"searchFrom":0}', ['searchFrom']],
    ['{"searchMode":"everything"}', ['searchMode']],
    ['{"level":"galaxy"}', ['level']],
    ['{"useTagAsNode":"true"}', ['useTagAsNode']],
    ['{"dryRun":1}', ['dryRun']],
    ['{"traceThresholdMs":-0.1}', ['traceThresholdMs']],
    ['{"tag":""}', ['tag']],
    [JSON.stringify({ filter: 'a'.repeat(10_000) }), ['filter']],
    ['{"__proto__":{"limit":1}}', ['__proto__']],
    ['{"constructor":{"prototype":{}}}', ['constructor']],
    ['[]', ['body']],
    ['null', ['body']],
    ['"text"', ['body']],
    ['17', ['body']],
    ['{"tga":1,"limit":-1,"graph":"A","dryRun":"no"}', ['dryRun', 'graph', 'limit', 'tga']],
  ]
  const { app, calls } = await startServer(t)
  for (const [payload, fields] of bodies) {
    const response = await app.inject({ method: 'POST', url: '/aggregate', headers: json, payload })
    const { status, code, errors = [], detail } = response.json()
    const shown = payload.slice(0, 60)
    t.same([response.statusCode, status, code], [400, 400, 'TTA_BAD_REQUEST'], shown)
    t.same(errors.map(({ field }: { field: string }) => field).sort(), fields, `${shown} names ${fields}`)
    for (const field of fields) t.ok(detail.includes(field), 'in words too')
    t.ok(response.body.length < 5000, 'without repeating what is long')
  }
  t.same(calls, [], 'nothing was built')
})

t.test('reports each field that only the aggregator can check', async (t) => {
  const aggregate = async () => {
    throw badRequest([
      { field: 'filter', value: '(', message: 'must be an RE2 regular expression' },
      { field: 'from', value: { deep: 'x'.repeat(1000) }, message: 'must be before to' },
    ])
  }
  const { app } = await startServer(t, { aggregator: { aggregate } })
  const response = await app.inject({ method: 'POST', url: '/aggregate', payload: { filter: '(' } })
  const { errors } = response.json()
  t.equal(response.statusCode, 400)
  t.same(errors[0], { field: 'filter', value: '(', message: 'must be an RE2 regular expression' })
  t.equal(errors[1].value.length, 201, 'a long value is cut, with a mark that it was')
})

t.test('a body that is not JSON', async (t) => {
  const { app } = await startServer(t)
  const post = (payload: string, headers: Record<string, string> = json) =>
    app.inject({ method: 'POST', url: '/aggregate', headers, payload })

  t.test('is 400 with the position of the error', async (t) => {
    for (const payload of [
      '{"limit": 5',
      '{"limit": }',
      "{'limit': 5}",
      'limit=5',
      '\0',
      `{"a":"${'x'.repeat(9000)}`,
    ]) {
      const response = await post(payload)
      t.match(response.json(), {
        status: 400,
        code: 'TTA_BAD_REQUEST',
        detail: /^The request body is not valid JSON: /,
        errors: [{ field: 'body', message: /^must be valid JSON: / }],
      })
      t.ok(response.body.length < 1000)
    }
    t.match((await post('{"limit": }')).json().detail, /Unexpected token/)
    const { detail, errors } = (await post('\x1b[2J\u202e\0')).json()
    for (const text of [detail, errors[0].message]) {
      t.match(text, /\\u\{1b\}\[2J\\u\{202e\}/)
      t.notMatch(text, /[\p{Cc}\p{Cf}]/u, 'no control character is repeated')
    }
  })

  t.test('is 415 with another content type', async (t) => {
    for (const type of ['text/plain', 'application/x-www-form-urlencoded', 'application/xml', 'nonsense']) {
      t.match((await post('{}', { 'content-type': type })).json(), {
        status: 415,
        code: 'TTA_UNSUPPORTED_MEDIA_TYPE',
        detail: /content-type must be application\/json/,
        errors: [{ field: 'content-type', value: type, message: 'must be application/json' }],
      })
    }
    t.match((await post('{}', { 'content-type': '' })).json(), { errors: [{ field: 'content-type' }] })
    t.equal((await post('{}', { 'content-type': 'application/json; charset=utf-8' })).statusCode, 200)
  })

  t.test('is 415 if it is compressed, and names the header', async (t) => {
    for (const coding of ['gzip', 'br', 'gzip, identity']) {
      const payload = gzipSync('{"dryRun":true}')
      const headers = { ...json, 'content-encoding': coding }
      const response = await app.inject({ method: 'POST', url: '/aggregate', headers, payload })
      t.equal(response.statusCode, 415)
      t.equal(response.headers['accept-encoding'], 'identity')
      t.match(response.json(), {
        code: 'TTA_UNSUPPORTED_MEDIA_TYPE',
        detail: /^content-encoding must be identity/,
        errors: [{ field: 'content-encoding', value: coding }],
      })
    }
    for (const coding of ['identity', 'Identity', ''])
      t.equal((await post('{}', { ...json, 'content-encoding': coding })).statusCode, 200)
  })

  t.test('is 413 if it is too large, with and without a content length', async (t) => {
    t.match((await post(`"${'x'.repeat(5_000_000)}"`)).json(), {
      status: 413,
      code: 'TTA_TOO_LARGE',
      detail: /1048576 bytes/,
    })
  })
})

t.test('delivers the 413 to a client that is still sending 5 MB', async (t) => {
  const { app } = await startServer(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const body = Buffer.alloc(5_000_000, 'x')
  for (const framing of ['length', 'chunked']) {
    const answer = await new Promise<string>((resolve, reject) => {
      const socket = connect(port, '127.0.0.1')
      let received = ''
      socket.on('data', (chunk) => {
        received += chunk
      })
      socket.on('close', () => resolve(received))
      socket.on('error', (error) => (received === '' ? reject(error) : resolve(received)))
      const head =
        'POST /aggregate HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\nconnection: close\r\n'
      if (framing === 'length') {
        socket.write(`${head}content-length: ${body.length}\r\n\r\n`)
        socket.write(body)
      } else {
        socket.write(`${head}transfer-encoding: chunked\r\n\r\n${body.length.toString(16)}\r\n`)
        socket.write(body)
        socket.write('\r\n0\r\n\r\n')
      }
    })
    t.match(answer, /^HTTP\/1\.1 413 /, framing)
    t.match(answer, /TTA_TOO_LARGE/)
  }
})

t.test('refuses an invalid query string with 400 and names the fields', async (t) => {
  const queries: [query: string, field: string][] = [
    ['tga=x', 'tga'],
    ['tga=', 'tga'],
    ['graph=other', 'graph'],
    ['dryRun=false', 'dryRun'],
    ['trace_threshold_ms=4', 'trace_threshold_ms'],
    ['limit=-5', 'limit'],
    ['limit=abc', 'limit'],
    ['limit=0x10', 'limit'],
    ['limit=1e3', 'limit'],
    ['limit=%205', 'limit'],
    ['searchFrom=Infinity', 'searchFrom'],
    [`searchFrom=${'9'.repeat(400)}`, 'searchFrom'],
    ['useTagAsNode=yes', 'useTagAsNode'],
    ['searchMode=every', 'searchMode'],
    [`filter=${'a'.repeat(300)}`, 'filter'],
    ['filter=a&filter=b', 'filter'],
    ['filter=&filter=', 'filter'],
    ['from=1&to=2&from=3', 'from'],
  ]
  const { app, calls } = await startServer(t)
  for (const [query, field] of queries) {
    const urls = [`/graphs/micro?${query}`, `/graphs/micro/nodes?${query}`, `/graphs/micro/edges?${query}`]
    const ignoredByGrafana = /^(tga|graph|dryRun|trace_threshold_ms)/.test(query)
    if (!ignoredByGrafana) urls.push(`/micro/api/graph/data?${query}`)
    for (const url of urls) {
      const response = await app.inject(url)
      t.match(
        response.json(),
        { status: 400, code: 'TTA_BAD_REQUEST', errors: [{ field }] },
        url.slice(0, 60),
      )
    }
  }
  const takesNone = ['/graphs?a=1', '/health/live?a=1', '/health/ready?a=1', '/micro/api/health?a=1']
  for (const url of takesNone) t.match((await app.inject(url)).json(), { errors: [{ field: 'a' }] }, url)
  for (const request of [
    { method: 'DELETE' as const, url: '/graphs/micro?a=1' },
    { method: 'POST' as const, url: '/aggregate?a=1' },
  ]) {
    t.match((await app.inject(request)).json(), { status: 400, errors: [{ field: 'a' }] })
  }
  t.same(calls, [], 'nothing was built')
})

t.test('refuses an invalid graph name with 400 at every path', async (t) => {
  const names = [
    'a%2Fb',
    '%C3%84',
    'A',
    'a'.repeat(65),
    'a'.repeat(3000),
    'a.b',
    'a%20',
    '%00',
    '..%2F..',
    'a%0D%0Ab',
  ]
  const { app, calls } = await startServer(t)
  for (const name of names) {
    for (const [method, url, field] of [
      ['GET', `/graphs/${name}`, 'name'],
      ['GET', `/graphs/${name}?filter=a`, 'name'],
      ['GET', `/graphs/${name}/nodes`, 'name'],
      ['GET', `/graphs/${name}/edges`, 'name'],
      ['DELETE', `/graphs/${name}`, 'name'],
      ['GET', `/${name}/api/graph/fields`, 'graph'],
      ['GET', `/${name}/api/graph/data`, 'graph'],
      ['GET', `/${name}/api/health`, 'graph'],
    ] as const) {
      const response = await app.inject({ method, url })
      t.match(response.json(), { status: 400, errors: [{ field }] }, `${method} ${url.slice(0, 60)}`)
      t.ok(response.body.length < 3000)
    }
  }
  t.same(calls, [])
})

t.test('an unknown path or method', async (t) => {
  const { app } = await startServer(t)

  t.test('is 404 with a problem document', async (t) => {
    for (const url of [
      '/',
      '/graph',
      '/graphs/a/b/c',
      '/a/api/graph',
      '/docs/static/nothing.js',
      '//',
      '/%2e%2e/x',
    ]) {
      t.match((await app.inject(url)).json(), { status: 404, code: 'TTA_NOT_FOUND' }, url)
    }
    const posted = await app.inject({
      method: 'POST',
      url: '/graph',
      payload: 'x',
      headers: { 'content-type': 'a/b' },
    })
    t.equal(posted.statusCode, 404)
  })

  t.test('is 405 with Allow if the path has other methods', async (t) => {
    const allowed = [
      ['GET', '/aggregate', 'POST'],
      ['PUT', '/graphs/micro', 'DELETE, GET, HEAD'],
      ['POST', '/graphs', 'GET, HEAD'],
      ['POST', '/micro/api/graph/data?x=1', 'GET, HEAD'],
      ['DELETE', '/health/ready', 'GET, HEAD'],
    ] as const
    for (const [method, url, allow] of allowed) {
      const response = await app.inject({ method, url })
      t.match(response.json(), { status: 405, code: 'TTA_METHOD_NOT_ALLOWED' }, `${method} ${url}`)
      t.equal(response.headers.allow, allow)
    }
  })

  t.test('is 400 for a malformed URL', async (t) => {
    for (const url of ['/graphs/%zz', '/%E4/api/health']) {
      const response = await app.inject(url)
      t.match(response.json(), { status: 400, code: 'TTA_BAD_REQUEST' }, url)
      t.match(response.headers['content-type'], /^application\/problem\+json/)
    }
  })
})

t.test('answers every error with a problem document (RFC 9457) and the request id of the log', async (t) => {
  const { app, log } = await startServer(t)
  const response = await app.inject({ method: 'POST', url: '/aggregate', payload: { limit: -1 } })
  const { instance, ...problem } = response.json()
  t.match(response.headers['content-type'], /^application\/problem\+json/)
  t.equal(response.headers['cache-control'], 'no-store')
  t.same(problem, {
    type: 'about:blank',
    title: 'Bad Request',
    status: 400,
    detail: 'limit must be from 1 to 10000000',
    code: 'TTA_BAD_REQUEST',
    errors: [{ field: 'limit', value: -1, message: 'must be from 1 to 10000000' }],
  })
  t.equal(instance, `urn:uuid:${log()[0]?.reqId}`)
})

t.test('hides the details of an unexpected error from the client, and logs them', async (t) => {
  const aggregate = async () => {
    throw Object.assign(new TypeError('secret is undefined'), { headers: { authorization: 's3cret' } })
  }
  const { app, log, rawLog } = await startServer(t, { aggregator: { aggregate } })
  const response = await app.inject({ method: 'POST', url: '/aggregate' })
  t.match(response.json(), { status: 500, code: 'TTA_INTERNAL', detail: 'Internal error' })
  t.notOk(/secret|TypeError|\.ts/.test(response.body))
  const errors = log().filter(({ level }) => level === 50)
  t.match(errors[0], { err: { cause: { type: 'TypeError', message: 'secret is undefined' } } })
  t.notOk(rawLog().includes('s3cret'))
})

t.test('answers any text with a known code, never with 500', async (t) => {
  const { app } = await startServer(t)
  const segment = fc
    .string({ unit: 'binary', maxLength: 80 })
    .map((text) => encodeURIComponent(text.toWellFormed()))
  await fc.assert(
    fc.asyncProperty(segment, segment, fc.string({ unit: 'binary' }), async (name, value, payload) => {
      const responses = await Promise.all([
        app.inject(`/graphs/${name}?filter=${value}&${name}=${value}`),
        app.inject(`/${name}/api/graph/data?from=${value}&to=${value}`),
        app.inject({ method: 'POST', url: '/aggregate', headers: json, payload }),
      ])
      return responses.every(({ statusCode }) => [200, 400, 404].includes(statusCode))
    }),
    { numRuns: 200 },
  )
  t.ok(true)
})

t.test('refuses deeply nested JSON with 400 at every path', async (t) => {
  const { app, close } = await buildApp(loadConfig({ env: {} }), { logger: createLogger('silent') })
  t.teardown(close)
  const deep = `${'['.repeat(400_000)}${']'.repeat(400_000)}`
  const bodies = [deep, `{"filter":${deep}}`, `{"alerts":${deep}}`, `{"a":`.repeat(150_000)]
  for (const url of ['/aggregate', '/webhooks/alerts', '/v1/traces']) {
    for (const payload of bodies) {
      const answer = await app.inject({ method: 'POST', url, headers: json, payload })
      t.equal(answer.statusCode, 400, `${url}: ${payload.slice(0, 20)}`)
      t.match(answer.body, /nested deeper than 256/)
    }
    const brackets = JSON.stringify({ a: `"${'['.repeat(1000)}\\` })
    const { body } = await app.inject({ method: 'POST', url, headers: json, payload: brackets })
    t.notMatch(body, /nested/, 'brackets in text are text')
  }
})

t.test('answers an incomplete request with 408, with and without a token', async (t) => {
  const { app } = await startServer(t, { requestTimeoutMs: 200 })
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const head = 'HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n'
  for (const [what, request] of [
    ['a head', `GET /graphs ${head}`],
    ['a body', `POST /aggregate ${head}content-length: 99\r\n\r\n{`],
  ] as const) {
    const answer = await converse(port, request)
    t.match(answer, /^HTTP\/1\.1 408 .*TTA_REQUEST_TIMEOUT/s, what)
  }
})

t.test('limits the size of the response to a body with many errors', async (t) => {
  const { app } = await startServer(t)
  const errorsOf = async (count: number) => {
    const keys = Array.from({ length: count }, (_, index) => `"k${index}":0`)
    const payload = `{${keys.join(',')}}`
    const response = await app.inject({ method: 'POST', url: '/aggregate', headers: json, payload })
    t.equal(response.statusCode, 400)
    return response.json()
  }
  const { errors, detail } = await errorsOf(2000)
  t.equal(errors.length, 100)
  t.match(detail, /; and 1900 more$/)
  t.equal((await errorsOf(20_000)).errors.length, 1, 'reports only the first error of a large body')
})

t.test('reports an unknown path or method before it reads the body', async (t) => {
  const { app } = await startServer(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const cases: [method: string, path: string, head: string, status: number][] = [
    ['QUERY', '/graphs', '', 405],
    ['POST', '/graphs', 'content-type: text/xml\r\n', 405],
    ['POST', '/nowhere', 'content-type: text/xml\r\n', 404],
    ['PUT', '/aggregate', '', 405],
  ]
  for (const [method, path, head, status] of cases) {
    const answer = await converse(
      port,
      `${method} ${path} HTTP/1.1\r\nhost: x\r\n${head}content-length: 0\r\n\r\n`,
    )
    t.match(answer, new RegExp(`^HTTP/1.1 ${status} .*application/problem\\+json`, 's'), `${method} ${path}`)
  }
})

t.test('answers malformed requests and too long heads with a problem document', async (t) => {
  const { app } = await startServer(t)
  await app.listen({ port: 0, host: '127.0.0.1' })
  const { port } = app.server.address() as AddressInfo
  const query = (length: number) =>
    `GET /graphs/micro?query=${'x'.repeat(length)} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n`
  const cases: [what: string, request: string, status: number, code: string][] = [
    ['too long', query(70_000), 431, 'TTA_HEADERS_TOO_LARGE'],
    ['long', query(50_000), 400, 'TTA_BAD_REQUEST'],
    ['no request', 'hello\r\n\r\n', 400, 'TTA_BAD_REQUEST'],
    ['no length', 'POST /aggregate HTTP/1.1\r\nhost: x\r\ncontent-length: x\r\n\r\n', 400, 'TTA_BAD_REQUEST'],
  ]
  for (const [what, request, status, code] of cases) {
    const [head = '', body = ''] = (await converse(port, request)).split('\r\n\r\n')
    t.match(head, new RegExp(`^HTTP/1.1 ${status} .*application/problem\\+json`, 's'), what)
    t.match(JSON.parse(body), { status, code, instance: /^urn:uuid:/ }, what)
  }
})

/** Sends what may be no HTTP at all. @returns the response until the connection ends or stays idle */
function converse(port: number, request: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(request))
    let received = ''
    socket.on('data', (chunk) => {
      received += chunk
      const [head = '', body = ''] = received.split('\r\n\r\n')
      const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? Number.NaN)
      if (Buffer.byteLength(body) >= length) socket.destroy()
    })
    socket.on('close', () => resolve(received))
    socket.on('error', (error) => (received === '' ? reject(error) : resolve(received)))
  })
}
