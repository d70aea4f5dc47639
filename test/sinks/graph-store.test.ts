import { join } from 'node:path'
import t from 'tap'
import { TtaError } from '../../src/base/errors.ts'
import type { BuildHistory } from '../../src/model/build-history.ts'
import type { GraphDocument } from '../../src/model/graph-document.ts'
import { createLogger } from '../../src/operations/logger.ts'
import { createGraphStore } from '../../src/sinks/graph-store.ts'
import { createBuildHistory } from '../../src/sinks/history/build-history.ts'
import { HistoryFile } from '../../src/sinks/history/history-file.ts'
import { graphDocument } from '../support/graph-documents.ts'
import { sinkContract } from './contract.ts'

const never = new AbortController().signal

sinkContract(t, 'embedded store', async () => {
  const store = createGraphStore()
  return {
    sink: store,
    read: async (name) => callsOf(store.get(name)),
    end: async () => {},
  }
})

/** Reads what another process would find. */
sinkContract(t, 'embedded store with a history', async () => {
  const limits = { maxBuilds: 3, maxAgeMs: 1e15 }
  const path = join(t.testdir({}), 'history.db')
  const store = createGraphStore({
    history: createBuildHistory({ path, ...limits, log: createLogger('info') }),
  })
  return {
    sink: store,
    async read(name) {
      const file = new HistoryFile({ path, ...limits, busyTimeoutMs: 1000 })
      const documents = file.last().documents.map((text) => JSON.parse(text) as GraphDocument)
      file.close()
      return callsOf(documents.find((document) => document.name === name))
    },
    end: () => store.close(),
  }
})

function callsOf(document: GraphDocument | undefined): Record<string, number> | null {
  const edges = document?.edges ?? []
  if (edges.length === 0) return null
  return Object.fromEntries(edges.map(({ source, target, count }) => [`${source} -> ${target}`, count]))
}

/** A history of one document, which can be told to fail. */
function historyOf(kept: GraphDocument) {
  const failure = new TtaError('TTA_HISTORY_UNAVAILABLE', 'The history is not available: the disk is full')
  const recorded: string[] = []
  const told = { fails: false, startedOver: false }
  const history: BuildHistory = {
    async record({ name }) {
      if (told.fails) throw failure
      recorded.push(name)
      const { startedOver } = told
      told.startedOver = false
      return { startedOver }
    },
    async last() {
      if (told.fails) throw failure
      return [kept]
    },
    async at(graph, atMs) {
      return graph === kept.name && atMs >= Date.parse(kept.builtAt) ? kept : undefined
    },
    async list() {
      return []
    },
    async remove() {
      if (told.fails) throw failure
      return false
    },
    async check() {},
    async close() {},
  }
  return Object.assign(told, history, { recorded })
}

const builtAt = (document: GraphDocument, at: string) => ({ ...document, builtAt: at })

t.test('loads the last graphs of an earlier process, but keeps newer ones', async (t) => {
  const kept = builtAt(graphDocument('micro', { calls: { 'a -> b': 1 } }), '2026-05-01T12:00:00.000Z')
  const store = createGraphStore({ history: historyOf(kept) })
  await store.load()
  t.equal(store.get('micro'), kept)

  const other = createGraphStore({ history: historyOf(kept) })
  const newer = graphDocument('micro', { calls: { 'a -> b': 2 } })
  await other.replace(newer, never)
  await other.load()
  t.equal(other.get('micro'), newer)
})

t.test('starts before a slow history is loaded', async (t) => {
  const kept = graphDocument('micro', { calls: { 'a -> b': 1 } })
  let answer = () => {}
  const answered = new Promise<void>((resolve) => {
    answer = resolve
  })
  const history = {
    ...historyOf(kept),
    last: async () => {
      await answered
      return [kept]
    },
  }
  const store = createGraphStore({ history })
  await store.load(1)
  t.equal(store.get('micro'), undefined)
  answer()
  await new Promise(setImmediate)
  t.equal(store.get('micro'), kept, 'the graph is added later')
})

t.test('finds the graph of a time, in memory or in the history', async (t) => {
  const kept = builtAt(graphDocument('micro', {}), '2026-05-01T12:00:00.000Z')
  const last = builtAt(graphDocument('micro', {}), '2026-05-01T13:00:00.000Z')
  for (const history of [historyOf(kept), undefined]) {
    const store = createGraphStore({ history })
    await store.replace(last, never)
    t.equal(await store.at('micro', Date.parse('2026-05-01T13:00:00Z')), last)
    t.equal(await store.at('micro', Date.parse('2026-05-01T12:59:59Z')), history ? kept : undefined)
    t.equal(await store.at('micro', Date.parse('2026-05-01T11:59:59Z')), undefined)
    t.equal(await store.at('other', Date.parse('2026-05-01T13:00:00Z')), undefined)
  }
})

t.test('lists only the last build without a history', async (t) => {
  const store = createGraphStore()
  const last = builtAt(graphDocument('micro', { calls: { 'a -> b': 1 } }), '2026-05-01T13:00:00.000Z')
  await store.replace(last, never)
  const entry = {
    at: last.builtAt,
    status: 'complete',
    nodes: 2,
    edges: 1,
    bytes: JSON.stringify(last).length,
  }
  t.match(await store.builds('micro', { limit: 5 }), [entry])
  t.same(await store.builds('micro', { limit: 5, beforeMs: Date.parse(last.builtAt) }), [])
  t.same(await store.builds('other', { limit: 5 }), [])
})

t.test('stores a graph that the history cannot keep, with a warning', async (t) => {
  const history = historyOf(graphDocument('micro', {}))
  const store = createGraphStore({ history })
  history.fails = true
  await store.load()
  t.same(store.list(), [])
  const document = graphDocument('micro', { calls: { 'a -> b': 1 } })
  const report = await store.replace(document, never)
  t.match(report, {
    state: 'stored',
    warnings: [/the disk is full; this graph will be lost at the next restart\.$/],
  })
  t.equal(store.get('micro'), document)
  await t.rejects(store.remove('micro', never), { code: 'TTA_HISTORY_UNAVAILABLE' })
  t.equal(store.get('micro'), document, 'it would return after a restart')
})

t.test('records every graph in a new history file', async (t) => {
  const history = historyOf(graphDocument('micro', {}))
  const store = createGraphStore({ history })
  for (const name of ['one', 'two', 'three']) await store.replace(graphDocument(name, {}), never)
  history.startedOver = true
  await store.replace(graphDocument('two', {}), never)
  t.same(history.recorded, ['one', 'two', 'three', 'two', 'one', 'three'])
})

t.test('returns the same document that was stored', async (t) => {
  const store = createGraphStore()
  const document = graphDocument('micro', { calls: { 'a -> b': 1 } })
  await store.replace(document, never)
  t.equal(store.get('micro'), document)
  t.equal(store.get('other'), undefined)
})

t.test('lists graphs by name', async (t) => {
  const store = createGraphStore()
  for (const name of ['shop', 'a_b', 'micro'])
    await store.replace(graphDocument(name, { nodes: ['x'] }), never)
  t.same(
    store.list().map(({ name }) => name),
    ['a_b', 'micro', 'shop'],
  )
})

t.test('keeps a cleared graph, empty, with its summary', async (t) => {
  const store = createGraphStore()
  await store.replace(graphDocument('micro', { calls: { 'a -> b': 1 } }), never)
  await store.replace(graphDocument('micro', {}), never)
  t.match(store.get('micro'), { nodes: [], edges: [], summary: { status: 'empty' } })
  await store.remove('micro', never)
  t.equal(store.get('micro'), undefined)
})
