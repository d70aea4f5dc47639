import fc from 'fast-check'
import t from 'tap'
import { graphDocument } from '../../support/graph-documents.ts'
import type { Lie } from '../../support/nodegraph-provider/provider-lies.ts'
import {
  holdings,
  never,
  newGraph,
  oldGraph,
  setUp,
} from '../../support/nodegraph-provider/provider-setup.ts'

type Row = [
  lies: [Lie, number],
  on: 'write' | 'read back',
  state: string,
  attempts: number,
  holds: keyof typeof holdings,
  reason?: RegExp,
]

const lost = /accepted the graph but holds 0 nodes and 0 edges instead of 3 nodes and 2 edges/
const notRestored = /the last good graph could not be restored/
/** Three attempts each. The provider lies once, at every attempt for the new graph, or always. */
const table: Row[] = [
  [['nothing stored', 1], 'write', 'stored', 2, 'new'],
  [['nothing stored', 2], 'write', 'stored', 3, 'new'],
  [['nothing stored', 3], 'write', 'restored', 3, 'old', lost],
  [['nothing stored', 5], 'write', 'restored', 3, 'old', lost],
  [['nothing stored', 99], 'write', 'failed', 3, 'empty', notRestored],
  [['stale connection', 1], 'write', 'stored', 2, 'new'],
  [['stale connection', 99], 'write', 'restored', 3, 'old', /holds 2 nodes and 1 edges/],
  [['doubled edges', 1], 'write', 'stored', 2, 'new'],
  [['doubled edges', 3], 'write', 'restored', 3, 'old', /holds 3 nodes and 4 edges/],
  [['half of the edges', 1], 'write', 'stored', 2, 'new'],
  [['half of the edges', 3], 'write', 'restored', 3, 'old', /holds 2 nodes and 1 edges/],
  [['other numbers', 1], 'write', 'stored', 2, 'new'],
  [['other numbers', 3], 'write', 'restored', 3, 'old', /different edges, or different numbers/],
  [['deleted, then 503', 1], 'write', 'stored', 2, 'new'],
  [['deleted, then 503', 3], 'write', 'restored', 3, 'old', /answered 503: Add edge failed/],
  [['deleted, then 503', 99], 'write', 'failed', 3, 'none', notRestored],
  [['reset before the delete', 1], 'write', 'stored', 2, 'new'],
  [['reset before the delete', 99], 'write', 'restored', 3, 'old', /could not be reached \(ECONNRESET\)/],
  [['reset after the delete', 1], 'write', 'stored', 2, 'new'],
  [['reset after the delete', 3], 'write', 'restored', 3, 'old', /ECONNRESET/],
  [['reset after the delete', 99], 'write', 'failed', 3, 'none', notRestored],
  [['reset after the write', 1], 'write', 'stored', 1, 'new'],
  [['hangs after the delete', 1], 'write', 'stored', 2, 'new'],
  [['hangs after the delete', 3], 'write', 'restored', 3, 'old', /did not answer within 700 ms/],
  [['refused 400', 99], 'write', 'restored', 1, 'old', /answered 400: Not a valid json/],
  [['refused 400 after the delete', 1], 'write', 'restored', 1, 'old', /answered 400: no/],
  [['broken JSON 500', 1], 'write', 'stored', 2, 'new'],
  [['broken JSON 500', 3], 'write', 'restored', 3, 'old', /answered 500: Get edge data failed near " MATCH"/],
  [['redirect', 99], 'write', 'restored', 1, 'old', /answered 301, but redirects are not followed/],
  [['null arrays', 1], 'read back', 'stored', 2, 'new'],
  [['null arrays', 3], 'read back', 'restored', 3, 'old', lost],
  [['broken JSON 500', 1], 'read back', 'stored', 1, 'new'],
  [['reset before the delete', 1], 'read back', 'stored', 2, 'new'],
  [['hangs before the delete', 1], 'read back', 'stored', 2, 'new'],
  [['a page with 200', 1], 'read back', 'stored', 2, 'new'],
  [['a page with 404', 1], 'read back', 'restored', 1, 'old', /answered 404/],
  [['broken JSON 500', 999], 'read back', 'failed', 3, 'new', notRestored],
]

for (const [[lie, times], on, state, attempts, holds, reason] of table) {
  t.test(`${lie} on ${on}, ${times} x: ${state} in ${attempts}, holds ${holds}`, async (t) => {
    const { provider, sink } = await setUp(t, lie.startsWith('hangs') ? { timeoutMs: 700 } : {})
    await sink.replace(oldGraph, never)
    if (on === 'write') provider.lieOnWrite([lie, times])
    else provider.onceOnWrite(() => provider.lieOnRead([lie, times]))
    const report = await sink.replace(newGraph, never)
    t.match(report, { state, attempts, verified: state !== 'failed', isolatedNodes: 0, warnings: [] })
    if (reason) t.match(report.reason, reason)
    else t.equal(report.reason, undefined)
    t.same(provider.held('micro'), holdings[holds])
  })
}

t.test(
  'stores the first graph after a restart of Redis, because reads use up broken connections',
  async (t) => {
    const { provider, sink } = await setUp(t)
    provider.staleConnections = 10
    t.match(await sink.replace(oldGraph, never), { state: 'stored', attempts: 1 })
    provider.staleConnections = 10
    t.match(await sink.replace(newGraph, never), { state: 'stored', attempts: 1 })
    t.same(provider.held('micro'), holdings.new)
    provider.onceOnWrite(() => {
      provider.staleConnections = 10
    })
    t.match(
      await sink.replace(oldGraph, never),
      { state: 'stored', attempts: 2 },
      'restarted just before the write',
    )
    t.same(provider.held('micro'), holdings.old)
  },
)

t.test('reports what the provider holds, for any sequence of lies', async (t) => {
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
    { numRuns: 40 },
  )
})

t.test('restores the graph that the provider held before the first write', async (t) => {
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

t.test('does not take a refused graph for stored when the old one has the same numbers', async (t) => {
  const { provider, sink } = await setUp(t)
  await sink.replace(oldGraph, never)
  provider.lieOnWrite('refused 400')
  const renamed = graphDocument('micro', { calls: { 'a -> b': 1 }, titles: { a: 'renamed' } })
  t.match(await sink.replace(renamed, never), { state: 'restored', attempts: 1, reason: /answered 400/ })
  t.match(provider.node('micro', 'a'), { title: 'a' })
})

t.test('deletes a partial graph if there was none before', async (t) => {
  const { provider, sink } = await setUp(t)
  provider.lieOnWrite(['half of the edges', 3])
  t.match(await sink.replace(newGraph, never), { state: 'restored', verified: true, attempts: 3 })
  t.equal(provider.held('micro'), null)
})

t.test('keeps the last good graph when clearing fails, and reports it', async (t) => {
  const { provider, sink } = await setUp(t)
  await sink.replace(oldGraph, never)
  provider.lieOnWrite(['stale connection', 1])
  t.match(await sink.replace(graphDocument('micro', {}), never), { state: 'cleared', attempts: 2 })
  await sink.replace(oldGraph, never)
  provider.lieOnWrite(['stale connection', 99])
  t.match(await sink.replace(graphDocument('micro', {}), never), {
    state: 'restored',
    reason: /accepted the deletion but still holds 2 nodes and 1 edges/,
  })
  t.same(provider.held('micro'), holdings.old)
})

t.test('does not write to a provider that cannot be read', async (t) => {
  const { provider, sink, log } = await setUp(t)
  provider.lieOnRead(['a page with 200', 99])
  const unread = await sink.replace(newGraph, never)
  t.match(unread, {
    state: 'failed',
    verified: false,
    attempts: 0,
    reason: /without nodes and edges; nothing was written$/,
  })
  t.equal(provider.held('micro'), null)
  t.equal(log.filter((line) => line.includes('retrying')).length, 2)
  await provider.close()
  const refused = await sink.replace(newGraph, never)
  t.match(refused, { state: 'failed', attempts: 0, reason: /could not be reached \(ECONN[A-Z]+\); nothing/ })
})

t.test('completes a graph when the signal aborts during a write, and reports its state', async (t) => {
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
    provider.onceOnWrite(() => caller.abort(new Error('caller has gone')))
    const { state, verified } = await sink.replace(newGraph, caller.signal)
    t.same([state, verified], [holds === 'new' ? 'stored' : 'restored', true])
    t.same(provider.held('micro'), holdings[holds], `${lie}`)
    t.equal(log.length, lie ? 1 : 0, 'a graph that was not stored is logged')
  }
})

t.test('changes nothing when the signal aborts before the first write', async (t) => {
  const { provider, sink } = await setUp(t)
  await sink.replace(oldGraph, never)
  const caller = new AbortController()
  provider.onceOnRead(() => caller.abort(new Error('caller has gone')))
  const writes = provider.requests.filter((line) => line.startsWith('POST')).length
  await t.rejects(sink.replace(newGraph, caller.signal), { message: 'caller has gone' })
  t.equal(provider.requests.filter((line) => line.startsWith('POST')).length, writes)
  t.same(provider.held('micro'), holdings.old)
})

t.test('restores only graphs that the provider has lost', async (t) => {
  const { provider, sink, log } = await setUp(t)
  const written = () => provider.requests.filter((line) => line.startsWith('POST')).length
  await sink.restore?.(oldGraph, never)
  t.same([written(), provider.held('micro')], [1, holdings.old])
  t.match(log.splice(0), [/"graph":"micro".*had lost the graph, which is now restored/])
  await sink.restore?.(oldGraph, never)
  t.same([written(), log.splice(0)], [1, []], 'it is there')
  await sink.restore?.(newGraph, never)
  t.same([written(), provider.held('micro')], [1, holdings.old], 'another one may be that of another writer')
  t.match(log.splice(0), [/holds a graph that differs from the last one here/])
  provider.seed('micro', [{ id: 'a' }], [])
  provider.lieOnWrite(['deleted, then 503', 99])
  await sink.restore?.(oldGraph, never)
  t.match(log.at(-1), /had lost the graph, and did not store it again/)
  await provider.close()
  await sink.restore?.(oldGraph, never)
  t.match(log.at(-1), /could not be reached.*could not be checked for the graph/)
  await t.rejects(async () => sink.restore?.(oldGraph, AbortSignal.abort(new Error('the end'))), {
    message: 'the end',
  })
})
