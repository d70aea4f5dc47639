import http from 'node:http'
import type { AddressInfo } from 'node:net'
import fc from 'fast-check'
import t from 'tap'
import type { GraphDocument } from '../../../src/model/graph-document.ts'
import { createNodegraphProviderSink } from '../../../src/sinks/nodegraph-provider/provider-sink.ts'
import { printable } from '../../../src/sinks/nodegraph-provider/rows.ts'
import { graphDocument, largeDocument } from '../../support/graph-documents.ts'
import { quoted } from '../../support/nodegraph-provider/provider-quirks.ts'
import {
  holdings,
  never,
  newGraph,
  nodeFields,
  oldGraph,
  setUp,
} from '../../support/nodegraph-provider/provider-setup.ts'
import { startProviderStandIn } from '../../support/nodegraph-provider/provider-stand-in.ts'
import { sinkContract } from '../contract.ts'

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

t.test('writes one graph at a time, and at most ten graphs in parallel', async (t) => {
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

t.test('counts slow calls as failed for the demo schema without arc__slow', async (t) => {
  const { provider, sink } = await setUp(t)
  const report = await sink.replace(graphDocument('old', { calls: { 'a -> b': 1 } }), never)
  const row = provider.node('old', 'a') ?? {}
  t.match(row, { arc__failed: 0.3, arc__passed: 0.7, mainStat: 1 })
  t.notOk('arc__slow' in row)
  t.match(report.warnings, [
    /^Grafana will not show detail__named_by of nodes, .*detail__self_calls of nodes: missing in graph_schemas/,
  ])
})

t.test('sends the fields of a complete schema without a warning', async (t) => {
  const { provider, sink } = await setUp(t)
  t.same((await sink.replace(oldGraph, never)).warnings, [])
  t.same(Object.keys(provider.node('micro', 'a') ?? {}), nodeFields)
  t.match(provider.node('micro', 'a'), { arc__failed: 0.1, arc__slow: 0.2, secondaryStat: 12.345678 })
})

t.test('stores a graph that the provider does not declare, with a warning', async (t) => {
  const { provider, sink } = await setUp(t)
  const report = await sink.replace(graphDocument('new_one', { calls: { 'a -> b': 1 } }), never)
  t.match(report, { state: 'stored', verified: true })
  t.match(report.warnings, [/Grafana will show nothing: .* no graph new_one/])
  t.same(provider.held('new_one'), holdings.old)
})

t.test('reports nodes without an edge, with up to five titles', async (t) => {
  const { provider, sink } = await setUp(t)
  const one = await sink.replace(graphDocument('micro', { calls: { 'a -> b': 1 }, nodes: ['lone'] }), never)
  t.match(one, { state: 'stored', isolatedNodes: 1, warnings: [/^1 node has no edge, .*: "lone"$/] })
  t.same(provider.held('micro'), holdings.old)
  const seven = await sink.replace(graphDocument('micro', { nodes: [...'abcdefg'] }), never)
  t.match(seven, { state: 'stored', verified: true, isolatedNodes: 7 })
  t.match(seven.warnings, [/^7 nodes have no edge, .*: "a", "b", "c", "d", "e", \.\.\.$/])
  t.match(provider.node('micro', 'g'), { title: 'g' }, 'it is stored all the same')
})

t.test('never sends an invalid graph', async (t) => {
  const { provider, sink } = await setUp(t)
  const [edge, node] = [oldGraph.edges[0], oldGraph.nodes[0]]
  if (!edge || !node) throw new Error('the old graph has both')
  const rows: [Partial<GraphDocument>, RegExp][] = [
    [{ edges: [edge, { ...edge, id: 'x' }] }, /edge a -> b occurs twice/],
    [{ edges: [{ ...edge, target: 'z' }] }, /edge a -> z names a node that does not exist/],
    [{ nodes: [...oldGraph.nodes, node] }, /node id a occurs twice/],
    [{ nodes: [{ ...node, id: "a'b" }], edges: [] }, /node id "a'b" must consist of/],
    [{ nodes: [{ ...node, id: '' }], edges: [] }, /node id "" must consist of/],
    [
      { nodes: [{ ...node, secondaryStat: Number.NaN }], edges: [] },
      /secondaryStat of a must be .*, and is NaN/,
    ],
    [{ nodes: [{ ...node, mainStat: 1e21 }], edges: [] }, /mainStat of a must be .*, and is 1e\+21/],
  ]
  for (const [part, reason] of rows) {
    const report = await sink.replace({ ...oldGraph, ...part }, never)
    t.match(report, { state: 'failed', attempts: 0, verified: false, reason })
  }
  t.same(provider.requests, [])
})

/** Lone surrogates too. */
const anyText = fc.string({
  unit: fc.integer({ min: 0, max: 0x10ffff }).map((code) => String.fromCodePoint(code)),
})

t.test('replaces characters that the provider cannot keep with spaces', async (t) => {
  const { provider, sink } = await setUp(t)
  const awkward = 'it\'s "quoted" \\n \\\\ a\nb\tc ünï שלום 日本 😀 `tick` $x --'
  const titles = { a: awkward, b: 'esc\u001b nbsp\u00a0 zwsp\u200b lone\ud800 rlm\u200f nul\u0000' }
  await sink.replace(graphDocument('micro', { calls: { 'a -> b': 1 }, titles }), never)
  t.equal(provider.node('micro', 'a')?.title, awkward)
  t.equal(provider.node('micro', 'b')?.title, 'esc  nbsp  zwsp  lone  rlm  nul ')
  fc.assert(
    fc.property(anyText, (text) => {
      const clean = printable(text)
      return quoted({ clean }).clean === clean && [...clean].length === [...text].length
    }),
  )
})

t.test('sends its headers with every request, and logs none', async (t) => {
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

t.test('checks that the provider answers, and rejects the page of another server', async (t) => {
  const { provider, sink } = await setUp(t)
  await sink.check(never)
  t.same(provider.requests, ['GET /tta-check/api/graph/data'])
  provider.lieOnRead('a page with 404')
  await t.rejects(sink.check(never), { code: 'TTA_SINK_FAILED', message: /answered 404/ })
  provider.lieOnRead(['broken JSON 500', 99])
  await t.rejects(sink.check(never), { code: 'TTA_SINK_FAILED', message: /answered 500/ })
  await provider.close()
  await t.rejects(sink.check(never), { code: 'TTA_SINK_FAILED', message: /ECONN/ })
})

t.test('fails when a graph cannot be removed, and never restores a removed one', async (t) => {
  const { provider, sink } = await setUp(t)
  await sink.replace(oldGraph, never)
  provider.lieOnWrite(['stale connection', 3])
  await t.rejects(sink.remove('micro', never), {
    code: 'TTA_SINK_FAILED',
    message: /graph micro could not be removed: nodegraph-provider accepted the deletion but still holds/,
  })
  await sink.remove('micro', never)
  provider.lieOnWrite(['half of the edges', 3])
  t.match(await sink.replace(newGraph, never), { state: 'restored' })
  t.equal(provider.held('micro'), null)
})

t.test('accepts a base URL with a path and a trailing slash', async (t) => {
  const { provider, sink } = await setUp(t)
  const { port } = new URL(provider.url)
  const prefixed = await setUp(t, { url: `http://127.0.0.1:${port}/ng//` })
  await t.rejects(prefixed.sink.check(never), { code: 'TTA_SINK_FAILED' })
  t.same(provider.requests, ['GET /ng/tta-check/api/graph/data'])
  await sink.check(never)
})

t.test('writes and verifies a thousand nodes', async (t) => {
  const { provider, sink } = await setUp(t)
  const document = largeDocument('micro', 1000)
  t.match(await sink.replace(document, never), { state: 'stored', verified: true, attempts: 1 })
  t.equal(provider.held('micro')?.edges.length, 999 + 998)
})

t.test('cuts off an endless answer', async (t) => {
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
  await t.rejects(sink.check(never), { message: /sent an answer of more than 67108864 bytes/ })
})
