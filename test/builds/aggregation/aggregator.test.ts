import t from 'tap'
import { TtaError } from '../../../src/base/errors.ts'
import { defaultParameters } from '../../../src/model/parameters.ts'
import type { AggregationSummary } from '../../../src/model/summary.ts'
import { gate, live, newSource, nowMs, setUp } from '../../support/aggregator-stand-ins.ts'

const traces = [
  [
    { id: 1, service: 'front', name: 'GET /', durationMs: 50, tag: 'front' },
    { id: 2, parent: 1, service: 'back', name: 'work', durationMs: 20, tag: 'back' },
    {
      id: 3,
      parent: 1,
      service: 'back',
      name: 'work',
      durationMs: 10,
      status: 'error' as const,
      tag: 'back',
    },
  ],
  [
    { id: 1, parent: 9, service: 'back', name: 'work', durationMs: 30, tag: 'back' },
    { id: 2, name: 'nameless' },
    { id: 2, name: 'nameless' },
  ],
]

/** The error a promise rejects with. */
async function failure(promise: Promise<unknown>): Promise<TtaError> {
  const error = await promise.then(
    () => new Error('it did not fail'),
    (reason) => reason as unknown,
  )
  if (error instanceof TtaError) return error
  throw error
}

t.test('warns about calls whose two sides contradict each other', async (t) => {
  const client = { id: 1, service: 'front', name: 'GET', kind: 'client' as const, durationMs: 10 }
  const server = { id: 2, parent: 1, service: 'back', name: 'work', kind: 'server' as const, durationMs: 11 }
  const { aggregator } = setUp([[client, server]])
  for (const level of ['operation', 'service'] as const) {
    const { warnings } = await aggregator.aggregate({ level, useTagAsNode: false }, live())
    t.same(warnings, [
      '1 span longer than the client span, or started before the producer ended: excluded from the mean gap.',
    ])
  }
})

t.test('reports parameters, read, graph and sinks in the summary', async (t) => {
  const { aggregator, store, sinks } = setUp(traces)
  const summary = await aggregator.aggregate({ searchFrom: 100, useTagAsNode: false }, live())
  const { phasesMs, ...rest } = summary
  t.match(rest, {
    graph: 'shop',
    status: 'complete',
    builtAt: '2025-06-01T10:00:00.000Z',
    window: { from: '2025-06-01T09:58:20.000Z', to: '2025-06-01T10:00:00.000Z', seconds: 100 },
    source: 'embedded',
    traceql: '{ }',
    parameters: { graph: 'shop', searchFrom: 100, useTagAsNode: false, tag: 'service.name' },
    read: {
      traces: 2,
      spans: 6,
      slices: 2,
      requests: 3,
      retries: 1,
      bytes: 1000,
      outsideWindow: 4,
      suspects: 5,
    },
    spans: {
      counted: 4,
      duplicates: 1,
      withoutService: 1,
      roots: 1,
      orphans: 1,
      selfCalls: 0,
      edgeCalls: 2,
      cycles: 0,
    },
    built: { nodes: 2, edges: 1 },
  })
  t.same(
    rest.sinks.map(({ sink, state, verified }) => [sink, state, verified]),
    [
      ['first', 'stored', true],
      ['second', 'stored', true],
      ['embedded', 'stored', true],
    ],
  )
  t.same(rest.warnings, [
    '1 span without service.name: not on any node.',
    '1 span with a parent that never arrived: no edge shows the call.',
  ])
  for (const ms of Object.values(phasesMs)) t.ok(ms >= 0)
  t.ok(phasesMs.total >= phasesMs.publish)
  const document = store.get('shop')
  t.same(document?.summary, summary, 'readers see the summary that the caller gets')
  const [sent] = sinks[0].documents
  t.equal(sent?.nodes, document?.nodes)
  t.same(sent?.summary.sinks, [], 'the document of a sink does not change afterwards')
  t.same(
    document?.nodes
      .map(({ title, count, failed, slow, meanMs, perSec }) => [title, count, failed, slow, meanMs, perSec])
      .sort(),
    [
      ['back', 3, 1, 0, 20, 0.03],
      ['front', 1, 0, 1, 50, 0.01],
    ],
  )
})

t.test('runs equal previews as one read, and gives each caller the result', async (t) => {
  const { aggregator, source } = setUp(traces)
  const { promise, open } = gate()
  source.gate = promise
  const progress: number[] = []
  const onProgress = () => void progress.push(1)
  const asked = [{ filter: 'b' }, { filter: 'b', graph: 'shop' }, { graph: 'shop', filter: 'b' }]
  const results = asked.map((parameters) => aggregator.preview(parameters, { ...live(), onProgress }))
  open()
  const [first, ...others] = await Promise.all(results)
  for (const other of others) t.equal(other, first)
  t.equal(source.reads.length, 1)
  await aggregator.preview({ filter: 'b' }, live())
  t.equal(source.reads.length, 2, 'an ended preview is not shared')
})

t.test('ends a shared preview only when its last caller has gone', async (t) => {
  const { aggregator, source } = setUp(traces)
  const { promise, open } = gate()
  source.gate = promise
  const [a, b] = [new AbortController(), new AbortController()]
  const first = failure(aggregator.preview({}, { signal: a.signal }))
  const second = aggregator.preview({}, { signal: b.signal })
  const gone = new TtaError('TTA_CANCELLED', 'gone')
  a.abort(gone)
  t.equal(await first, gone)
  t.equal(source.reads[0]?.signal.aborted, false)
  open()
  t.match(await second, { summary: { status: 'complete' } })

  source.gate = gate().promise
  const left = [new AbortController(), new AbortController()] as const
  const both = left.map(({ signal }) => failure(aggregator.preview({ limit: 1 }, { signal })))
  left[0].abort(gone)
  left[1].abort(gone)
  t.same(await Promise.all(both), [gone, gone])
  t.equal(source.reads.at(-1)?.signal.aborted, true)
  source.gate = undefined
  const anew = await aggregator.preview({ limit: 1 }, live())
  t.match(anew, { summary: { status: 'complete' } }, 'the next caller starts a new read')
  const before = source.reads.length
  t.equal(await failure(aggregator.preview({}, { signal: AbortSignal.abort(gone) })), gone)
  t.equal(source.reads.length, before)
})

t.test('limits the previews that run and that wait, and refuses further ones', async (t) => {
  const { aggregator, source } = setUp(traces)
  const { promise, open } = gate()
  source.gate = promise
  const taken = [1, 2, 3].map((limit) => aggregator.preview({ limit }, live()))
  const error = await failure(aggregator.preview({ limit: 4 }, live()))
  t.match(error, { code: 'TTA_QUEUE_FULL', statusCode: 429, details: { retryAfterSec: 5 } })
  t.equal(source.reads.length, 2)
  open()
  t.equal((await Promise.all(taken)).length, 3)
  t.equal(source.most, 2)
})

t.test('builds one graph at a time, and different graphs in parallel', async (t) => {
  const { aggregator, source, sinks } = setUp(traces)
  const { promise, open } = gate()
  source.gate = promise
  const started: number[] = []
  const same = [1, 2, 3].map((limit) =>
    aggregator.aggregate({ limit }, { ...live(), onStart: () => void started.push(limit) }),
  )
  const other = aggregator.aggregate({ graph: 'other' }, live())
  const preview = aggregator.preview({ limit: 9 }, live())
  while (source.reads.length < 3) await new Promise((resolve) => setImmediate(resolve))
  t.same(
    source.reads.map(({ query }) => query.limit).sort(),
    [1, 100_000, 9],
    'one of the three, the other, the preview',
  )
  t.same(started, [1])
  open()
  await Promise.all([...same, other, preview])
  t.same(started, [1, 2, 3])
  const written = sinks[0].documents.filter(({ name }) => name === 'shop')
  t.same(
    written.map(({ summary }) => summary.parameters.limit),
    [1, 2, 3],
    'in the order of the requests',
  )
})

t.test('locks both graphs while it builds at level both', async (t) => {
  const { aggregator, source } = setUp(traces)
  const { promise, open } = gate()
  source.gate = promise
  const both = aggregator.aggregate({ level: 'both' }, live())
  const services = aggregator.aggregate({ graph: 'shop-services', level: 'service' }, live())
  t.equal(source.reads.length, 1)
  open()
  await Promise.all([both, services])
  t.equal(source.most, 1)
})

t.test('applies the deadline to a running build and to a waiting preview', async (t) => {
  const { aggregator, source, store } = setUp(traces, { deadlineSec: 0.05 })
  source.gate = gate().promise
  const reading = failure(aggregator.aggregate({}, live()))
  const waiting = failure(aggregator.aggregate({ limit: 5 }, live()))
  const previewing = [1, 2, 3].map((limit) => failure(aggregator.preview({ limit }, live())))
  for (const error of await Promise.all([reading, waiting, ...previewing])) {
    t.match(error, { code: 'TTA_DEADLINE', statusCode: 504, message: /build\.deadline_sec \(0\.05 s\)/ })
  }
  t.equal(source.underWay, 0, 'the reads were aborted')
  t.equal(store.get('shop'), undefined)
  source.gate = undefined
  t.match(await aggregator.aggregate({}, live()), { status: 'complete' }, 'the next build can start')
})

t.test('leaves store and sinks unchanged when the source fails', async (t) => {
  const { aggregator, source, store, sinks } = setUp(traces)
  await aggregator.aggregate({}, live())
  const good = store.get('shop')
  const broken = new TtaError('TTA_TEMPO_UNAVAILABLE', 'Tempo cannot be reached')
  source.failure = broken
  t.equal(await failure(aggregator.aggregate({}, live())), broken)
  t.equal(await failure(aggregator.preview({}, live())), broken)
  t.equal(store.get('shop'), good)
  t.same(
    sinks.map(({ documents }) => documents.length),
    [1, 1],
  )
})

t.test('answers 503 with the summary when a sink fails, and keeps the last good graph', async (t) => {
  for (const state of ['restored', 'failed'] as const) {
    const { aggregator, store, sinks } = setUp(traces)
    await aggregator.aggregate({}, live())
    const good = store.get('shop')
    sinks[0].report = {
      state,
      verified: state === 'restored',
      attempts: 3,
      reason: 'it lied',
      warnings: ['lies'],
    }
    const error = await failure(aggregator.aggregate({}, live()))
    t.match(error, { code: 'TTA_SINK_FAILED', statusCode: 503, message: /first .*it lied/ })
    const summary = error.details.summary as AggregationSummary
    t.match(summary, { graph: 'shop', status: 'complete', read: { traces: 2 } })
    t.same(
      summary.sinks.map(({ sink, state, attempts }) => [sink, state, attempts]),
      [
        ['first', state, 3],
        ['second', 'skipped', 0],
        ['embedded', 'skipped', 0],
      ],
    )
    t.ok(summary.warnings.includes('lies'))
    t.equal(store.get('shop'), good)
    t.equal(sinks[1].documents.length, 1)
  }
})

t.test('clears the graph everywhere when a complete search finds nothing', async (t) => {
  const { aggregator, source, store, sinks } = setUp(traces)
  await aggregator.aggregate({}, live())
  source.traces = []
  const summary = await aggregator.aggregate({}, live())
  t.match(summary, { status: 'empty', built: { nodes: 0, edges: 0 }, read: { traces: 0 } })
  t.same(
    summary.sinks.map(({ state }) => state),
    ['cleared', 'cleared', 'cleared'],
  )
  t.same(store.get('shop')?.nodes, [])
  t.same(
    sinks.map(({ documents }) => documents.at(-1)?.nodes.length),
    [0, 0],
  )
})

t.test('reports a partial read as partial, and keeps the last graph when nothing was read', async (t) => {
  for (const report of [{ truncated: true }, { incomplete: 1 }]) {
    const { aggregator, source, store } = setUp(traces, { report })
    t.match(await aggregator.aggregate({}, live()), { status: 'partial' })
    const partial = store.get('shop')
    t.equal(partial?.nodes.length, 4, 'two operations and two tags')
    source.traces = []
    const summary = await aggregator.aggregate({}, live())
    t.match(summary, { status: 'partial', built: { nodes: 0 } })
    t.same(
      summary.sinks.map(({ state }) => state),
      ['skipped', 'skipped', 'skipped'],
    )
    t.match(summary.warnings, [/last graph is kept/])
    t.equal(store.get('shop'), partial)
  }
})

t.test('stores and publishes nothing for a dry run or a preview', async (t) => {
  const { aggregator, store, sinks } = setUp(traces)
  const summary = await aggregator.aggregate({ dryRun: true }, live())
  t.match(summary, { status: 'complete', built: { nodes: 4 } })
  t.same(
    summary.sinks.map(({ sink, state }) => [sink, state]),
    [
      ['first', 'skipped'],
      ['second', 'skipped'],
      ['embedded', 'skipped'],
    ],
  )
  const document = await aggregator.preview({ graph: 'ad-hoc' }, live())
  t.match(document, { name: 'ad-hoc', summary: { status: 'complete', sinks: [] } })
  t.equal(document.nodes.length, 4)
  t.same(store.list(), [])
  t.same(
    sinks.map(({ documents }) => documents.length),
    [0, 0],
  )
})

t.test('refuses wrong parameters before it reads anything', async (t) => {
  const { aggregator, source } = setUp(traces)
  t.match(await failure(aggregator.aggregate({ filter: '(' }, live())), { code: 'TTA_BAD_REQUEST' })
  t.match(await failure(aggregator.preview({ from: 'x' }, live())), { code: 'TTA_BAD_REQUEST' })
  t.equal(source.reads.length, 0)
})

t.test('sends the query unchanged, with the window as of the start of the build', async (t) => {
  const { aggregator, source } = setUp(traces)
  await aggregator.aggregate({ query: '{ .a = 1 }', from: 'now-1h', to: 'now-30m', limit: 5 }, live())
  t.match(source.reads[0]?.query, {
    query: '{ .a = 1 }',
    limit: 5,
    window: { fromMs: nowMs - 3_600_000, toMs: nowMs - 1_800_000 },
    selector: { key: 'service.name', pattern: null },
  })
})

t.test('removes a graph from every sink, after a running build of it', async (t) => {
  const { aggregator, source, store, sinks } = setUp(traces)
  const { promise, open } = gate()
  source.gate = promise
  const building = aggregator.aggregate({}, live())
  const removing = aggregator.remove('shop', live().signal)
  open()
  await building
  t.equal(await removing, true)
  t.same([store.get('shop'), sinks[0].removed, sinks[1].removed], [undefined, ['shop'], ['shop']])
  t.equal(await aggregator.remove('shop', live().signal), false)
})

t.test('reports the progress of the read', async (t) => {
  const { aggregator, source } = setUp(traces)
  t.equal(source.name, newSource([]).name)
  const heard: number[] = []
  const onProgress = ({ fraction }: { fraction: number }) => void heard.push(fraction)
  await aggregator.aggregate({}, { ...live(), onProgress })
  t.same(heard, [0.5])
})

t.test('builds a configured graph with its own settings, and publishes it to its own sinks', async (t) => {
  const parameters = { ...defaultParameters, graph: 'cart', filter: '^back$', limit: 7 }
  const graphs = { cart: { parameters, sinks: ['second'] } }
  const { aggregator, source, sinks } = setUp(traces, { graphs })
  const summary = await aggregator.aggregate({ graph: 'cart', limit: 8 }, live())
  t.match(summary.parameters, { graph: 'cart', filter: '^back$', limit: 8 }, 'the request overrides them')
  t.same(
    summary.sinks.map(({ sink }) => sink),
    ['second', 'embedded'],
  )
  t.equal(sinks[0].documents.length, 0)
  const preview = await aggregator.preview({ graph: 'cart' }, live())
  t.match(preview.summary.parameters, { filter: '^back$', limit: 7 })
  t.match(aggregator.complete({}), { graph: 'shop', filter: '.*', limit: 100_000 })
  t.match(aggregator.complete({ graph: 'constructor' }), { graph: 'constructor', filter: '.*' })
  t.equal(source.reads.length, 2)
})

t.test('compares with an earlier window in the same build, and only warns when that fails', async (t) => {
  const { aggregator, source, store } = setUp(traces)
  const asked = { compare: '1d', from: nowMs - 60_000, searchMode: 'ingesters' as const }
  const { comparison, parameters } = await aggregator.aggregate(asked, live())
  t.equal(parameters.compare, '1d')
  t.match(comparison, {
    base: { from: 'source', window: { seconds: 60 } },
    nodes: { new: 0, gone: 0 },
    warnings: [],
  })
  const dayMs = 86_400_000
  t.same(
    source.reads.map(({ query }) => query.window),
    [
      { fromMs: nowMs - 60_000, toMs: nowMs },
      { fromMs: nowMs - 60_000 - dayMs, toMs: nowMs - dayMs },
    ],
  )

  const { read } = source
  source.read = async (query, ...others) => {
    if (query.window.toMs < nowMs) throw new TtaError('TTA_TEMPO_UNAVAILABLE', 'Tempo did not answer')
    return read(query, ...others)
  }
  const summary = await aggregator.aggregate(asked, live())
  t.equal(summary.status, 'complete')
  t.equal(summary.warnings.at(-1), 'Not compared with 1d earlier: Tempo did not answer')
  t.equal(summary.comparison, undefined)
  t.equal(store.get('shop')?.summary.builtAt, summary.builtAt)
})

t.test('restores the last graphs at the sinks that get them, except graphs without edges', async (t) => {
  const parameters = { ...defaultParameters, graph: 'cart' }
  const { aggregator, sinks, source } = setUp(traces, { graphs: { cart: { parameters, sinks: ['second'] } } })
  await aggregator.restore(live().signal)
  for (const graph of ['shop', 'cart']) await aggregator.aggregate({ graph, level: 'both' }, live())
  source.traces = []
  await aggregator.aggregate({ graph: 'empty' }, live())
  await aggregator.restore(live().signal)
  t.same(sinks[0].back.sort(), ['shop', 'shop-services'])
  t.same(sinks[1].back.sort(), ['cart', 'cart-services', 'shop', 'shop-services'])
})

t.test(
  'reports the service graph in the summary of the first graph, to the caller and to readers',
  async (t) => {
    const { aggregator, store, sinks } = setUp(traces)
    const summary = await aggregator.aggregate({ level: 'both' }, live())
    t.match(summary.services, { graph: 'shop-services', built: { nodes: 2, edges: 1 } })
    t.same(
      summary.services?.sinks.map(({ sink, state }) => [sink, state]),
      [
        ['first', 'stored'],
        ['second', 'stored'],
        ['embedded', 'stored'],
      ],
    )
    t.same(store.get('shop')?.summary, summary)
    t.equal(store.get('shop-services')?.summary.services, undefined)
    t.ok(sinks[0].documents.every(({ summary }) => summary.services === undefined))
  },
)

t.test('stores the first graph when a sink fails only for the service graph', async (t) => {
  const { aggregator, store, sinks } = setUp(traces)
  const { replace } = sinks[1]
  sinks[1].replace = async (document) => {
    sinks[1].report = document.name === 'shop-services' ? { state: 'failed', reason: 'it is full' } : {}
    return replace(document)
  }
  const error = await failure(aggregator.aggregate({ level: 'both' }, live()))
  t.match(error, { code: 'TTA_SINK_FAILED', details: { summary: { graph: 'shop-services' } } })
  t.same(
    store.list().map(({ name }) => name),
    ['shop'],
  )
  t.same(
    store.get('shop')?.summary.sinks.map(({ state }) => state),
    ['stored', 'stored', 'stored'],
  )
})
