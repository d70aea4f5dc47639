import { createHash } from 'node:crypto'
import { once } from 'node:events'
import { get, request as httpRequest } from 'node:http'
import type { AddressInfo } from 'node:net'
import t, { type Test } from 'tap'
import { TtaError } from '../../src/base/errors.ts'
import type { BuildOptions } from '../../src/builds/aggregation/aggregator.ts'
import type { AccessToken } from '../../src/config/checks/access-tokens.ts'
import { AcceptedTokens } from '../../src/http/access/token-check.ts'
import { eventStream } from '../../src/http/reply/event-stream.ts'
import { readPrefer } from '../../src/http/request/client-wait.ts'
import type { Job } from '../../src/model/job.ts'
import type { AggregationSummary } from '../../src/model/summary.ts'
import { startServer, summaryOf, tempoDown } from '../support/server-stand-ins.ts'

interface Build extends BuildOptions {
  succeed(): void
  fail(error: TtaError): void
}

/** The API over builds that end when the test says so, or their signal. */
async function setUp(t: Test, options: { tokens?: AcceptedTokens } = {}) {
  const builds: Build[] = []
  const aggregate = ({ graph = 'micro' }, options: BuildOptions) =>
    new Promise<AggregationSummary>((resolve, reject) => {
      options.onStart?.()
      options.signal.addEventListener('abort', () => reject(options.signal.reason), { once: true })
      builds.push({ ...options, succeed: () => resolve(summaryOf(graph)), fail: reject })
    })
  const server = await startServer(t, { aggregator: { aggregate }, ...options })
  // Fastify injects only what is waited for; this begins at once.
  const post = async (payload: object, prefer?: string) =>
    await server.app.inject({ method: 'POST', url: '/aggregate', payload, headers: prefer ? { prefer } : {} })
  /** So many lines of that text are in the log. */
  const logged = async (line: string, count: number) => {
    while (server.log().filter(({ msg }) => msg === line).length < count) await new Promise(setImmediate)
  }
  const asked = (count: number) => logged('job requested', count)
  const left = (count: number) => logged('client disconnected before the response', count)
  const listen = async () => {
    await server.app.listen({ port: 0, host: '127.0.0.1' })
    return (server.app.server.address() as AddressInfo).port
  }
  return { ...server, builds, post, asked, left, listen }
}

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex')

const progress = { fraction: 0.5, slices: 1, traces: 2, spans: 3, requests: 4 }
const unknown = '00000000-0000-4000-8000-000000000000'

t.test('reads the Prefer header', async (t) => {
  const cases: [header: string | undefined, waitSec: number, applied: string | undefined][] = [
    [undefined, 25, undefined],
    ['', 25, undefined],
    ['respond-async', 0, 'respond-async'],
    ['Respond-Async ; foo=bar', 0, 'respond-async'],
    ['wait=20', 20, 'wait=20'],
    ['wait = "7"', 7, 'wait=7'],
    ['respond-async, wait=10', 10, 'wait=10'],
    ['wait=0', 0, 'wait=0'],
    ['wait=1, wait=2', 1, 'wait=1'],
    ['wait=999999999', 86_400, 'wait=86400'],
    ['wait=soon, handling=lenient', 25, undefined],
    ['return=minimal', 25, undefined],
  ]
  for (const [header, waitSec, applied] of cases)
    t.same(readPrefer(header), { waitSec, applied }, String(header))
})

t.test('answers POST /aggregate with 202 and the job without a wait, or after it', async (t) => {
  const { app, builds, post, asked } = await setUp(t)
  const started = await post({ graph: 'shop', limit: 5 }, 'respond-async')
  t.equal(started.statusCode, 202)
  const job = started.json<Job>()
  t.match(job, {
    graph: 'shop',
    origin: 'request',
    state: 'running',
    parameters: { graph: 'shop', limit: 5 },
  })
  t.match(started.headers, {
    location: `/jobs/${job.id}`,
    'preference-applied': 'respond-async',
    vary: 'prefer',
  })

  const joined = await post({ limit: 5, graph: 'shop' }, 'wait=1')
  t.equal(joined.statusCode, 202)
  t.equal(joined.headers['preference-applied'], 'wait=1')
  t.equal(joined.json().id, job.id, 'the same job')
  t.equal(builds.length, 1)

  const last = post({ graph: 'shop', limit: 5 })
  await asked(3)
  builds[0]?.onProgress?.(progress)
  t.same((await app.inject(`/jobs/${job.id}`)).json().progress, progress)
  builds[0]?.succeed()
  const finished = await last
  t.equal(finished.statusCode, 200)
  t.same(finished.json(), summaryOf('shop'))
  t.notOk('preference-applied' in finished.headers)
  const ended = (await app.inject(`/jobs/${job.id}`)).json<Job>()
  t.match(ended, { state: 'succeeded', finishedAt: String, progress })
  t.same(ended.summary, summaryOf('shop'))
})

t.test('sends the problem of a failed build to the waiting client, and keeps it in the job', async (t) => {
  const { app, builds, post, asked } = await setUp(t)
  const { id } = (await post({}, 'respond-async')).json<Job>()
  const waiting = post({})
  await asked(2)
  builds[0]?.fail(new TtaError('TTA_SINK_FAILED', 'not stored', { details: { summary: summaryOf('micro') } }))
  const answer = await waiting
  t.equal(answer.statusCode, 503)
  t.match(answer.json(), { code: 'TTA_SINK_FAILED', summary: summaryOf('micro') })
  const { state, problem } = (await app.inject(`/jobs/${id}`)).json<Job>()
  t.equal(state, 'failed')
  t.same({ ...problem, instance: '' }, { ...answer.json(), instance: '' })
  t.equal(problem?.instance, `/jobs/${id}`)

  await post({}, 'respond-async')
  builds[1]?.fail(tempoDown())
  await new Promise(setImmediate)
  const { body } = await app.inject('/jobs?state=failed')
  t.equal(JSON.parse(body).jobs.length, 2)
  t.notOk(body.includes('s3cret') || body.includes('ECONNREFUSED'), 'the cause stays in the log')
})

t.test('cancels the job of a disconnected client, unless another client shares it', async (t) => {
  const { builds, jobs, post, asked, left, listen } = await setUp(t)
  const port = await listen()
  const client = () => {
    const request = httpRequest({ port, host: '127.0.0.1', method: 'POST', path: '/aggregate', agent: false })
    request.on('error', () => {}).end()
    return request
  }
  const alone = client()
  while (builds.length < 1) await new Promise(setImmediate)
  const { id = '' } = jobs.list()[0] ?? {}
  alone.destroy()
  t.match(await jobs.ended(id, AbortSignal.timeout(5000)), { state: 'cancelled' })

  const leaving = client()
  while (builds.length < 2) await new Promise(setImmediate)
  const staying = post({})
  await asked(3)
  leaving.destroy()
  await left(2)
  t.equal(builds[1]?.signal.aborted, false)
  builds[1]?.succeed()
  t.equal((await staying).statusCode, 200)
})

t.test('answers a full queue with 429 and Retry-After', async (t) => {
  const aggregate = () => new Promise<never>(() => {})
  const { app } = await startServer(t, { aggregator: { aggregate } })
  const post = (graph: string) =>
    app.inject({
      method: 'POST',
      url: '/aggregate',
      payload: { graph },
      headers: { prefer: 'respond-async' },
    })
  t.equal((await post('a')).statusCode, 202)
  t.equal((await post('b')).statusCode, 202)
  const refused = await post('c')
  t.equal(refused.statusCode, 429)
  t.equal(refused.headers['retry-after'], '1')
  t.match(refused.json(), { code: 'TTA_QUEUE_FULL', retryAfterSec: 1 })
})

t.test('lists jobs, newest first, by graph and by state', async (t) => {
  const { app, builds, post } = await setUp(t)
  for (const graph of ['a', 'b', 'c']) await post({ graph }, 'respond-async')
  builds[1]?.succeed()
  await new Promise(setImmediate)
  const list = async (query = '') =>
    (await app.inject(`/jobs${query}`)).json<{ jobs: Job[] }>().jobs.map(({ graph }) => graph)
  t.same(await list(), ['c', 'b', 'a'])
  t.same(await list('?graph=a'), ['a'])
  t.same(await list('?state=running'), ['c', 'a'])
  t.same(await list('?state=succeeded&graph=a'), [])
  const wrong = await app.inject('/jobs?state=done&limit=3')
  t.equal(wrong.statusCode, 400)
  t.match(wrong.json().errors, [{ field: 'limit' }, { field: 'state', value: 'done', message: /"queued"/ }])
})

t.test('cancels a job within a second, and only once', async (t) => {
  const { app, builds, post, asked } = await setUp(t)
  const { id } = (await post({}, 'respond-async')).json<Job>()
  const waiting = post({})
  await asked(2)
  const cancelled = await app.inject({ method: 'DELETE', url: `/jobs/${id}` })
  t.equal(cancelled.statusCode, 200)
  t.match(cancelled.json(), { id, state: 'cancelled', problem: { code: 'TTA_CANCELLED' } })
  t.equal(builds[0]?.signal.aborted, true)
  t.match((await waiting).json(), { code: 'TTA_CANCELLED' }, 'the waiting client gets the error')
  const again = await app.inject({ method: 'DELETE', url: `/jobs/${id}` })
  t.equal(again.statusCode, 409)
  t.match(again.json(), { code: 'TTA_JOB_ENDED', detail: `Job ${id} has already ended: cancelled` })
})

t.test('answers 202 for a job that takes longer to end', async (t) => {
  let resolve = (_summary: AggregationSummary) => {}
  const promise = new Promise<AggregationSummary>((done) => {
    resolve = done
  })
  const { app, jobs } = await startServer(t, { aggregator: { aggregate: () => promise } })
  const { id } = jobs.submit({}, 'schedule')
  const answer = await app.inject({ method: 'DELETE', url: `/jobs/${id}` })
  t.equal(answer.statusCode, 202)
  t.match(answer.json(), { id, state: 'queued' })
  resolve(summaryOf('micro'))
  t.match(await jobs.ended(id, AbortSignal.timeout(5000)), { state: 'succeeded' }, 'its end came first')
})

t.test('answers an unknown job with 404, and an invalid id with 400', async (t) => {
  const { app } = await setUp(t)
  for (const [method, url] of [
    ['GET', `/jobs/${unknown}`],
    ['GET', `/jobs/${unknown}/events`],
    ['DELETE', `/jobs/${unknown}`],
  ] as const) {
    t.match((await app.inject({ method, url })).json(), { status: 404, code: 'TTA_NOT_FOUND' })
  }
  t.match((await app.inject('/jobs/x')).json(), { status: 400, errors: [{ field: 'id' }] })
  const headers = { 'last-event-id': 'x' }
  const wrong = await app.inject({ url: `/jobs/${unknown}/events`, headers })
  t.match(wrong.json(), { status: 400, errors: [{ field: 'last-event-id', value: 'x' }] })
})

t.test('streams every state of a job, ends with the job, and can be resumed', async (t) => {
  const { app, builds, post, listen } = await setUp(t)
  const port = await listen()
  const { id } = (await post({}, 'respond-async')).json<Job>()
  const first = await follow(port, id)
  t.match(first.headers, { 'content-type': /^text\/event-stream/, 'cache-control': 'no-store' })
  await first.until(2)
  t.same(first.told(), ['1 queued', '2 running'])
  first.leave()

  builds[0]?.onProgress?.(progress)
  const second = await follow(port, id, 2)
  await second.until(1)
  t.same(second.told(), ['3 progress'], 'only what was missed')
  t.same(second.events[0]?.job.progress, progress)
  builds[0]?.succeed()
  await second.ended
  t.same(second.told(), ['3 progress', '4 succeeded'])
  t.same(second.events[1]?.job, (await app.inject(`/jobs/${id}`)).json())

  const whole = await app.inject(`/jobs/${id}/events`)
  t.equal(whole.statusCode, 200)
  t.same(whole.body.match(/^id: .*$/gm), ['id: 1', 'id: 2', 'id: 3', 'id: 4'])
  t.match(whole.body, /^retry: 2000\n\n/)
  const nothing = await app.inject({ url: `/jobs/${id}/events`, headers: { 'last-event-id': '4' } })
  t.equal(nothing.statusCode, 204, 'a browser then comes no more')
})

t.test('ends a stream of events when a reload takes its token away', async (t) => {
  const of = (name: string): AccessToken => ({ name, sha256: sha256(name), scopes: ['read', 'write'] })
  const tokens = new AcceptedTokens([of('mine'), of('other')])
  const { listen, jobs, builds } = await setUp(t, { tokens })
  const port = await listen()
  const { id } = jobs.submit({}, 'request')
  const mine = await follow(port, id, undefined, { authorization: 'Bearer mine' })
  const other = await follow(port, id, undefined, { authorization: 'Bearer other' })
  await Promise.all([mine.until(2), other.until(2)])
  tokens.replace([{ ...of('mine'), scopes: ['webhook'] }, of('other')])
  await mine.ended
  builds[0]?.succeed()
  await other.ended
  t.same(mine.told(), ['1 queued', '2 running'])
  t.same(other.told(), ['1 queued', '2 running', '3 succeeded'])
})

t.test('sends heartbeats while nothing happens', async (t) => {
  const { jobs } = await setUp(t)
  const { id } = jobs.submit({}, 'request')
  const stream = eventStream(jobs, id, { after: 2, heartbeatMs: 1 })
  for await (const chunk of stream ?? []) {
    if (String(chunk).includes(': heartbeat\n\n')) break
  }
  t.equal(stream?.destroyed, true, 'a client that has gone is not written to')
  await jobs.cancel(id)
})

/** A client of server-sent events. */
async function follow(port: number, id: string, after?: number, own: Record<string, string> = {}) {
  const headers = after === undefined ? own : { ...own, 'last-event-id': String(after) }
  const request = get({ port, host: '127.0.0.1', path: `/jobs/${id}/events`, headers, agent: false })
  const [response] = await once(request, 'response')
  const events: { id: number; type: string; job: Job }[] = []
  let text = ''
  response.setEncoding('utf8').on('data', (chunk: string) => {
    text += chunk
    const blocks = text.split('\n\n')
    text = blocks.pop() ?? ''
    for (const block of blocks) {
      const [, sequence, type = '', data = ''] = /^id: (\d+)\nevent: (\w+)\ndata: (.*)$/.exec(block) ?? []
      if (sequence) events.push({ id: Number(sequence), type, job: JSON.parse(data) })
    }
  })
  const told = () => events.map(({ id, type, job }) => `${id} ${type === 'state' ? job.state : type}`)
  const until = async (count: number) => {
    while (events.length < count) await once(response, 'data')
  }
  const ended = once(response, 'end')
  ended.catch(() => {})
  return { headers: response.headers, events, told, until, ended, leave: () => request.destroy() }
}
