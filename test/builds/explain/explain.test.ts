import t from 'tap'
import { buildApp } from '../../../src/app.ts'
import { createExplainer } from '../../../src/builds/explain/explain.ts'
import { defaultConfig } from '../../../src/config/file/load.ts'
import type { Explanation } from '../../../src/model/explanation.ts'
import { live, setUp } from '../../support/aggregator-stand-ins.ts'
import type { TestSpan } from '../../support/graph/test-spans.ts'
import { hexSpan, hexTrace, startApp } from './apps.ts'

const root: TestSpan = { id: 1, service: 'web', name: 'op', kind: 'server' }
const client: TestSpan = { id: 2, parent: 1, service: 'web', name: 'op', kind: 'client' }
const pay: TestSpan = { id: 9, parent: 2, service: 'pay', name: 'op', kind: 'server' }

/** Each near miss as `rule count via`. */
const missesOf = ({ nearMisses }: Explanation) =>
  nearMisses.map(({ rule, count, via }) => [rule, count, ...via.map(({ node }) => node)].join(' '))

/** Builds both levels of the traces and explains two services. Tag nodes would have the same titles. */
async function explainWith(traces: TestSpan[][], source = 'web', target = 'pay', parameters: object = {}) {
  const { aggregator, store, source: traceSource } = setUp(traces)
  await aggregator.aggregate({ graph: 'g', level: 'both', useTagAsNode: false, ...parameters }, live())
  const explain = createExplainer({ source: traceSource, aggregator, deadlineSec: 60 })
  const ask = async (graph = 'g-services', from = source, to = target) => {
    const document = store.get(graph)
    if (!document) throw new Error(`no graph ${graph}`)
    return explain(document, { source: from, target: to }, live().signal)
  }
  return { ask, traceSource }
}

t.test('gives the row and the calls of an existing edge', async (t) => {
  const { ask } = await explainWith([[root, client, pay], [root, client, pay], [root]])
  const explanation = await ask()
  t.match(explanation, { edge: { count: 2 }, calls: { count: 2 }, nearMisses: [] })
  t.equal(explanation.verdict, 'web calls pay: 2 calls.')
  t.same(explanation.traces, { atBuild: 3, read: 3, withSource: 3, withTarget: 2, withBoth: 2 })
  t.same(explanation.calls.examples.map(({ traceId }) => traceId).sort(), [hexTrace(1), hexTrace(2)])
  t.match(explanation.calls.examples[0], {
    spanId: hexSpan(9),
    parentSpanId: hexSpan(2),
    service: 'pay',
    name: 'op',
    kind: 'server',
    durationMs: 10,
  })
  t.match(await ask('g', 'web/op', 'pay/op'), { edge: { count: 2 }, calls: { count: 2 } }, 'operations too')
})

t.test('names the near misses of each rule', async (t) => {
  const cart: TestSpan = { id: 5, parent: 2, service: 'cart', name: 'op', kind: 'server' }
  const topic = { 'messaging.destination.name': 'orders' }
  const seen: TestSpan[] = [root, client, pay]
  const cases: [rule: string, traces: TestSpan[][], operations?: string][] = [
    ['orphan 1', [[root, { ...pay, parent: 77 }]], 'orphan 1'],
    ['separate-roots 1', [[root, { ...pay, parent: undefined }]], 'separate-roots 1'],
    ['indirect 1 cart', [[root, client, cart, { ...pay, parent: 5 }]], 'indirect 1 cart/op'],
    [
      'other-caller 1 cart',
      [[root, { ...cart, parent: undefined }, { ...pay, parent: 5 }]],
      'other-caller 1 cart/op',
    ],
    [
      'reverse 1',
      [
        [
          { ...pay, parent: undefined },
          { ...root, parent: 9 },
        ],
      ],
      'reverse 1',
    ],
    ['without-service 1', [[root, { id: 4, name: 'proxy' }, { ...pay, parent: 4 }]], 'without-service 1'],
    ['unanswered-client 1', [[root, client], [{ ...pay, parent: undefined }]], 'unanswered-client 1'],
    ['cycle 2', [[root, { ...pay, parent: 8 }, { ...pay, id: 8, parent: 9 }]]],
    [
      'answered-elsewhere 1 cart',
      [[root, { ...client, peer: { 'peer.service': 'pay' } }, cart], [{ ...pay, parent: undefined }]],
    ],
    [
      'broker-between 1 orders',
      [
        [
          { id: 2, service: 'web', name: 'op', kind: 'producer', peer: topic },
          { ...pay, kind: 'consumer', peer: topic },
        ],
      ],
    ],
    ['unresolved-link 1', [[root], [{ ...pay, parent: undefined, kind: 'consumer', link: [77, 7] }]]],
    ['not-together 2', [[root], [{ ...pay, parent: undefined }]], 'not-together 2'],
    ['duplicate 1', [[...seen, pay]], 'duplicate 1'],
  ]
  for (const [rule, traces, atOperations] of cases) {
    const { ask } = await explainWith(traces)
    const explanation = await ask()
    t.ok(missesOf(explanation).includes(rule), `${rule}: ${missesOf(explanation)}`)
    const [name] = rule.split(' ')
    const found = explanation.nearMisses.find((miss) => miss.rule === name)
    t.equal(found?.examples.length, found?.count, 'an example of each span')
    t.notMatch(found?.meaning, /\b[ST]\b/, 'with the names of the nodes')
    if (!atOperations) continue
    const byOperation = missesOf(await ask('g', 'web/op', 'pay/op'))
    t.ok(byOperation.includes(atOperations), `operations, ${atOperations}: ${byOperation}`)
  }
})

t.test('explains linked messages: through a broker, direct, or from another producer', async (t) => {
  const sent: TestSpan = { id: 2, service: 'web', name: 'op', kind: 'producer' }
  const received: TestSpan = { ...pay, parent: undefined, kind: 'consumer', link: [1, 2] }
  const topic = { 'messaging.destination.name': 'orders' }
  const straight = await (await explainWith([[sent], [received]])).ask()
  t.match(straight, { edge: { count: 1 }, calls: { count: 1, examples: [{ spanId: hexSpan(9) }] } })
  const through = await (await explainWith([[{ ...sent, peer: topic }], [received]])).ask()
  t.match(missesOf(through), ['broker-between 1 orders'])
  const { ask } = await explainWith([[{ ...sent, service: 'cart' }], [received], [root]])
  t.match(missesOf(await ask()), ['other-caller 1 cart'])
})

t.test('explains peers and tag values', async (t) => {
  const db = { 'db.system': 'redis', 'server.address': 'redis-1' }
  const cart: TestSpan = { id: 5, parent: 2, service: 'cart', name: 'op', kind: 'server' }
  const query: TestSpan = { id: 6, parent: 5, service: 'cart', name: 'GET', kind: 'client', peer: db }
  const { ask } = await explainWith([[root, client, cart, query]], 'web', 'redis-1')
  t.match(missesOf(await ask()), ['indirect 1 cart'])
  t.match(await ask('g-services', 'cart', 'redis-1'), { calls: { count: 1 }, target: { role: 'database' } })

  const tagged = [{ ...root, tag: 'blue' }, client, cart]
  const { ask: askTag } = await explainWith([tagged], 'blue', 'web/op', {
    level: 'operation',
    useTagAsNode: true,
  })
  t.match(await askTag('g'), {
    calls: { count: 1, examples: [{ spanId: hexSpan(1) }] },
    source: { role: 'tag' },
  })
  t.match(missesOf(await askTag('g', 'blue', 'cart/op')), ['not-an-entry 1'])
})

t.test('explains calls of a node to itself', async (t) => {
  const { ask } = await explainWith([[root, client]])
  const explanation = await ask('g', 'web/op', 'web/op')
  t.equal(explanation.edge, null)
  t.ok(missesOf(explanation).includes('same-node 1'))
  t.match(explanation.verdict, /web\/op calls itself/)
})

t.test('warns when traces arrived or disappeared since the build', async (t) => {
  const { ask, traceSource } = await explainWith([[root], [{ ...pay, parent: undefined }]])
  traceSource.traces.push([root, client, pay])
  const more = await ask()
  t.match(more, { edge: null, calls: { count: 1 }, traces: { atBuild: 2, read: 3 } })
  t.match(more.verdict, /which arrived after the graph was built/)
  t.match(more.warnings, [/built from 2 traces; the source now has 3/])

  const { ask: askGone, traceSource: emptied } = await explainWith([[root, client, pay]])
  emptied.traces.length = 0
  const gone = await askGone()
  t.match(missesOf(gone), ['not-in-window 1'])
  t.match(gone.verdict, /The graph has an edge from web to pay, but no such call was found now/)
})

t.test('reads the window once for equal requests, and stops when the last caller has gone', async (t) => {
  const { ask, traceSource } = await explainWith([[root, client, pay]])
  await Promise.all([ask(), ask(), ask('g-services', 'web', 'pay')])
  t.equal(traceSource.reads.length, 2, 'the build and one more')
  const [built, read] = traceSource.reads.map(({ query }) => query)
  t.same(read?.window, built?.window)

  const { aggregator, store, source } = setUp([[root, client, pay]])
  await aggregator.aggregate({ graph: 'g', level: 'service' }, live())
  source.gate = new Promise(() => {})
  const explain = createExplainer({ source, aggregator, deadlineSec: 0.01 })
  const document = store.get('g')
  if (!document) throw new Error('no graph')
  const pair = { source: 'web', target: 'pay' }
  await t.rejects(explain(document, pair, live().signal), { code: 'TTA_DEADLINE' })
  const leaving = new AbortController()
  const left = createExplainer({ source, aggregator, deadlineSec: 60 })(document, pair, leaving.signal)
  leaving.abort(new Error('gone'))
  await t.rejects(left, { message: 'gone' })
  t.ok(source.reads.at(-1)?.signal.aborted, 'the read ends')
})

t.test('ends an explanation when the service shuts down', async (t) => {
  const { source } = setUp([[root, client, pay]])
  const { app, close } = await buildApp({ ...defaultConfig(), log: { level: 'silent' } }, { source })
  await app.inject({ method: 'POST', url: '/aggregate', payload: { graph: 'g', level: 'service' } })
  source.gate = new Promise(() => {})
  const asked = app.inject('/graphs/g/explain?source=web&target=pay')
  while (source.underWay === 0) await new Promise(setImmediate)
  const closed = close()
  const response = await asked
  t.equal(response.statusCode, 503)
  t.equal(response.json().code, 'TTA_CLOSING')
  await closed
})

t.test('warns when the build was truncated', async (t) => {
  const { aggregator, store, source } = setUp([[root, client, pay]], { report: { truncated: true } })
  await aggregator.aggregate({ graph: 'g', level: 'service' }, live())
  const document = store.get('g')
  if (!document) throw new Error('no graph')
  const explain = createExplainer({ source, aggregator, deadlineSec: 60 })
  const { warnings } = await explain(document, { source: 'web', target: 'pay' }, live().signal)
  t.match(warnings, [/may include traces that the graph lacks/])
})

t.test('suggests similar nodes when a node is unknown or ambiguous', async (t) => {
  const charge = { ...pay, name: 'charge' }
  const { build, get } = await startApp(t, [[root, client, charge, { ...pay, id: 10, name: 'refund' }]])
  await build({ graph: 'g', useTagAsNode: false })
  const explained = await get('/graphs/g/explain?source=web&target=pay/charge')
  t.match(explained, { status: 200, body: { edge: { count: 1 }, calls: { count: 1 }, graph: 'g' } })
  const ask = (query: string) => get(`/graphs/g/explain?${query}`)
  t.match(await ask('source=web&target=pay'), {
    status: 400,
    body: {
      errors: [{ field: 'target', value: 'pay', message: /2 have this title: pay\/charge, pay\/refund/ }],
    },
  })
  t.match(await ask('source=wbe&target=pay'), {
    status: 404,
    body: { code: 'TTA_NOT_FOUND', near: ['web/op'], errors: [{ field: 'source' }] },
  })
  t.match(await ask('source=nothing-like-it&target=pay'), { status: 404, body: { near: [] } })
  for (const query of [
    '',
    'source=web',
    'source=web&target=',
    'source=web&target=pay&limit=3',
    'source=a&source=b&target=c',
  ]) {
    const { status, body } = await ask(query)
    t.equal(status, 400, query)
    t.equal(body.code, 'TTA_BAD_REQUEST')
  }
  t.equal((await get('/graphs/none/explain?source=a&target=b')).status, 404)
})
