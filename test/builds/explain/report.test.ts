import t from 'tap'
import { reportOf } from '../../../src/builds/explain/report.ts'
import type { GraphReport } from '../../../src/model/graph-report.ts'
import { setUp } from '../../support/aggregator-stand-ins.ts'
import type { TestSpan } from '../../support/graph/test-spans.ts'
import { documentOf } from '../../support/server-stand-ins.ts'
import { hexTrace, startApp } from './apps.ts'

const web: TestSpan = { id: 1, service: 'web', name: 'GET /', kind: 'server' }
const cart: TestSpan = { id: 2, parent: 1, service: 'cart', name: 'get', kind: 'server' }
const traces: TestSpan[][] = [
  [web, cart],
  [web, { ...cart, parent: 9 }],
  [web, cart, cart],
  [web, { id: 5, parent: 1, name: 'proxy' }, { ...cart, parent: 5 }],
  [web, { ...cart, skewed: true }],
  [web, { id: 3, service: 'mail', name: 'receive', kind: 'consumer', link: [77, 7] }],
]

/** Each finding as `kind count`, with a ! for a warning. */
const found = ({ findings }: GraphReport) =>
  findings
    .filter(({ count }) => count !== 0)
    .map(({ kind, count, severity }) => `${kind} ${count}${severity === 'warning' ? '!' : ''}`)
const examplesOf = ({ findings }: GraphReport, kind: string) =>
  findings.find((finding) => finding.kind === kind)?.examples

t.test('counts every kind of finding and names traces', async (t) => {
  const { build, get } = await startApp(t, traces)
  await build({ graph: 'shop', level: 'both' })
  const { status, body } = await get('/graphs/shop/report')
  t.equal(status, 200)
  t.same(body.unavailable, [])
  t.same(found(body), [
    'traces 6',
    'spans 14',
    'orphans 1!',
    'duplicates 1',
    'withoutService 1!',
    'skewed 1!',
  ])
  t.same(examplesOf(body, 'orphans'), [hexTrace(2)])
  t.same(examplesOf(body, 'duplicates'), [hexTrace(3)])
  t.same(examplesOf(body, 'withoutService'), [hexTrace(4)])
  t.same(examplesOf(body, 'skewed'), [hexTrace(5)])
  t.equal(
    body.verdict,
    'All traces of the window were read. Problems: 1 span with a missing parent, 1 span without service.name, ' +
      '1 span with an end before the start.',
  )
  t.ok(body.findings.every(({ meaning, effect }: { meaning: string; effect: string }) => meaning && effect))

  const services = (await get('/graphs/shop-services/report')).body
  t.equal(services.graph, 'shop-services')
  t.ok(found(services).includes('unresolvedLinks 1!'), 'the service level has links')
  t.same(examplesOf(services, 'orphans'), [hexTrace(2)])
})

t.test('names the services whose clocks differ', async (t) => {
  const now = 0
  const client: TestSpan = {
    id: 3,
    parent: 1,
    service: 'web',
    name: 'POST',
    kind: 'client',
    startMs: now + 70,
  }
  const server: TestSpan = {
    id: 4,
    parent: 3,
    service: 'jobs',
    name: 'job',
    kind: 'server',
    startMs: now + 71,
  }
  const root = { ...web, startMs: now, durationMs: 100 }
  const late = { ...server, startMs: now + 9 }
  const { build, get, store } = await startApp(t, [
    [root, client, server],
    [root, client, late],
    [root, client, server],
  ])
  await build({ graph: 'shop', level: 'both' })
  const { findings, verdict } = (await get('/graphs/shop-services/report')).body as GraphReport
  const finding = findings.find(({ kind }) => kind === 'clockOffsets')
  t.match(finding, { count: 1, unit: 'calls', severity: 'info', examples: [hexTrace(2)] })
  t.match(finding?.offsets, [
    { client: 'web', server: 'jobs', share: 0.333333, early: 1, traceId: hexTrace(2) },
  ])
  t.ok(Math.abs((finding?.offsets?.[0]?.medianMs ?? 0) - 61) < 0.61)
  t.match(verdict, /no problems were found/)
  const operations = (await get('/graphs/shop/report')).body as GraphReport
  t.match(
    operations.findings.find(({ kind }) => kind === 'clockOffsets'),
    { count: 0, offsets: [] },
  )
  t.ok(store.get('shop-services')?.clockOffsets)
  t.notOk('clockOffsets' in (await get('/graphs/shop-services')).body, 'only the report sends them')
})

t.test('sends examples with the report only', async (t) => {
  const { build, get, store } = await startApp(t, traces)
  const summary = await build({ graph: 'shop' })
  t.notOk('traceExamples' in summary)
  for (const path of ['/graphs/shop', '/graphs/shop?from=now-1h', '/shop/api/graph/data', '/graphs']) {
    t.notOk(JSON.stringify((await get(path)).body).includes(hexTrace(2)), path)
  }
  t.ok(store.get('shop')?.traceExamples)
})

t.test(
  'reports on a graph that is built for the request, and answers 404 for an unknown graph',
  async (t) => {
    const { get } = await startApp(t, traces)
    t.match((await get('/graphs/shop/report?from=now-1h&filter=mail')).body.verdict, /no problems were found/)
    const none = await get('/graphs/shop/report')
    t.equal(none.status, 404)
    t.equal(none.body.code, 'TTA_NOT_FOUND')
    t.equal((await get('/graphs/shop/report?limt=1')).status, 400)
  },
)

t.test('reports traces that the source could not read', async (t) => {
  const { aggregator, store } = setUp([[web]], {
    report: { truncated: true, incomplete: 2, incompleteTraceIds: [hexTrace(8), hexTrace(9)] },
  })
  await aggregator.aggregate({ graph: 'shop' }, { signal: new AbortController().signal })
  const report = reportOf(store.get('shop') as NonNullable<ReturnType<typeof store.get>>)
  t.match(found(report), [
    'traces 1',
    'spans 1',
    'outsideWindow 4',
    'truncated null!',
    'suspects 5',
    'repaired 6',
  ])
  t.same(examplesOf(report, 'incomplete'), [hexTrace(8), hexTrace(9)])
  t.equal(
    report.verdict,
    'Traces of the window are missing. Problems: some traces not read, 2 traces incomplete.',
  )
})

t.test('reports on a graph that was stored without examples', async (t) => {
  const { verdict, findings } = reportOf(documentOf('old'))
  t.equal(verdict, 'All traces of the window were read, and no problems were found.')
  t.ok(findings.every(({ examples }) => examples.length === 0))
})
