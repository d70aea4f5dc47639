import { EventEmitter, once } from 'node:events'
import { request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import { gunzipSync } from 'node:zlib'
import t from 'tap'
import { TtaError } from '../../src/base/errors.ts'
import type { BuildOptions } from '../../src/builds/aggregation/aggregator.ts'
import { createLogger } from '../../src/operations/logger.ts'
import { documentOf, startServer, summaryOf } from '../support/server-stand-ins.ts'

t.test('entity tags', async (t) => {
  const paths = [
    '/graphs',
    '/graphs/micro',
    '/graphs/micro/nodes',
    '/graphs/micro/edges',
    '/micro/api/graph/data',
    '/micro/api/graph/fields',
  ]

  t.test('are strong, differ by path, and stay while the graph is unchanged', async (t) => {
    const { app, put } = await startServer(t)
    await put(documentOf('micro'))
    const tags = new Set<unknown>()
    for (const path of paths) {
      const [first, second] = [await app.inject(path), await app.inject(path)]
      t.match(first.headers.etag, /^"[\w-]{43}"$/, path)
      t.equal(first.headers.etag, second.headers.etag)
      t.equal(first.headers['cache-control'], 'no-cache')
      t.equal(first.headers['content-type'], 'application/json; charset=utf-8')
      tags.add(first.headers.etag)
    }
    t.equal(tags.size, paths.length)
  })

  t.test('save the body with a 304', async (t) => {
    const { app, put } = await startServer(t)
    await put(documentOf('micro'))
    for (const path of paths) {
      const etag = String((await app.inject(path)).headers.etag)
      for (const known of [etag, `W/${etag}`, `"x, y", W/"z" ,${etag}`, '*', ' * ']) {
        const response = await app.inject({ url: path, headers: { 'if-none-match': known } })
        t.equal(response.statusCode, 304, `${path} ${known}`)
        t.equal(response.body, '')
        t.equal(response.headers.etag, etag)
      }
      for (const other of ['"x"', etag.slice(1, -1), '', `"${etag.slice(1, -2)}"`]) {
        const response = await app.inject({ url: path, headers: { 'if-none-match': other } })
        t.equal(response.statusCode, 200, `${path} ${other}`)
      }
    }
  })

  t.test('change with the graph', async (t) => {
    const { app, put } = await startServer(t)
    await put(documentOf('micro'))
    const { etag } = (await app.inject('/graphs/micro')).headers
    await put(documentOf('micro', 'checkout'))
    const response = await app.inject({ url: '/graphs/micro', headers: { 'if-none-match': String(etag) } })
    t.equal(response.statusCode, 200)
    t.equal(response.json().nodes[0].title, 'checkout')
  })
})

t.test('compresses a graph once, if the client accepts gzip, with its own entity tag', async (t) => {
  const { app, put } = await startServer(t)
  await put(documentOf('micro'))
  const get = (url: string, headers: Record<string, string>) => app.inject({ url, headers })
  for (const url of ['/graphs/micro', '/graphs/micro/nodes']) {
    const plain = await get(url, {})
    for (const accepted of ['gzip', 'deflate, gzip;q=1.0, *;q=0.5', 'br, gzip']) {
      const zipped = await get(url, { 'accept-encoding': accepted })
      const isSmall = plain.rawPayload.length < 1400
      t.equal(zipped.headers['content-encoding'], isSmall ? undefined : 'gzip', accepted)
      t.match(zipped.headers.vary, /accept-encoding/)
      t.same(isSmall ? zipped.rawPayload : gunzipSync(zipped.rawPayload), plain.rawPayload)
      t.equal(zipped.headers.etag === plain.headers.etag, isSmall)
      const again = await get(url, { 'accept-encoding': accepted, 'if-none-match': `${zipped.headers.etag}` })
      t.match([again.statusCode, again.headers.etag], [304, zipped.headers.etag])
      t.equal((await get(url, { 'if-none-match': `${zipped.headers.etag}` })).statusCode, 304)
    }
    for (const refused of ['', 'identity', 'gzip;q=0', 'br']) {
      const answer = await get(url, { 'accept-encoding': refused })
      t.equal(answer.headers['content-encoding'], undefined, refused)
      t.equal(answer.headers.etag, plain.headers.etag)
    }
  }
  const large = await get('/graphs/micro', { 'accept-encoding': 'gzip' })
  t.equal(large.headers['content-encoding'], 'gzip', 'one of them is large enough to tell')
})

t.test('the client and the build', async (t) => {
  t.test('aborts the build if the client disconnects before the response', async (t) => {
    const events = new EventEmitter()
    const aggregate = (_parameters: unknown, { signal }: BuildOptions) =>
      new Promise<never>((_resolve, reject) => {
        signal.addEventListener('abort', () => {
          reject(signal.reason)
          events.emit('ended', signal.reason)
        })
        events.emit('started', signal)
      })
    const { app, log } = await startServer(t, { aggregator: { aggregate } })
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo

    const started = once(events, 'started')
    const client = httpRequest({ port, host: '127.0.0.1', method: 'POST', path: '/aggregate' })
    client.on('error', () => {})
    client.end()
    const [signal] = await started
    t.notOk(signal.aborted)

    const ended = once(events, 'ended')
    client.destroy()
    const [reason] = await ended
    t.ok(reason instanceof TtaError)
    t.match(reason, { code: 'TTA_CANCELLED' })
    await app.close()
    t.match(
      log().filter(({ reqId }) => reqId),
      [
        { msg: 'job requested' },
        { method: 'POST', path: '/aggregate', msg: 'client disconnected before the response' },
      ],
    )
  })

  t.test('aborts nothing if the client disconnects after the response', async (t) => {
    const { app, calls, put } = await startServer(t)
    await put(documentOf('micro'))
    await app.listen({ port: 0, host: '127.0.0.1' })
    const { port } = app.server.address() as AddressInfo
    for (const path of ['/aggregate', '/graphs/micro?filter=a']) {
      const method = path === '/aggregate' ? 'POST' : 'GET'
      const client = httpRequest({ port, host: '127.0.0.1', method, path, agent: false })
      client.end()
      const [response] = await once(client, 'response')
      response.resume()
      await once(response, 'end')
      client.destroy()
    }
    await app.close()
    t.same(
      calls.map(({ signal }) => signal.aborted),
      [false, false],
    )
  })
})

t.test('the log', async (t) => {
  t.test('has one line per request and two per job, without queries and headers', async (t) => {
    const { app, log, rawLog } = await startServer(t)
    const headers = { authorization: 'Bearer s3cret', cookie: 'sid=s3cret', 'x-scope-orgid': 's3cret' }
    await app.inject({ url: '/graphs/micro?filter=s3cret', headers })
    await app.inject({ url: '/nowhere?token=s3cret', headers })
    await app.inject({ method: 'POST', url: '/aggregate', payload: { tag: 's3cret' }, headers })
    t.match(log(), [
      { level: 30, method: 'GET', path: '/graphs/micro', statusCode: 200, ms: Number },
      { level: 30, method: 'GET', path: '/nowhere', statusCode: 404 },
      { level: 30, msg: 'job requested', job: String },
      { level: 30, msg: 'job ended', job: String, graph: 'micro', origin: 'request', state: 'succeeded' },
      { level: 30, method: 'POST', path: '/aggregate', statusCode: 200 },
    ])
    t.equal(log().length, 5)
    t.equal(new Set(log().flatMap(({ reqId }) => reqId ?? [])).size, 3)
    t.equal(log()[2]?.job, log()[3]?.job, 'the job that the request asked for')
    t.notOk(rawLog().includes('s3cret'))
  })

  t.test('hides secret headers wherever an object with headers is logged', async (t) => {
    const lines: string[] = []
    const log = createLogger('info', { write: (line) => void lines.push(line) })
    const headers = { authorization: 's3cret', cookie: 's3cret', 'x-scope-orgid': 's3cret', accept: 'seen' }
    log.info({ headers }, 'bare')
    log.info({ request: { headers } }, 'nested')
    log.error({ err: Object.assign(new Error('x'), { options: { headers } }) }, 'error')
    t.notOk(lines.join('').includes('s3cret'))
    t.ok(lines[0]?.includes('seen'))
    t.equal(lines.length, 3)
  })

  t.test('describes errors with their causes, and stops at a cycle', async (t) => {
    const lines: string[] = []
    const log = createLogger('info', { write: (line) => void lines.push(line) })
    const inner = new Error('inner')
    const outer = new TtaError('TTA_TEMPO_UNAVAILABLE', 'outer', { cause: inner })
    inner.cause = outer
    log.warn({ err: outer, summary: summaryOf('micro').status }, 'x')
    t.match(JSON.parse(lines[0] ?? ''), {
      err: { type: 'TtaError', code: 'TTA_TEMPO_UNAVAILABLE', message: 'outer', cause: { message: 'inner' } },
    })
  })
})
