import http from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import t, { type Test } from 'tap'
import type { GraphDocument } from '../../src/model/graph-document.ts'
import { printable } from '../../src/sink/nodegraph-provider/rows.ts'
import {
  createNodegraphProviderSink,
  type NodegraphProviderOptions,
} from '../../src/sink/nodegraph-provider.ts'
import { sinkContract } from './contract.ts'
import { graphDocument, largeDocument } from './documents.ts'
import type { Lie } from './provider-lies.ts'
import { quoted } from './provider-quirks.ts'
import { type ProviderStandIn, type Schemas, startProviderStandIn } from './provider-stand-in.ts'

const never = new AbortController().signal
const edgeFields = ['id', 'source', 'target', 'mainStat', 'secondaryStat', 'detail__traffic']
const details = ['detail__role', 'detail__traffic', 'detail__self_calls']
const arcs = ['arc__failed', 'arc__slow', 'arc__passed']
const nodeFields = ['id', 'title', 'subTitle', 'mainStat', 'secondaryStat', ...arcs, ...details]
const schemas: Schemas = {
  micro: { nodes: nodeFields, edges: edgeFields },
  old: {
    nodes: nodeFields.filter(
      (name) => !['arc__slow', 'detail__traffic', 'detail__self_calls'].includes(name),
    ),
    edges: edgeFields,
  },
}

const oldGraph = graphDocument('micro', { calls: { 'a -> b': 1 } })
const newGraph = graphDocument('micro', { calls: { 'a -> b': 2, 'b -> c': 3 } })
const holdings = {
  old: { nodes: ['a', 'b'], edges: ['a -> b: 1'] },
  new: { nodes: ['a', 'b', 'c'], edges: ['a -> b: 2', 'b -> c: 3'] },
  empty: { nodes: [], edges: [] },
  none: null,
}

interface Setup {
  provider: ProviderStandIn
  sink: ReturnType<typeof createNodegraphProviderSink>
  /** All that was logged, as JSON. */
  log: string[]
}

async function setUp(t: Test, options: Partial<NodegraphProviderOptions> = {}): Promise<Setup> {
  const provider = await startProviderStandIn(schemas)
  const log: string[] = []
  const note = (...parts: unknown[]) => void log.push(JSON.stringify(parts))
  const sink = createNodegraphProviderSink({
    url: provider.url,
    headers: {},
    timeoutMs: 10_000,
    retries: 2,
    retryDelayMs: 1,
    graceMs: 10_000,
    log: { warn: note, error: note },
    ...options,
  })
  t.teardown(async () => {
    await sink.close()
    await provider.close()
  })
  return { provider, sink, log }
}

sinkContract(t, 'nodegraph-provider', async () => {
  const provider = await startProviderStandIn({})
  const log = { warn: () => {}, error: () => {} }
  const sink = createNodegraphProviderSink({
    url: provider.url,
    headers: {},
    timeoutMs: 10_000,
    retries: 2,
    log,
  })
  return {
    sink,
    async read(name) {
      const edges = provider.held(name)?.edges ?? []
      if (edges.length === 0) return null
      return Object.fromEntries(
        edges.map((line) => line.split(': ')).map(([pair, count]) => [pair, Number(count)]),
      )
    },
    async end() {
      await sink.close()
      await provider.close()
    },
  }
})

type Row = [
  lies: [Lie, number],
  on: 'write' | 'read',
  state: string,
  attempts: number,
  holds: keyof typeof holdings,
  reason?: RegExp,
]

const lost = /accepted the graph and holds 0 nodes and 0 edges, and should hold 3 nodes and 2 edges/
const notBack = /the last good graph is not back/
/** Three tries each: the lies are told once, as often as the new graph is tried, or for ever. */
const table: Row[] = [
  [['nothing stored', 1], 'write', 'stored', 2, 'new'],
  [['nothing stored', 2], 'write', 'stored', 3, 'new'],
  [['nothing stored', 3], 'write', 'restored', 3, 'old', lost],
  [['nothing stored', 5], 'write', 'restored', 3, 'old', lost],
  [['nothing stored', 99], 'write', 'failed', 3, 'empty', notBack],
  [['stale connection', 1], 'write', 'stored', 2, 'new'],
  [['stale connection', 99], 'write', 'restored', 3, 'old', /holds 2 nodes and 1 edges/],
  [['doubled edges', 1], 'write', 'stored', 2, 'new'],
  [['doubled edges', 3], 'write', 'restored', 3, 'old', /holds 3 nodes and 4 edges/],
  [['half of the edges', 1], 'write', 'stored', 2, 'new'],
  [['half of the edges', 3], 'write', 'restored', 3, 'old', /holds 2 nodes and 1 edges/],
  [['other numbers', 1], 'write', 'stored', 2, 'new'],
  [['other numbers', 3], 'write', 'restored', 3, 'old', /other edges, or other numbers/],
  [['deleted, then 503', 1], 'write', 'stored', 2, 'new'],
  [['deleted, then 503', 3], 'write', 'restored', 3, 'old', /answered 503: Add edge failed/],
  [['deleted, then 503', 99], 'write', 'failed', 3, 'none', notBack],
  [['reset before the delete', 1], 'write', 'stored', 2, 'new'],
  [['reset before the delete', 99], 'write', 'restored', 3, 'old', /could not be reached \(ECONNRESET\)/],
  [['reset after the delete', 1], 'write', 'stored', 2, 'new'],
  [['reset after the delete', 3], 'write', 'restored', 3, 'old', /ECONNRESET/],
  [['reset after the delete', 99], 'write', 'failed', 3, 'none', notBack],
  [['reset after the write', 1], 'write', 'stored', 1, 'new'],
  [['hangs before the delete', 1], 'write', 'stored', 2, 'new'],
  [['hangs after the delete', 1], 'write', 'stored', 2, 'new'],
  [['hangs after the delete', 3], 'write', 'restored', 3, 'old', /did not answer within 400 ms/],
  [['refused 400', 99], 'write', 'restored', 1, 'old', /answered 400: Not a valid json/],
  [['refused 400 after the delete', 1], 'write', 'restored', 1, 'old', /answered 400: no/],
  [['broken JSON 500', 1], 'write', 'stored', 2, 'new'],
  [['broken JSON 500', 3], 'write', 'restored', 3, 'old', /answered 500: Get edge data failed near " MATCH"/],
  [['redirect', 99], 'write', 'restored', 1, 'old', /answered 301, a redirect/],
  [['null arrays', 1], 'read', 'stored', 2, 'new'],
  [['null arrays', 3], 'read', 'restored', 3, 'old', lost],
  [['broken JSON 500', 1], 'read', 'stored', 2, 'new'],
  [['reset before the delete', 1], 'read', 'stored', 2, 'new'],
  [['hangs before the delete', 1], 'read', 'stored', 2, 'new'],
  [['a page with 200', 1], 'read', 'stored', 2, 'new'],
  [['a page with 404', 1], 'read', 'restored', 1, 'old', /answered 404/],
  [['broken JSON 500', 99], 'read', 'failed', 3, 'new', notBack],
]

for (const [[lie, times], on, state, attempts, holds, reason] of table) {
  t.test(`${lie} on ${on}, ${times} x: ${state} in ${attempts}, holds ${holds}`, async (t) => {
    const { provider, sink } = await setUp(t, lie.startsWith('hangs') ? { timeoutMs: 400 } : {})
    await sink.replace(oldGraph, never)
    if (on === 'write') provider.lieOnWrite([lie, times])
    else provider.lieOnRead([lie, times])
    const report = await sink.replace(newGraph, never)
    t.match(report, { state, attempts, verified: state !== 'failed', isolatedNodes: 0, warnings: [] })
    if (reason) t.match(report.reason, reason)
    else t.equal(report.reason, undefined)
    t.same(provider.held('micro'), holdings[holds])
  })
}

t.test('whatever lies it tells in a row, the report says what the provider holds', async (t) => {
  const lies: Lie[] = [
    'nothing stored',
    'stale connection',
    'half of the edges',
    'doubled edges',
    'other numbers',
  ]
  lies.push('deleted, then 503', 'reset before the delete', 'reset after the delete', 'reset after the write')
  lies.push('refused 400', 'refused 400 after the delete', 'broken JSON 500')
  const { provider, sink } = await setUp(t)
  const wanted = { stored: holdings.new, cleared: null, restored: holdings.old, failed: undefined }
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.constantFrom(...lies), { maxLength: 7 }),
      fc.boolean(),
      async (told, clear) => {
        t.match(await sink.replace(oldGraph, never), { state: 'stored' })
        provider.lieOnWrite(...told)
        const { state, reason } = await sink.replace(clear ? graphDocument('micro', {}) : newGraph, never)
        provider.forgetLies()
        if (wanted[state] !== undefined)
          t.same(provider.held('micro'), wanted[state], `${told} gave ${state}`)
        t.equal(reason === undefined, state === 'stored' || state === 'cleared')
      },
    ),
    { numRuns: 60 },
  )
})

t.test('before its first own write it keeps what the provider holds, and puts that back', async (t) => {
  const { provider, sink } = await setUp(t)
  const nodes = [
    { id: 'x', title: 'it\u0027s "old"', mainStat: '53/s' },
    { id: 'y', mainStat: 0.30000000000000004 },
  ]
  provider.seed('micro', nodes, [{ id: 'e', source: 'x', target: 'y', mainStat: 4 }])
  provider.lieOnWrite(['deleted, then 503', 3])
  t.match(await sink.replace(newGraph, never), { state: 'restored', verified: true })
  t.same(provider.held('micro'), { nodes: ['x', 'y'], edges: ['x -> y: 4'] })
  t.same(provider.node('micro', 'x'), nodes[0])
})

t.test('where there was no graph, a half written one is deleted', async (t) => {
  const { provider, sink } = await setUp(t)
  provider.lieOnWrite(['half of the edges', 3])
  t.match(await sink.replace(newGraph, never), { state: 'restored', verified: true, attempts: 3 })
  t.equal(provider.held('micro'), null)
})

t.test('a clearing that does not come through leaves the last good graph and says so', async (t) => {
  const { provider, sink } = await setUp(t)
  await sink.replace(oldGraph, never)
  provider.lieOnWrite(['stale connection', 1])
  t.match(await sink.replace(graphDocument('micro', {}), never), { state: 'cleared', attempts: 2 })
  await sink.replace(oldGraph, never)
  provider.lieOnWrite(['stale connection', 99])
  t.match(await sink.replace(graphDocument('micro', {}), never), {
    state: 'restored',
    reason: /accepted the deletion and still holds 2 nodes and 1 edges/,
  })
  t.same(provider.held('micro'), holdings.old)
})

t.test('a provider that cannot be reached, or not be read, is not written to', async (t) => {
  const { provider, sink, log } = await setUp(t)
  provider.lieOnRead(['a page with 200', 99])
  const unread = await sink.replace(newGraph, never)
  t.match(unread, {
    state: 'failed',
    verified: false,
    attempts: 0,
    reason: /nodes and edges; nothing was written$/,
  })
  t.equal(provider.held('micro'), null)
  t.equal(log.filter((line) => line.includes('trying again')).length, 2)
  await provider.close()
  const refused = await sink.replace(newGraph, never)
  t.match(refused, { state: 'failed', attempts: 0, reason: /could not be reached \(ECONN[A-Z]+\); nothing/ })
})

t.test('who leaves while the graph is written gets the reason, and the graph gets whole', async (t) => {
  const rows: [Lie | undefined, keyof typeof holdings][] = [
    [undefined, 'new'],
    ['deleted, then 503', 'old'],
    ['nothing stored', 'old'],
    ['hangs after the delete', 'old'],
  ]
  for (const [lie, holds] of rows) {
    const { provider, sink, log } = await setUp(t, { graceMs: lie?.startsWith('hangs') ? 300 : 10_000 })
    await sink.replace(oldGraph, never)
    const caller = new AbortController()
    if (lie) provider.lieOnWrite(lie)
    provider.onWrite = () => caller.abort(new Error('caller has gone'))
    await t.rejects(sink.replace(newGraph, caller.signal), { message: 'caller has gone' })
    t.same(provider.held('micro'), holdings[holds], `${lie}`)
    t.equal(log.length, lie ? 1 : 0, 'a graph that was not stored is logged')
  }
})

t.test('who leaves before the first write leaves the graph as it was', async (t) => {
  const { provider, sink } = await setUp(t)
  await sink.replace(oldGraph, never)
  const caller = new AbortController()
  provider.onRead = () => caller.abort(new Error('caller has gone'))
  const writes = provider.requests.filter((line) => line.startsWith('POST')).length
  await t.rejects(sink.replace(newGraph, caller.signal), { message: 'caller has gone' })
  t.equal(provider.requests.filter((line) => line.startsWith('POST')).length, writes)
  t.same(provider.held('micro'), holdings.old)
})

t.test('one write at a time for a graph, and at most ten over all', async (t) => {
  const { provider, sink } = await setUp(t)
  const writes = Array.from({ length: 40 }, (_, index) =>
    sink.replace(
      graphDocument(`g${index % 20}`, { calls: { 'a -> b': index + 1 } }),
      new AbortController().signal,
    ),
  )
  const reports = await Promise.all(writes)
  t.ok(reports.every(({ state, attempts }) => state === 'stored' && attempts === 1))
  t.ok(provider.mostWrites > 1 && provider.mostWrites <= 10, `${provider.mostWrites} at most`)
  t.same(provider.held('g3'), { nodes: ['a', 'b'], edges: ['a -> b: 24'] })
})

t.test('the demo schema has no arc__slow: slow calls count as failed', async (t) => {
  const { provider, sink } = await setUp(t)
  const report = await sink.replace(graphDocument('old', { calls: { 'a -> b': 1 } }), never)
  const row = provider.node('old', 'a') ?? {}
  t.match(row, { arc__failed: 0.3, arc__passed: 0.7, mainStat: 1 })
  t.notOk('arc__slow' in row)
  t.same(report.warnings, [
    'Grafana will not show detail__traffic of nodes, detail__self_calls of nodes: not in the graph_schemas of nodegraph-provider for graph old',
  ])
})

t.test('a schema with every field brings no warning, and rows hold what is in it, no more', async (t) => {
  const { provider, sink } = await setUp(t)
  t.same((await sink.replace(oldGraph, never)).warnings, [])
  t.same(Object.keys(provider.node('micro', 'a') ?? {}), nodeFields)
  t.match(provider.node('micro', 'a'), { arc__failed: 0.1, arc__slow: 0.2, secondaryStat: 12.345678 })
})

t.test('a graph that the provider does not know is stored, with a warning', async (t) => {
  const { provider, sink } = await setUp(t)
  const report = await sink.replace(graphDocument('new_one', { calls: { 'a -> b': 1 } }), never)
  t.match(report, { state: 'stored', verified: true })
  t.match(report.warnings, [/Grafana will show nothing: .* no graph new_one/])
  t.same(provider.held('new_one'), holdings.old)
})

t.test('nodes that no edge touches are reported with up to five titles', async (t) => {
  const { provider, sink } = await setUp(t)
  const one = await sink.replace(graphDocument('micro', { calls: { 'a -> b': 1 }, nodes: ['lone'] }), never)
  t.match(one, { state: 'stored', isolatedNodes: 1, warnings: [/^1 node has no edge, .*: "lone"$/] })
  t.same(provider.held('micro'), holdings.old)
  const seven = await sink.replace(graphDocument('micro', { nodes: [...'abcdefg'] }), never)
  t.match(seven, { state: 'stored', verified: true, isolatedNodes: 7 })
  t.match(seven.warnings, [/^7 nodes have no edge, .*: "a", "b", "c", "d", "e", \.\.\.$/])
  t.match(provider.node('micro', 'g'), { title: 'g' }, 'it is stored all the same')
})

t.test('a graph that is not sound is never sent', async (t) => {
  const { provider, sink } = await setUp(t)
  const [edge, node] = [oldGraph.edges[0], oldGraph.nodes[0]]
  if (!edge || !node) throw new Error('the old graph has both')
  const rows: [Partial<GraphDocument>, RegExp][] = [
    [{ edges: [edge, { ...edge, id: 'x' }] }, /edge a -> b occurs twice/],
    [{ edges: [{ ...edge, target: 'z' }] }, /edge a -> z has no node at one end/],
    [{ nodes: [...oldGraph.nodes, node] }, /node id a occurs twice/],
    [{ nodes: [{ ...node, id: "a'b" }], edges: [] }, /node id "a'b" is not/],
    [{ nodes: [{ ...node, id: '' }], edges: [] }, /node id "" is not/],
    [{ nodes: [{ ...node, secondaryStat: Number.NaN }], edges: [] }, /secondaryStat of a is NaN/],
    [{ nodes: [{ ...node, mainStat: 1e21 }], edges: [] }, /mainStat of a is 1e\+21/],
  ]
  for (const [part, reason] of rows) {
    const report = await sink.replace({ ...oldGraph, ...part }, never)
    t.match(report, { state: 'failed', attempts: 0, verified: false, reason })
  }
  t.same(provider.requests, [])
})

t.test('text comes back as it was sent: what the provider cannot keep became a space before', async (t) => {
  const { provider, sink } = await setUp(t)
  const awkward = 'it\'s "quoted" \\n \\\\ a\nb\tc ünï שלום 日本 😀 `tick` $x --'
  const titles = { a: awkward, b: 'esc\u001b nbsp\u00a0 zwsp\u200b lone\ud800 rlm\u200f nul\u0000' }
  await sink.replace(graphDocument('micro', { calls: { 'a -> b': 1 }, titles }), never)
  t.equal(provider.node('micro', 'a')?.title, awkward)
  t.equal(provider.node('micro', 'b')?.title, 'esc  nbsp  zwsp  lone  rlm  nul ')
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (text) => {
      const clean = printable(text)
      t.equal(quoted({ clean }).clean, clean)
      t.equal(printable(clean), clean)
      t.equal([...clean].length, [...text].length)
    }),
  )
})

t.test('headers go with every request, and nowhere else', async (t) => {
  const secret = 'Basic c2VjcmV0LXRva2Vu'
  const { provider, sink, log } = await setUp(t, {
    headers: { Authorization: secret, 'content-type': 'text/x' },
  })
  provider.lieOnWrite(['deleted, then 503', 99])
  const report = await sink.replace(newGraph, never)
  t.equal(provider.lastHeaders.authorization, secret)
  t.ok(provider.requests.some((line) => line === 'POST /api/graphs/micro'))
  await provider.close()
  const down = await sink.check(never).catch((error: Error) => `${error.stack} ${JSON.stringify(error)}`)
  t.equal(log.length, 3)
  t.notOk(JSON.stringify([report, log, down]).includes('c2VjcmV0'))
})

t.test('a sink says whether the provider answers, and a page of another server is no answer', async (t) => {
  const { provider, sink } = await setUp(t)
  await sink.check(never)
  t.same(provider.requests, ['GET /tta-check/api/graph/data'])
  provider.lieOnRead('a page with 404')
  await t.rejects(sink.check(never), { code: 'TTA_SINK_FAILED', message: /answered 404/ })
  provider.lieOnRead('broken JSON 500')
  await t.rejects(sink.check(never), { code: 'TTA_SINK_FAILED', message: /answered 500/ })
  await provider.close()
  await t.rejects(sink.check(never), { code: 'TTA_SINK_FAILED', message: /ECONN/ })
})

t.test('a graph that cannot be removed is an error, and one that was is not restored later', async (t) => {
  const { provider, sink } = await setUp(t)
  await sink.replace(oldGraph, never)
  provider.lieOnWrite(['stale connection', 3])
  await t.rejects(sink.remove('micro', never), {
    code: 'TTA_SINK_FAILED',
    message: /graph micro could not be removed: nodegraph-provider accepted the deletion and still holds/,
  })
  await sink.remove('micro', never)
  provider.lieOnWrite(['half of the edges', 3])
  t.match(await sink.replace(newGraph, never), { state: 'restored' })
  t.equal(provider.held('micro'), null)
})

t.test('a base address may have a path and a slash at its end', async (t) => {
  const { provider, sink } = await setUp(t)
  const { port } = new URL(provider.url)
  const prefixed = await setUp(t, { url: `http://127.0.0.1:${port}/ng//` })
  await t.rejects(prefixed.sink.check(never), { code: 'TTA_SINK_FAILED' })
  t.same(provider.requests, ['GET /ng/tta-check/api/graph/data'])
  await sink.check(never)
})

t.test('a thousand nodes are written and verified', async (t) => {
  const { provider, sink } = await setUp(t)
  const document = largeDocument('micro', 1000)
  t.match(await sink.replace(document, never), { state: 'stored', verified: true, attempts: 1 })
  t.equal(provider.held('micro')?.edges.length, 999 + 998)
})

t.test('an answer without end is cut off', async (t) => {
  const block = Buffer.alloc(1 << 20, 'x')
  const server = http.createServer((_, response) => {
    const pour = () => {
      while (response.write(block));
    }
    response.on('drain', pour)
    pour()
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  t.teardown(() => server.close())
  const { port } = server.address() as AddressInfo
  const { sink } = await setUp(t, { url: `http://127.0.0.1:${port}` })
  await t.rejects(sink.check(never), { message: /its answer is over 67108864 bytes/ })
})
