import { rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'libsql'
import t, { type Test } from 'tap'
import { buildApp } from '../../src/app.ts'
import { loadConfig } from '../../src/config/file/load.ts'
import { createLogger } from '../../src/operations/logger.ts'

const noonMs = Date.parse('2025-06-01T12:00:00Z')
const minuteMs = 60_000

/** A tta with embedded traces whose clock stands, and so many minutes after noon. */
async function start(t: Test, path: string | undefined) {
  const clock = { minutes: 0 }
  const config = loadConfig({ env: path === undefined ? {} : { TTA_HISTORY_PATH: path } })
  const now = () => noonMs + clock.minutes * minuteMs
  const { app, close } = await buildApp(config, { logger: createLogger('silent'), now })
  t.teardown(close)
  await app.ready()
  const get = async (url: string) => {
    const answer = await app.inject(url)
    return { status: answer.statusCode, body: answer.json(), headers: answer.headers }
  }
  let traces = 0
  /** Sends so many traces of one call each, `ms` long, and builds the last ten minutes. */
  const build = async (minutes: number, calls: number, more: object = {}, ms = 10) => {
    clock.minutes = minutes
    const startNs = BigInt(now() - minuteMs) * 1_000_000n
    const spans = Array.from({ length: calls }, () => ({
      traceId: String(++traces).padStart(32, '0'),
      spanId: '0000000000000001',
      name: 'GET /',
      kind: 2,
      startTimeUnixNano: String(startNs),
      endTimeUnixNano: String(startNs + BigInt(ms) * 1_000_000n),
    }))
    const attributes = [{ key: 'service.name', value: { stringValue: 'web' } }]
    const payload = { resourceSpans: [{ resource: { attributes }, scopeSpans: [{ spans }] }] }
    await app.inject({ method: 'POST', url: '/v1/traces', payload })
    const body = { searchFrom: 600, useTagAsNode: false, ...more }
    return (await app.inject({ method: 'POST', url: '/aggregate', payload: body })).json()
  }
  return { app, clock, get, build, close }
}

const countOf = (nodes: { count: number }[]) => nodes.map(({ count }) => count)

t.test('lists earlier builds and returns them unchanged', async (t) => {
  const path = join(t.testdir({}), 'history.db')
  const { get, build, clock, app, close } = await start(t, path)
  await build(0, 1)
  await build(20, 2)
  await build(40, 3)
  clock.minutes = 60

  const { status, body } = await get('/graphs/micro/history')
  t.equal(status, 200)
  t.match(body, {
    name: 'micro',
    builds: [
      { at: '2025-06-01T12:40:00.000Z', status: 'complete', nodes: 1, edges: 0 },
      { at: '2025-06-01T12:20:00.000Z', window: { from: '2025-06-01T12:10:00.000Z', seconds: 600 } },
      { at: '2025-06-01T12:00:00.000Z' },
    ],
  })
  const page = await get(`/graphs/micro/history?limit=1&before=${body.builds[0].at}`)
  t.same(page.body.builds, [body.builds[1]])
  t.same((await get('/graphs/micro/history?before=now-1h')).body.builds, [])

  t.same(countOf((await get('/graphs/micro')).body.nodes), [3])
  t.same(countOf((await get('/graphs/micro?at=2025-06-01T12:20:00Z')).body.nodes), [2])
  t.same(countOf((await get('/graphs/micro/nodes?at=now-21m')).body), [2])
  t.same((await get('/graphs/micro/edges?at=now-60m')).body, [])
  t.same(countOf((await get(`/micro/api/graph/data?at=${noonMs + 1}`)).body.nodes), [1])
  t.same(countOf((await get('/graphs/micro/nodes?at=2025-06-01T14:30:00+02:00')).body), [2])

  const none = await get('/graphs/micro?at=now-61m')
  t.match(none, {
    status: 404,
    body: { detail: /^Build of graph micro at 2025-06-01T11:59:00.000Z not found/ },
  })
  t.match(await get('/graphs/other?at=now'), { status: 404, body: { detail: /Graph other not found/ } })
  t.match(await get('/graphs/other/history'), { status: 404 })

  for (const [query, field] of [
    ['at=now&filter=web&level=service', 'at'],
    ['at=yesterday', 'at'],
  ]) {
    const wrong = await get(`/graphs/micro?${query}`)
    t.match(wrong, { status: 400, body: { errors: [{ field }] } }, `${query}`)
  }
  for (const [query, field] of [
    ['limit=0', 'limit'],
    ['before=1st', 'before'],
    ['page=2', 'page'],
  ])
    t.match(
      await get(`/graphs/micro/history?${query}`),
      { status: 400, body: { errors: [{ field }] } },
      `${query}`,
    )

  await t.test('has all builds again after a restart', async (t) => {
    await close()
    const { get, app, clock } = await start(t, path)
    clock.minutes = 60
    t.same(countOf((await get('/graphs/micro')).body.nodes), [3])
    t.equal((await get('/graphs')).body.graphs.length, 1)
    t.same((await get('/graphs/micro/history')).body, body)
    t.equal((await app.inject({ method: 'DELETE', url: '/graphs/micro' })).statusCode, 204)
    t.equal((await get('/graphs/micro/history')).status, 404)
    t.equal((await get('/graphs/micro?at=now')).status, 404)
  })
  t.ok(app)
})

t.test('has only the last build without a history file', async (t) => {
  const { get, build } = await start(t, undefined)
  await build(0, 1)
  await build(20, 2)
  t.same(
    (await get('/graphs/micro/history')).body.builds.map(({ at }: { at: string }) => at),
    ['2025-06-01T12:20:00.000Z'],
  )
  t.equal((await get('/graphs/micro?at=now-1m')).status, 404)
  t.equal((await get('/health/ready')).body.checks.length, 2)
})

t.test('keeps working if the history file cannot be used, and reports it', async (t) => {
  const path = join(t.testdir({}), 'history.db')
  const other = new Database(path)
  other.exec('CREATE TABLE x (y)')
  other.close()
  const { app, get, build } = await start(t, path)
  const said = /history is not available: the file is the database of another program/
  const summary = await build(0, 1)
  t.match(summary, { status: 'complete', warnings: [said] })
  t.same(countOf((await get('/graphs/micro')).body.nodes), [1])
  t.match(await get('/health/ready'), {
    status: 200,
    body: { ready: true, checks: [{}, {}, { kind: 'history', ok: false, reason: said }] },
  })
  t.match((await app.inject('/metrics')).body, /^tta_history_builds_total\{outcome="failed"\} 1$/m)
  t.match(await get('/graphs/micro/history'), { status: 503, body: { code: 'TTA_HISTORY_UNAVAILABLE' } })
  t.match(await get('/graphs/micro?at=now-1m'), { status: 503 }, 'not "no data"')
  t.match(await get('/graphs/micro?at=now'), { status: 200 })

  for (const suffix of ['', '-wal', '-shm']) rmSync(path + suffix, { force: true })
  writeFileSync(path, '')
  t.same((await build(1, 1)).warnings, [])
  t.match((await app.inject('/metrics')).body, /^tta_history_builds_total\{outcome="recorded"\} 1$/m)
})

t.test('compares the last build with an earlier one, or with a window that is built for it', async (t) => {
  const { get, build, clock } = await start(t, undefined)
  await build(0, 40)
  await build(30, 40, {}, 50)
  const answer = (query: string) => get(`/graphs/micro/diff?${query}`)

  const offset = (await answer('base=30m')).body
  t.match(offset, {
    name: 'micro',
    base: { from: 'source', window: { from: '2025-06-01T11:50:00.000Z', to: '2025-06-01T12:00:00.000Z' } },
    current: { from: 'history', builtAt: '2025-06-01T12:30:00.000Z', status: 'complete' },
    summary: { nodes: { slower: 1, new: 0, unchanged: 0 }, edges: { slower: 0 } },
    warnings: [],
    nodes: [
      {
        title: 'web',
        change: 'slower',
        significant: true,
        color: 'orange',
        meanMs: 50,
        baseMeanMs: 10,
        count: 40,
      },
    ],
  })
  t.same((await get('/graphs/micro/diff/nodes?base=30m')).body, offset.nodes)
  t.same((await get('/graphs/micro/diff/edges?base=30m')).body, [])
  const window = (await answer('base=2025-06-01T13:50:00+02:00,2025-06-01T12:00:00Z')).body
  t.same(window, offset)
  t.match((await answer('base=2h')).body, {
    base: { status: 'empty' },
    nodes: [{ change: 'new', significant: true }],
    warnings: ['The base is empty.'],
  })
  t.match((await answer('base=now')).body, { warnings: ['Base and current are the same build.'] })
  t.match(await answer('base=now-1h'), {
    status: 404,
    body: { detail: /Build of graph micro at .* not found/ },
  })
  t.equal((await get('/graphs/other/diff?base=1d')).status, 404)
  for (const wrong of [
    '',
    'base=',
    'base=1x',
    'base=now,',
    'base=now-1h,now,now',
    'base=0d',
    'base=99999999w',
    'from=now-1h&base=1d',
  ])
    t.equal((await answer(wrong)).status, 400, wrong)

  const compared = await build(30, 1, { compare: '30m' })
  t.match(compared.comparison, {
    base: { from: 'source', status: 'complete', window: { to: '2025-06-01T12:00:00.000Z' } },
    nodes: { slower: 1, new: 0 },
    edges: { unchanged: 0 },
    warnings: [],
  })
  t.match((await get('/graphs/micro')).body.summary, { comparison: compared.comparison })
  t.match(await build(30, 1, { compare: 'yesterday' }), { status: 400, errors: [{ field: 'compare' }] })
  t.match(await answer('compare=1d&base=1d'), { status: 400 })
  clock.minutes = 31
  t.match(await answer('base=now,now-1h'), { status: 400, body: { code: 'TTA_BAD_REQUEST' } })
})

t.test('compares with a stored build and its parameters unchanged', async (t) => {
  const { get, build } = await start(t, join(t.testdir({}), 'history.db'))
  await build(0, 40)
  await build(60, 40, { traceThresholdMs: 5 }, 50)
  await build(61, 1)
  const { body } = await get('/graphs/micro/diff?base=now-30m&at=now-1m')
  t.match(body, {
    base: { from: 'history', builtAt: '2025-06-01T12:00:00.000Z' },
    current: { builtAt: '2025-06-01T13:00:00.000Z' },
    nodes: [{ change: 'slower', baseMeanMs: 10 }],
    warnings: ['The two graphs were built with different parameters: traceThresholdMs.'],
  })
  const byOffset = (await get('/graphs/micro/diff?base=1h')).body
  t.equal(byOffset.base.from, 'history', 'its window is an hour earlier, but for a minute')
})
