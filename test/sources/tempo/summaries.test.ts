import t from 'tap'
import { tagSelector } from '../../../src/sources/tag-selector.ts'
import {
  graphOf,
  newBuilder,
  newSource,
  type ReadingOptions,
  readWindow,
} from '../../support/tempo/read-window.ts'
import { type AttributeValue, type Fragment, fragmentOf } from '../../support/tempo/stored-trace.ts'
import { html, tooLarge, withJobs } from '../../support/tempo/tempo-faults.ts'
import {
  type Asked,
  type Fault,
  type StandInOptions,
  startTempo,
  text,
} from '../../support/tempo/tempo-stand-in.ts'

/** Long ago, so that the cutoff is not probed. */
const epochMs = 1_700_000_000_000
const window = { fromMs: epochMs, toMs: epochMs + 600_000 }
/** Without metrics the number of spans is unknown, so that the probe is always sent. */
const metrics = false

const plain = (traceId: number, atMs: number, startMs = epochMs) =>
  fragmentOf(traceId, startMs, [
    { id: 1, name: 'GET /', service: 'front', atMs, ms: 20 },
    { id: 2, parent: 1, service: 'back', atMs: atMs + 5, ms: 10 },
  ])

/** A trace with twelve pruned calls and their summary. */
const pruned = (traceId: number, atMs: number, startMs = epochMs, isSummary: AttributeValue = true) => {
  const attributes = {
    'aggregation.is_summary': isSummary,
    'aggregation.span_count': 12,
    'aggregation.duration_min_ns': 1e6,
    'aggregation.duration_max_ns': 49e6,
    'aggregation.duration_total_ns': 120e6 + 0.5,
  }
  const summary = { id: 2, parent: 1, service: 'back', name: 'SELECT', atMs: atMs + 5, ms: 10, attributes }
  return fragmentOf(traceId, startMs, [{ id: 1, service: 'front', name: 'GET /', atMs, ms: 90 }, summary])
}

const plains = Array.from({ length: 200 }, (_, i) => plain(i + 1, i * 3000))

/** The result of a read with its searches and probes. */
async function read(tempo: Awaited<ReturnType<typeof startTempo>>, options: Partial<ReadingOptions> = {}) {
  tempo.asked.length = 0
  const { report, graph } = await readWindow({ url: tempo.url, window, ...options })
  const searches = tempo.asked.filter(({ kind }) => kind === 'search')
  return { report, graph, searches, questions: tempo.count('summaries') }
}

const asksForSummaries = ({ params }: Asked) => /aggregation/.test(params.get('q') ?? '')

/** The graph from traces by id, which have all attributes. */
async function graphById(fragments: Fragment[], options: Partial<ReadingOptions> = {}) {
  const tempo = await startTempo({ fragments, metrics, unknown: ['by('] })
  const { report, graph } = await readWindow({ url: tempo.url, window, ...options })
  await tempo.close()
  t.match(report.warnings, [/refuses bulk search/])
  return graph
}

async function start(t: { teardown(end: () => unknown): unknown }, some: Partial<StandInOptions>) {
  const tempo = await startTempo({ metrics, ...some })
  t.teardown(() => tempo.close())
  return tempo
}

t.test('probes for summaries once, and does not select their fields if there are none', async (t) => {
  const tempo = await start(t, { fragments: plains })
  const { report, graph, searches, questions } = await read(tempo)
  t.same(graph, graphOf(plains))
  t.equal(questions, 1)
  t.equal(searches.filter(asksForSummaries).length, 0)
  t.notMatch(report.traceql, /aggregation/, 'the TraceQL in the report is what was sent')
  t.equal(report.requests, tempo.asked.length, 'the probe counts as a request')
  t.equal(report.requests, report.slices + 2, 'the slices, the probe, and the query of metrics')
  const { params } = tempo.asked.find(({ kind }) => kind === 'summaries') as Asked
  t.same(
    ['limit', 'spss'].map((name) => params.get(name)),
    ['1', '1'],
  )
  t.same(
    ['start', 'end'].map((name) => Number(params.get(name)) - epochMs / 1000),
    [-60, 660],
    'all that is read, with the padding',
  )
})

t.test('selects the fields of summaries if there is one, wherever it is', async (t) => {
  for (const [where, fragment] of Object.entries({
    'in the window': pruned(900, 300_000),
    'in the padding': pruned(900, -59_000),
    'that says so by a number': pruned(900, 300_000, epochMs, 1),
  })) {
    const fragments = [...plains, fragment]
    const tempo = await start(t, { fragments })
    const { report, graph, searches, questions } = await read(tempo)
    t.same(graph, await graphById(fragments), where)
    t.equal(questions, 1, where)
    t.ok(searches.every(asksForSummaries), where)
    t.match(report.traceql, /aggregation\.is_summary/)
    if (where === 'in the padding') continue
    const node = graph.nodes.find(({ operation }) => operation === 'SELECT')
    t.match(node, { count: 12, adjustedCount: 12 }, where)
  }
})

t.test('finds a summary in a fragment that does not match', async (t) => {
  const [root, summary] = pruned(900, 300_000) as [Fragment[0], Fragment[0]]
  const other = { ...summary, startNs: summary.startNs + 30_000_000_000n }
  const fragments = [...plains, [root], [other]]
  const tempo = await start(t, { fragments })
  const { graph } = await read(tempo, { filter: 'front' })
  t.same(graph, await graphById(fragments, { filter: 'front' }))
  t.match(
    graph.nodes.find(({ operation }) => operation === 'SELECT'),
    { count: 12 },
  )
})

t.test('does not retry a probe that fails, and reads all summaries', async (t) => {
  const fragments = [...plains, pruned(900, 300_000)]
  const expected = await graphById(fragments)
  const faults: Record<string, Fault> = {
    '400': text(400, 'invalid TraceQL query'),
    '401': text(401, 'no org id'),
    '429': text(429, 'job queue full'),
    '500': text(500, 'error querying live-stores'),
    '503': text(503, 'no healthy upstream'),
    'too large': tooLarge,
    'an HTML page': html,
    'half an answer': { status: 200, type: 'application/protobuf', body: Uint8Array.of(0x0a, 9) },
    'no answer': 'hang',
    reset: 'reset',
  }
  for (const [name, fault] of Object.entries(faults)) {
    const tempo = await start(t, {
      fragments,
      fault: ({ kind }) => (kind === 'summaries' ? fault : undefined),
    })
    const { report, graph, searches, questions } = await read(tempo, { timeoutMs: 1000 })
    t.same(graph, expected, name)
    t.match(report, { retries: 0, warnings: [], requests: tempo.asked.length }, name)
    t.equal(questions, 1, name)
    t.ok(searches.every(asksForSummaries), name)
  }
})

t.test('does not probe in the reads after a failed probe', async (t) => {
  const tempo = await start(t, {
    fragments: plains,
    fault: ({ kind }) => (kind === 'summaries' ? 'reset' : undefined),
  })
  const source = newSource({ url: tempo.url })
  t.teardown(() => source.close())
  const query = { selector: tagSelector('service.name', '.*'), window, limit: 1e6 }
  const { signal } = new AbortController()
  for (let read = 0; read < 3; read++)
    t.equal((await source.read(query, newBuilder(), { signal })).traces, 200)
  t.equal(tempo.count('summaries'), 1)
})

t.test('does not trust an unfinished answer to the probe', async (t) => {
  const fault: StandInOptions['fault'] = ({ kind }, answer) =>
    kind === 'summaries' ? withJobs(answer(), 2) : undefined
  const tempo = await start(t, { fragments: plains, fault })
  const { graph, searches } = await read(tempo)
  t.same(graph, graphOf(plains))
  t.ok(searches.every(asksForSummaries))
})

t.test('the read reports errors of Tempo, and an abort ends the probe at once', async (t) => {
  const failing = await start(t, { fault: ({ kind }) => (kind === 'histogram' ? undefined : 'reset') })
  await t.rejects(read(failing), { code: 'TTA_TEMPO_UNAVAILABLE' })
  const controller = new AbortController()
  const hanging = await start(t, {
    fault: ({ kind }) => {
      if (kind !== 'summaries') return undefined
      controller.abort(new Error('enough'))
      return 'hang'
    },
  })
  await t.rejects(read(hanging, { signal: controller.signal }), { message: 'enough' })
  t.equal(hanging.count('search'), 0)
})

t.test('counts a summary that arrives after the probe', async (t) => {
  const nowMs = Date.now()
  const recent = Array.from({ length: 200 }, (_, i) => plain(i + 1, -i * 3000 - 2000, nowMs))
  const late = pruned(900, -115_000, nowMs)
  const tempo = await start(t, {
    fragments: recent,
    fault: ({ kind }, answer) => {
      if (kind !== 'summaries') return undefined
      const answered = answer()
      tempo.options.fragments = [...recent, late]
      return answered
    },
  })
  const window = { fromMs: nowMs - 700_000, toMs: nowMs }
  const { graph, searches } = await read(tempo, { window, now: () => nowMs })
  t.same(graph, await graphById([...recent, late], { window, now: () => nowMs }))
  const settledSec = Math.floor(nowMs / 1000) - 120
  const end = ({ params }: Asked) => Number(params.get('end'))
  t.ok(
    searches.every((asked) => asksForSummaries(asked) === end(asked) > settledSec),
    'the fields of summaries are selected only where late spans may arrive',
  )
  t.ok(searches.some(asksForSummaries) && !searches.every(asksForSummaries))
})

t.test('does not probe for few spans or in an incremental read', async (t) => {
  const fragments = [...plains, pruned(900, 300_000)]
  const expected = await graphById(fragments)
  const tempo = await start(t, { fragments, metrics: true })
  for (const options of [{}, { expectedSpansPerSec: 1 }, { expectedSpansPerSec: 1e6 }]) {
    const { graph, searches, questions } = await read(tempo, options)
    t.same(graph, expected)
    t.equal(questions, 0)
    t.ok(searches.every(asksForSummaries))
  }
  tempo.options.fragments = plains
  const samples = [{ timestampMs: String(epochMs + 300_000), value: 60_000 }]
  const body = JSON.stringify({ series: [{ samples }] })
  tempo.options.fault = ({ kind }) =>
    kind === 'histogram' ? { status: 200, type: 'application/json', body } : undefined
  const many = await read(tempo)
  t.same(many.graph, graphOf(plains))
  t.equal(many.questions, 1, 'many spans are worth a probe')
  t.notOk(many.searches.some(asksForSummaries))
  const nowMs = epochMs + 650_000
  const { questions } = await read(tempo, { now: () => nowMs, lateSec: 600, padSec: 0 })
  t.equal(questions, 0, 'but not if hardly any of them is old enough')
})

t.test('probes with the tenant of the read, and not for a read of peers', async (t) => {
  const tempo = await start(t, { fragments: plains })
  const source = newSource({ url: tempo.url })
  t.teardown(() => source.close())
  const selector = tagSelector('service.name', '.*')
  const { signal } = new AbortController()
  const query = { selector, window, limit: 1e6, tenant: 'blue' }
  await source.read({ ...query, peers: true }, newBuilder(), { signal })
  t.equal(tempo.count('summaries'), 0)
  t.ok(tempo.asked.filter(({ kind }) => kind === 'search').every(asksForSummaries))
  await source.read(query, newBuilder(), { signal })
  t.equal(tempo.asked.find(({ kind }) => kind === 'summaries')?.headers['x-scope-orgid'], 'blue')
})

t.test('does not probe a range that is longer than Tempo allows', async (t) => {
  const tempo = await start(t, { fragments: plains, maxDuration: { sec: 90, text: '1m30s' } })
  const source = newSource({ url: tempo.url })
  t.teardown(() => source.close())
  const query = { selector: tagSelector('service.name', '.*'), window, limit: 1e6 }
  const { signal } = new AbortController()
  for (let reads = 0; reads < 2; reads++) {
    const report = await source.read(query, newBuilder(), { signal })
    t.match(report, { traces: 200, incomplete: 0, warnings: [] })
  }
  t.equal(tempo.count('summaries'), 1, 'only before the longest range is known')
})
